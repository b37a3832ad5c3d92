//! What TensorBoard's Embedding Projector loads: the points themselves, which it makes maps of in the browser.

use anyhow::Result;
use modiste_report::tiles;
use modiste_tensorboard::projector::{CONFIG, LARGEST_SPRITE, METADATA, SPRITE, TENSORS, config, metadata, tensors};

use super::points::Points;

/// All files; only maps of images have the last.
pub const FILES: [&str; 4] = [CONFIG, TENSORS, METADATA, SPRITE];

/// Whether these points have images that fit on one picture.
pub fn has_sprite(points: &Points) -> bool {
    points.images.as_ref().is_some_and(|data| {
        let (width, height) = tiles::size(data.train.shape(), points.indices.len());
        !data.train.shape().is_empty() && width.max(height) <= LARGEST_SPRITE
    })
}

/// The files of points that are called `name`.
pub fn files(points: &Points, name: &str) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let class_name = |class: u8| match points.class_names.get(usize::from(class)) {
        Some(name) if !name.is_empty() => name.clone(),
        _ => class.to_string(),
    };
    let column =
        |classes: Option<&Vec<u8>>, point: usize| classes.map_or_else(String::new, |all| class_name(all[point]));
    let rows = points.indices.iter().enumerate().map(|(point, index)| {
        [index.to_string(), column(points.labels.as_ref(), point), column(points.predicted.as_ref(), point)]
    });
    let shape = points.images.as_ref().filter(|_| has_sprite(points)).map(|data| data.train.shape());
    let text = config(name, shape.map(|shape| (shape.width, shape.height)));
    let mut files = vec![
        (CONFIG, text.into_bytes()),
        (TENSORS, tensors(points.rows()?).into_bytes()),
        (METADATA, metadata(["index", "label", "predicted"], rows).into_bytes()),
    ];
    if let Some((shape, pixels)) = shape.zip(points.pixels()) {
        files.push((SPRITE, tiles::draw(shape, &pixels).to_png()?));
    }
    Ok(files)
}
