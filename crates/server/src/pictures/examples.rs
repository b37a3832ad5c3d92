//! Pictures to try a model with.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use modiste_data::ImageShape;
use serde::Serialize;

/// An image of a class.
pub struct Example {
    /// What it shows.
    pub class: String,
    /// `[height, width, channels]`, of one or three channels.
    pub image: Vec<u8>,
    /// Of the image.
    pub shape: ImageShape,
}

/// Finds examples for a model when somebody wants to see some.
pub type Examples = Box<dyn Fn() -> Vec<Example> + Send + Sync>;

/// As a page shows it.
#[derive(Clone, Serialize)]
pub(crate) struct Shown {
    class: String,
    /// A PNG, as an address of itself.
    picture: String,
}

/// Those of a model, found once.
pub(crate) struct Found {
    find: Examples,
    found: OnceLock<Vec<Shown>>,
}

impl Found {
    pub(crate) fn new(find: Examples) -> Self {
        Self { find, found: OnceLock::new() }
    }

    /// All of them; the first time that takes a while.
    pub(crate) fn all(&self) -> &[Shown] {
        self.found.get_or_init(|| {
            let shown = |example: Example| {
                let picture = data_address(&example.image, example.shape)?;
                Some(Shown { class: example.class, picture })
            };
            (self.find)().into_iter().filter_map(shown).collect()
        })
    }
}

/// An image `[height, width, channels]` as the address of a PNG that holds it; none for other channels than one or three.
pub(crate) fn data_address(image: &[u8], shape: ImageShape) -> Option<String> {
    let colour = match shape.channels {
        1 => png::ColorType::Grayscale,
        3 => png::ColorType::Rgb,
        _ => return None,
    };
    let mut bytes = Vec::new();
    let mut encoder =
        png::Encoder::new(&mut bytes, u32::try_from(shape.width).ok()?, u32::try_from(shape.height).ok()?);
    encoder.set_color(colour);
    encoder.write_header().ok()?.write_image_data(image).ok()?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(bytes)))
}
