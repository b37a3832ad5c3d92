//! `--explain` and `--show-prepared`: a drawing for each picture.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use modiste_data::{Background, Fit, ImageShape, Preparation};
use modiste_inference::Predictor;
use modiste_report::heat::Heat;
use modiste_report::picture::Picture;
use modiste_report::seen::Seen;
use modiste_sources::prepare_picture;

use super::new_file;
use modiste_inference::Answer;

/// How an original is drawn, whatever its size.
const ORIGINAL: Preparation =
    Preparation { height: 320, width: 320, channels: 3, fit: Fit::Pad, background: Background::White };

/// A folder of drawings. What is there stays.
pub struct Drawings {
    folder: PathBuf,
}

impl Drawings {
    /// In this folder, which is made with the first one.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Explains why an image `[height, width, channels]` has this answer; `names` has the classes.
    pub fn explain(&self, predictor: &mut Predictor, image: &[u8], answer: &Answer, names: &[String]) -> Result<()> {
        let occlusion = predictor.occlusion(image)?;
        // By its views the network may have come to another class than by the one that is looked at here.
        let class = answer.top.first().map_or(occlusion.class, |likely| likely.index);
        let mut title = format!("{}, {:.3}", names[class], answer.probability);
        if class != occlusion.class {
            title += &format!(" (in this view {})", names[occlusion.class]);
        }
        let heat = Heat {
            shape: predictor.card().image_shape,
            image,
            importance: &occlusion.importance,
            title: &title,
            subtitle: &answer.input,
        };
        self.write(&heat.draw(), &answer.input)
    }

    /// Shows what was made of a picture: `bytes` are its file, `image` `[height, width, channels]` what the network sees.
    pub fn show(&self, bytes: &[u8], image: &[u8], shape: ImageShape, input: &str, prepared: &str) -> Result<()> {
        let original = prepare_picture(bytes, &ORIGINAL).map_err(anyhow::Error::msg)?;
        let Preparation { height, width, channels, .. } = ORIGINAL;
        let original_shape = ImageShape { height, width, channels };
        let seen =
            Seen { original: (original_shape, &original), image: (shape, image), title: input, subtitle: prepared };
        self.write(&seen.draw(), input)
    }

    fn write(&self, picture: &Picture, input: &str) -> Result<()> {
        let cannot = || format!("cannot write the drawing of {input} in {}", self.folder.display());
        let bytes = picture.to_png().with_context(cannot)?;
        let mut file = new_file::create(&self.folder, &file_name(input)).with_context(cannot)?;
        file.write_all(&bytes).with_context(cannot)
    }
}

/// `shoe.png` for `photographs/shoe.jpg`.
fn file_name(input: &str) -> OsString {
    let stem = Path::new(input).file_stem().filter(|stem| *stem != "-");
    let mut name = stem.map_or_else(|| OsString::from("standard-input"), ToOwned::to_owned);
    name.push(".png");
    name
}
