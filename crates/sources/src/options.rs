//! How images that are not of one size already are made so, as `--size`, `--fit`, `--background`, `--shape` and `--skip-bad` say.

use modiste_data::{Background, Fit, ImageShape, Preparation};

/// What is said of how images are read; what is not said follows from the images.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// Height and width of every image. By default their own where all agree and are at most 64, else 28.
    pub size: Option<(usize, usize)>,
    /// Values per pixel. By default 1 where all pictures are grey, else 3.
    pub channels: Option<usize>,
    /// What to do about other proportions.
    pub fit: Fit,
    /// What lies behind transparent pixels. By default white, and black where most training images are bright on black.
    pub background: Option<Background>,
    /// How the values of a row of a table lie, where their number does not say it.
    pub shape: Option<ImageShape>,
    /// Goes on without files that are damaged.
    pub skip_bad: bool,
    /// Neither reads nor writes the cache of decoded pictures.
    pub no_cache: bool,
}

impl LoadOptions {
    /// What reads images as they were read before, where these came of them.
    pub fn again(preparation: Option<Preparation>, shape: Option<ImageShape>, skip_bad: bool) -> Self {
        let unprepared = Self { shape, skip_bad, ..Self::default() };
        preparation.map_or(unprepared.clone(), |Preparation { height, width, channels, fit, background }| Self {
            size: Some((height, width)),
            channels: Some(channels),
            fit,
            background: Some(background),
            ..unprepared
        })
    }
}
