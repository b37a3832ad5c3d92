//! What is worked on while time is taken.

use anyhow::Result;
use modiste_data::ImageShape;
use modiste_network::{Batch, Recipe};

use crate::cli::BenchArgs;
use crate::commands::setup::{USUAL_CLASSES, USUAL_INPUT, ensure_free};
use crate::output::{self, download_display};

/// One batch to work on again and again.
pub struct BenchImages {
    /// The data set, or `random`.
    pub name: String,
    pub shape: ImageShape,
    pub classes: usize,
    /// Scaled, `[batch, height, width, channels]`
    pub pixels: Vec<f32>,
    /// `[batch]`
    pub labels: Vec<u8>,
}

impl BenchImages {
    /// The first images of `--data`, from the start again where there are fewer than a batch; else random ones.
    pub fn load(arguments: &BenchArgs, recipe: &Recipe, batch: usize) -> Result<Self> {
        let scaled = |pixel: u8| recipe.data.scaling.scaled(pixel);
        let ensure_room = |shape: ImageShape| {
            let needed = batch as u64 * (shape.len() * size_of::<f32>()) as u64;
            ensure_free(needed, &format!("a batch of {} needs", output::count(batch, "image")), "make it smaller")
        };
        if arguments.data.data.is_none() {
            let (shape, classes) = (USUAL_INPUT, USUAL_CLASSES);
            ensure_room(shape)?;
            let pixels = random_bytes().take(batch * shape.len()).map(scaled).collect();
            let labels = (0..batch).map(|index| (index % classes) as u8).collect();
            return Ok(Self { name: "random".to_owned(), shape, classes, pixels, labels });
        }
        let data = download_display::load(&arguments.data.source()?, arguments.data.place(), arguments.output.quiet)?;
        let train = &data.train;
        ensure_room(train.shape())?;
        let pixels = train.pixels().iter().cycle().take(batch * train.shape().len()).map(|&pixel| scaled(pixel));
        let labels = train.labels().iter().cycle().take(batch).copied().collect();
        let (shape, classes) = (train.shape(), data.class_names.len());
        Ok(Self { name: data.name, shape, classes, pixels: pixels.collect(), labels })
    }

    /// As an executor takes them.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(&self.pixels, &self.labels)
    }
}

/// The same bytes on every machine (xorshift64, Marsaglia, 2003).
fn random_bytes() -> impl Iterator<Item = u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
}
