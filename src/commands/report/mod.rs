//! `report`: a page about a run, or about several, and its figures.

mod inside;
mod one;
mod recipe_lines;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use modiste_data::Dataset;
use modiste_executors::Device;
use modiste_files::atomic;
use modiste_report::figures::Figure;
use modiste_report::run;
use modiste_training::RunPaths;
use serde::Serialize;

use self::one::{DataLook, Images};
use super::setup::{Outcome, device};
use super::trained::Trained;
use crate::cli::ReportArgs;
use crate::output;

/// Up to so many bytes of pixels `train` has a look at all images: they take a fraction of a second.
const QUICKLY_CHECKED: usize = 4_000_000;

/// `--json`
#[derive(Serialize)]
struct Document {
    /// The page.
    report: String,
    bytes: u64,
    /// The runs that it is about.
    runs: Vec<String>,
    /// Files of figures.
    figures: Vec<String>,
    /// What it should show and does not, and why.
    notices: Vec<String>,
}

/// Writes the page, and the figures where they are asked for.
pub fn run(arguments: &ReportArgs) -> Result<Outcome> {
    let device = device(&arguments.compute)?;
    let trained = Trained::find(arguments.runs.first().map(PathBuf::as_path))?;
    let images = Images::Found { options: &arguments.data, quiet: arguments.output.quiet };
    let Some(page) = one::page(&trained, images, DataLook::Full, &device, &AtomicBool::new(false))? else {
        return Ok(Outcome::Interrupted);
    };
    for notice in &page.notices {
        output::note(&format!("note: {notice}"));
    }
    let path = arguments.out.clone().unwrap_or_else(|| RunPaths::new(&trained.path).report());
    let bytes = write_page(&path, |out| run::page::write(&page, out))?;
    let figures = match &arguments.figures {
        Some(directory) => write_figures(directory, &page.figures())?,
        None => Vec::new(),
    };
    let document = Document {
        report: path.display().to_string(),
        bytes,
        runs: vec![trained.path.display().to_string()],
        figures: figures.iter().map(|path| path.display().to_string()).collect(),
        notices: page.notices,
    };
    tell(&document, arguments)?;
    Ok(Outcome::Done)
}

/// The report of a run that has just been trained, beside its result; `None` if `stop` became true before the end.
pub fn beside(directory: &Path, dataset: &Dataset, device: &Device, stop: &AtomicBool) -> Result<Option<PathBuf>> {
    let trained = Trained::find(Some(directory))?;
    let size: usize = dataset.parts().map(|images| images.pixels().len()).sum();
    let look = if size <= QUICKLY_CHECKED { DataLook::Full } else { DataLook::None };
    let Some(page) = one::page(&trained, Images::Loaded(dataset), look, device, stop)? else { return Ok(None) };
    let path = RunPaths::new(directory).report();
    write_page(&path, |out| run::page::write(&page, out))?;
    Ok(Some(path))
}

/// Writes a page and says how many bytes it has.
fn write_page(path: &Path, write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> Result<u64> {
    if path.is_dir() {
        bail!("{} is a directory: name the page to write, such as report.html in it", path.display());
    }
    atomic::write_unsynced(path, write)?;
    let file = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(file.len())
}

/// Each figure as SVG and as PNG.
fn write_figures(directory: &Path, figures: &[Figure]) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make the directory {}: name another one by --figures", directory.display()))?;
    let mut paths = Vec::new();
    for figure in figures {
        let [svg, png] = ["svg", "png"].map(|ending| directory.join(format!("{}.{ending}", figure.name)));
        let text = figure.to_svg()?;
        atomic::write_unsynced(&svg, |out| out.write_all(text.as_bytes()))?;
        let bytes = figure.to_png()?;
        atomic::write_unsynced(&png, |out| out.write_all(&bytes))?;
        paths.extend([svg, png]);
    }
    Ok(paths)
}

fn tell(document: &Document, arguments: &ReportArgs) -> Result<()> {
    if arguments.output.json {
        return output::print_json(document);
    }
    output::print(&document.report)?;
    match &arguments.figures {
        Some(directory) if !arguments.output.quiet => {
            let count = output::count(document.figures.len(), "file");
            output::print(&format!("{count} of figures in {}", directory.display()))
        }
        _ => Ok(()),
    }
}
