//! `report`: a page about a run, or about several, and its figures.

mod inside;
mod one;
mod recipe_lines;
mod several;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use modiste_data::Dataset;
use modiste_executors::Device;
use modiste_files::atomic;
use modiste_inference::evaluator::Classified;
use modiste_report::figures::Figure;
use modiste_report::{run, runs};
use modiste_training::RunPaths;
use serde::Serialize;

use self::one::{DataLook, Images};
use super::compare;
use super::fonts::{note_undrawn, use_font};
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
    use_font(&arguments.font)?;
    let device = device(&arguments.compute)?;
    let is_of_seeds = |named: &PathBuf| compare::directories(named) != [named.clone()];
    let written = match &arguments.runs[..] {
        [named] if !is_of_seeds(named) => of_one(Some(named), arguments, &device)?,
        [] => of_one(None, arguments, &device)?,
        several => Some(of_several(several, arguments, &device)?),
    };
    match written {
        Some(document) => tell(&document, arguments).map(|()| Outcome::Done),
        None => Ok(Outcome::Interrupted),
    }
}

fn of_one(named: Option<&Path>, arguments: &ReportArgs, device: &Device) -> Result<Option<Document>> {
    let trained = Trained::find(named)?;
    let images = Images::Found { options: &arguments.data, quiet: arguments.output.quiet };
    let Some(page) = one::page(&trained, images, DataLook::Full, device, &AtomicBool::new(false))? else {
        return Ok(None);
    };
    if arguments.figures.is_some() {
        note_undrawn(&page.classes, &arguments.font);
    }
    let path = arguments.out.clone().unwrap_or_else(|| RunPaths::new(&trained.path).report());
    let bytes = write_page(&path, |out| run::page::write(&page, out))?;
    let figures = figures(arguments, || page.figures())?;
    Ok(Some(Document::new(&path, bytes, &[trained.path], &figures, page.notices)))
}

fn of_several(named: &[PathBuf], arguments: &ReportArgs, device: &Device) -> Result<Document> {
    let (page, directories) = several::page(named, &arguments.data, device, arguments.output.quiet)?;
    let path = arguments.out.clone().unwrap_or_else(|| "report.html".into());
    let bytes = write_page(&path, |out| runs::page::write(&page, out))?;
    let figures = figures(arguments, || page.figures())?;
    Ok(Document::new(&path, bytes, &directories, &figures, page.notices))
}

impl Document {
    fn new(path: &Path, bytes: u64, runs: &[PathBuf], figures: &[PathBuf], notices: Vec<String>) -> Self {
        let texts = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
        let report = path.display().to_string();
        Self { report, bytes, runs: texts(runs), figures: texts(figures), notices }
    }
}

/// A page that was written.
pub struct Written {
    pub path: PathBuf,
    /// The pairs of classes that are hardest to tell apart, and how many images of either were taken for the other.
    pub hardest_pairs: Vec<(String, String, u64)>,
}

/// The report of a run that has just been trained, beside its result; `None` if `stop` became true before the end.
/// `answers` is what the network has made of the test images, if that is known.
pub fn beside(
    directory: &Path,
    dataset: &Dataset,
    answers: Option<&Classified>,
    device: &Device,
    stop: &AtomicBool,
) -> Result<Option<Written>> {
    let trained = Trained::find(Some(directory))?;
    let size: usize = dataset.parts().map(|images| images.pixels().len()).sum();
    let look = if size <= QUICKLY_CHECKED { DataLook::Full } else { DataLook::None };
    let Some(page) = one::page(&trained, Images::Loaded { dataset, answers }, look, device, stop)? else {
        return Ok(None);
    };
    let path = RunPaths::new(directory).report();
    write_page(&path, |out| run::page::write(&page, out))?;
    let pairs = page.test.iter().flat_map(run::Test::hardest_pairs);
    let named =
        |(one, other, count): (usize, usize, u64)| (page.classes[one].clone(), page.classes[other].clone(), count);
    Ok(Some(Written { path, hardest_pairs: pairs.map(named).collect() }))
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

/// The files of the figures, where they are asked for.
fn figures(arguments: &ReportArgs, drawn: impl FnOnce() -> Vec<Figure>) -> Result<Vec<PathBuf>> {
    arguments.figures.as_deref().map_or(Ok(Vec::new()), |directory| write_figures(directory, &drawn()))
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
    for notice in &document.notices {
        output::note(&format!("note: {notice}"));
    }
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
