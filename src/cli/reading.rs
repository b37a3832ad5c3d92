//! How images of one's own are read, as it can be typed.

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use modiste_data::{Background, Fit, ImageShape};
use modiste_sources::{LoadOptions, Source};

/// Larger images are beyond what networks here are for.
const LARGEST_SIDE: usize = 512;

/// How images of your own are read.
#[derive(Clone, Debug, Args)]
pub struct ReadingOptions {
    /// Size of every image [default: their own where all agree and are at most 64x64, else 28]
    #[arg(long, value_name = "N|HxW", value_parser = size, help_heading = "Your own images")]
    pub size: Option<(usize, usize)>,
    /// What to do about pictures of other proportions [default: pad]
    #[arg(long, value_enum, help_heading = "Your own images")]
    pub fit: Option<FitKind>,
    /// What lies behind transparent pixels [default: white, or black where most pictures are bright on black]
    #[arg(long, value_enum, help_heading = "Your own images")]
    pub background: Option<BackgroundKind>,
    /// How the values of an image lie in a row of a table, as in 32x32x3 [default: a square, grey or in colour]
    #[arg(long, value_name = "HxW[xC]", value_parser = shape, help_heading = "Your own images")]
    pub shape: Option<ImageShape>,
    /// Go on without pictures that are damaged
    #[arg(long, help_heading = "Your own images")]
    pub skip_bad: bool,
    /// Decode all pictures, and keep none of them for the next time
    #[arg(long, help_heading = "Your own images")]
    pub no_cache: bool,
}

/// What to do about pictures of other proportions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FitKind {
    /// Keep all, and fill the rest with the border's colour
    Pad,
    /// Fill the size, and cut off what lies beyond
    Crop,
    /// Change the proportions
    Stretch,
}

/// What lies behind transparent pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackgroundKind {
    /// Value 0
    Black,
    /// Value 255
    White,
}

impl ReadingOptions {
    /// With what is not said taken from `others`.
    fn or(&self, others: &LoadOptions) -> LoadOptions {
        LoadOptions {
            size: self.size.or(others.size),
            channels: others.channels,
            fit: self.fit.map_or(others.fit, |fit| match fit {
                FitKind::Pad => Fit::Pad,
                FitKind::Crop => Fit::Crop,
                FitKind::Stretch => Fit::Stretch,
            }),
            background: self.background.map_or(others.background, |background| match background {
                BackgroundKind::Black => Some(Background::Black),
                BackgroundKind::White => Some(Background::White),
            }),
            shape: self.shape.or(others.shape),
            skip_bad: self.skip_bad || others.skip_bad,
            no_cache: self.no_cache || others.no_cache,
        }
    }

    /// The first flag of these that was typed.
    pub fn first_given(&self) -> Option<&'static str> {
        let Self { size, fit, background, shape, skip_bad, no_cache } = self;
        let given = [
            ("--size", size.is_some()),
            ("--fit", fit.is_some()),
            ("--background", background.is_some()),
            ("--shape", shape.is_some()),
            ("--skip-bad", *skip_bad),
            ("--no-cache", *no_cache),
        ];
        given.into_iter().find(|(_, is_given)| *is_given).map(|(flag, _)| flag)
    }

    /// What `words` name, read in this way; what is not said is as in `others`. What is no one's own is read as it is.
    pub fn source(&self, words: &str, others: &LoadOptions) -> Result<Source> {
        let Ok(source) = words.parse::<Source>();
        match (&source, self.first_given()) {
            (Source::Own(..), _) | (_, None) => Ok(source.with_options(&self.or(others))),
            (_, Some(flag)) => {
                bail!("{flag} says how your own images are read, and {source} is read as it is: leave {flag} out")
            }
        }
    }
}

/// Height and width: `28`, or `28x32`.
fn size(text: &str) -> Result<(usize, usize), String> {
    match sides(text).as_deref() {
        Some(&[side]) => Ok((side, side)),
        Some(&[height, width]) => Ok((height, width)),
        _ => Err(format!("one side, or height and width, from 1 to {LARGEST_SIDE}, as in 28 or 28x32")),
    }
}

/// Height, width and, if not 1, channels: `28x28`, or `32x32x3`.
fn shape(text: &str) -> Result<ImageShape, String> {
    match sides(text).as_deref() {
        Some(&[height, width]) => Ok(ImageShape { height, width, channels: 1 }),
        Some(&[height, width, channels @ (1 | 3)]) => Ok(ImageShape { height, width, channels }),
        _ => Err("height, width and, if not grey, 3 channels, as in 28x28 or 32x32x3".to_owned()),
    }
}

fn sides(text: &str) -> Option<Vec<usize>> {
    let side = |word: &str| word.parse().ok().filter(|side| (1..=LARGEST_SIDE).contains(side));
    text.split(['x', 'X', '×']).map(side).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_shapes_are_read_and_others_refused() {
        assert_eq!(size("28"), Ok((28, 28)));
        assert_eq!(size("28x32"), Ok((28, 32)));
        assert_eq!(shape("32x30x3"), Ok(ImageShape { height: 32, width: 30, channels: 3 }));
        assert_eq!(shape("8×8"), Ok(ImageShape { height: 8, width: 8, channels: 1 }));
        for wrong in ["", "0", "x", "28x", "-1", "1000", "2x3x4x5", "1.5"] {
            assert!(size(wrong).is_err() && shape(wrong).is_err(), "{wrong}");
        }
        assert!(size("32x32x3").is_err() && shape("28").is_err() && shape("8x8x2").is_err());
    }
}
