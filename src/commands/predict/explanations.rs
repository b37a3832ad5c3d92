//! `--explain`: for each picture, which parts of it decided, as a picture.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use modiste_inference::Predictor;
use modiste_report::heat::Heat;

use super::new_file;
use crate::output::answer::Answer;

/// A folder of explanations.
pub struct Explanations {
    folder: PathBuf,
}

impl Explanations {
    /// In this folder, which is made with the first one.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Explains why an image `[height, width, channels]` has this answer, which `names` has the classes for.
    pub fn add(&self, predictor: &mut Predictor, image: &[u8], answer: &Answer, names: &[String]) -> Result<()> {
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
        let cannot = || format!("cannot write the explanation of {} in {}", answer.input, self.folder.display());
        let picture = heat.draw().to_png().with_context(cannot)?;
        let mut file = new_file::create(&self.folder, &file_name(&answer.input)).with_context(cannot)?;
        file.write_all(&picture).with_context(cannot)
    }
}

/// `shoe.png` for `photographs/shoe.jpg`.
fn file_name(input: &str) -> OsString {
    let stem = Path::new(input).file_stem().filter(|stem| *stem != "-");
    let mut name = stem.map_or_else(|| OsString::from("standard-input"), ToOwned::to_owned);
    name.push(".png");
    name
}
