//! The views of an image, made from it in the graph.

use modiste_data::ImageShape;
use modiste_network::View;

use super::graph::{Graph, integer};

/// Adds what a view makes of scaled images `[batch, channels, height, width]`, where `black` comes in from outside; its values
/// have `prefix` before their names. The shift must be less than both sides.
pub(crate) fn show(
    graph: &mut Graph,
    images: &str,
    view: &View,
    shape: ImageShape,
    black: f32,
    prefix: &str,
) -> String {
    let mut shown = images.to_owned();
    if view.shift != 0 {
        shown = shifted(graph, &shown, view.shift as i64, black, prefix);
    }
    if view.mirrored {
        let columns: Vec<i64> = (0..shape.width as i64).rev().collect();
        let columns = graph.integers("views.columns".to_owned(), &columns);
        shown = graph.node("Gather", format!("{prefix}mirrored"), &[&shown, &columns], vec![integer("axis", 3)]);
    }
    shown
}

/// Cuts off what leaves the image, and puts black on the other side.
fn shifted(graph: &mut Graph, images: &str, shift: i64, black: f32, prefix: &str) -> String {
    let (before, behind) = (shift.max(0), (-shift).max(0));
    let axes = graph.integers("views.axes".to_owned(), &[2, 3]);
    let starts = graph.integers(format!("{prefix}starts"), &[behind, behind]);
    // A negative end counts from the last; without a cut it lies beyond.
    let end = if before == 0 { i64::from(i32::MAX) } else { -before };
    let ends = graph.integers(format!("{prefix}ends"), &[end, end]);
    let cut = graph.node("Slice", format!("{prefix}cut"), &[images, &starts, &ends, &axes], Vec::new());
    let pads = graph.integers(format!("{prefix}pads"), &[0, 0, before, before, 0, 0, behind, behind]);
    let black = graph.number("views.black", black);
    graph.node("Pad", format!("{prefix}shifted"), &[&cut, &pads, &black], Vec::new())
}
