//! `data`: lists, fetches, verifies and shows data sets.

mod check;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use modiste_files::atomic;
use modiste_report::numbers::{counted, grouped};
use modiste_report::snapshot;
use modiste_sources::{DRAWN_GARMENTS, FileReport, KnownSet, RetryPolicy, find_dir, known_set, known_sets};
use serde::Serialize;

use super::fonts::{note_undrawn, use_font};
use super::setup::{Outcome, file_name};
use crate::cli::{DataCommand, DataFetchArgs, DataListArgs, DataShowArgs, DataVerifyArgs, ShownSplit};
use crate::output;
use crate::output::download_display::{self, DownloadDisplay};

/// Does what was asked of the data sets.
pub fn run(command: &DataCommand) -> Result<Outcome> {
    match command {
        DataCommand::List(arguments) => list(arguments),
        DataCommand::Fetch(arguments) => fetch(arguments),
        DataCommand::Verify(arguments) => verify(arguments),
        DataCommand::Show(arguments) => show(arguments),
        DataCommand::Check(arguments) => check::run(arguments),
    }?;
    Ok(Outcome::Done)
}

/// Every known set follows MNIST: 60,000 training and 10,000 test images.
const KNOWN_IMAGES: u64 = 70_000;

/// One set of `data list --json`.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    about: &'static str,
    /// Training and test images together.
    images: u64,
    classes: usize,
    /// Of the download; none for what is built in.
    bytes: u64,
    /// Where its files are or would be.
    directory: Option<String>,
    state: State,
}

/// How much of a set is on this machine, judged by the sizes of its files.
#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    BuiltIn,
    Cached,
    Incomplete,
    Absent,
}

fn list(arguments: &DataListArgs) -> Result<()> {
    let mut sets = Vec::new();
    for set in known_sets() {
        let directory = find_dir(set, arguments.place.data_dir.as_deref())?;
        sets.push(Listed {
            name: set.name,
            about: set.about,
            images: KNOWN_IMAGES,
            classes: set.class_names.len(),
            bytes: set.size(),
            state: state(set, &directory),
            directory: Some(text(&directory)),
        });
    }
    sets.push(Listed {
        name: DRAWN_GARMENTS,
        about: "12,000 garments in ten classes, 28x28 grey, drawn by this program",
        images: 12_000,
        classes: 10,
        bytes: 0,
        directory: None,
        state: State::BuiltIn,
    });
    if arguments.json {
        return output::print_json(&sets);
    }
    let mut lines = vec![format!("{:<15} {:>8} {:>8} {:>9}  where", "name", "images", "classes", "download")];
    for set in &sets {
        let size = if set.bytes == 0 { String::new() } else { format!("{:.1} MB", set.bytes as f64 / 1e6) };
        let place = match (set.state, &set.directory) {
            (State::Cached, Some(directory)) => directory.clone(),
            (State::Incomplete, Some(directory)) => format!("{directory} (incomplete)"),
            (State::BuiltIn, _) => "built in".to_owned(),
            _ => "not fetched yet".to_owned(),
        };
        lines.push(format!("{:<15} {:>8} {:>8} {size:>9}  {place}", set.name, grouped(set.images), set.classes));
    }
    output::print(&lines.join("\n"))
}

fn state(set: &KnownSet, directory: &Path) -> State {
    let here = |name: &str, size| fs::metadata(directory.join(name)).is_ok_and(|meta| meta.len() == size);
    match set.files.iter().filter(|file| here(file.name, file.size)).count() {
        0 => State::Absent,
        count if count == set.files.len() => State::Cached,
        _ => State::Incomplete,
    }
}

/// The sets of these names; [`DRAWN_GARMENTS`] has no files and is left out with a note.
fn sets_with_files(names: &[String]) -> Result<Vec<&'static KnownSet>> {
    let mut sets = Vec::new();
    for name in names {
        match known_set(name) {
            Some(set) => sets.push(set),
            None if name == DRAWN_GARMENTS => output::note(&format!("{name} is built in and has no files")),
            None => {
                let known: Vec<_> = known_sets().iter().map(|set| set.name).collect();
                bail!("there is no known data set '{name}': give one of {}", known.join(", "));
            }
        }
    }
    Ok(sets)
}

/// One set of `data fetch --json`.
#[derive(Serialize)]
struct Fetched {
    name: &'static str,
    directory: String,
}

fn fetch(arguments: &DataFetchArgs) -> Result<()> {
    let progress = DownloadDisplay::new(arguments.output.quiet);
    let mut fetched = Vec::new();
    for set in sets_with_files(&arguments.names)? {
        let directory =
            modiste_sources::fetch(set, arguments.place.data_dir.as_deref(), &RetryPolicy::default(), &progress)?;
        if !arguments.output.json {
            output::print(&format!("{} is in {}", set.name, directory.display()))?;
        }
        fetched.push(Fetched { name: set.name, directory: text(&directory) });
    }
    if arguments.output.json { output::print_json(&fetched) } else { Ok(()) }
}

/// One file of `data verify --json`.
#[derive(Serialize)]
struct Verified {
    set: &'static str,
    path: String,
    good: bool,
    state: String,
}

fn verify(arguments: &DataVerifyArgs) -> Result<()> {
    let data_dir = arguments.place.data_dir.as_deref();
    let mut sets = Vec::new();
    for set in sets_with_files(&arguments.names)? {
        sets.push((set, find_dir(set, data_dir)?));
    }
    if arguments.names.is_empty() {
        for set in known_sets() {
            let directory = find_dir(set, data_dir)?;
            if state(set, &directory) != State::Absent {
                sets.push((set, directory));
            }
        }
        if sets.is_empty() {
            bail!("there is no known data set here to verify: fetch one, as in `modiste data fetch fashion-mnist`");
        }
    }
    let mut files = Vec::new();
    for (set, directory) in sets {
        files.extend(modiste_sources::verify(set, &directory).into_iter().map(|report| verified(set, report)));
    }
    if arguments.output.json {
        output::print_json(&files)?;
    } else {
        for file in files.iter().filter(|file| !(arguments.output.quiet && file.good)) {
            output::print(&format!("{}: {}", file.path, file.state))?;
        }
    }
    match files.iter().find(|file| !file.good) {
        None => Ok(()),
        Some(first) => {
            let bad = files.iter().filter(|file| !file.good).count();
            let are = if bad == 1 { "is" } else { "are" };
            bail!(
                "{bad} of {} files {are} not as published, first {}: {}; mend it with `modiste data fetch {}`",
                files.len(),
                first.path,
                first.state,
                first.set
            )
        }
    }
}

fn verified(set: &KnownSet, report: FileReport) -> Verified {
    Verified { set: set.name, good: report.state.is_good(), state: report.state.to_string(), path: text(&report.path) }
}

/// `data show --json`
#[derive(Serialize)]
struct Shown {
    data: String,
    split: &'static str,
    out: String,
    classes: usize,
    width: usize,
    height: usize,
}

fn show(arguments: &DataShowArgs) -> Result<()> {
    if let Some(out) = &arguments.out
        && !out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
    {
        bail!("--out {} does not end in .png, which is what the snapshot is", out.display());
    }
    let data = download_display::load(&arguments.data.source()?, arguments.data.place(), arguments.output.quiet)?;
    let (images, split, kind) = match arguments.split {
        ShownSplit::Train => (&data.train, "train", "training"),
        ShownSplit::Test => (&data.test, "test", "test"),
    };
    use_font(&arguments.font)?;
    note_undrawn(&data.class_names, &arguments.font);
    let picture = snapshot::draw(&data.name, kind, &data.class_names, images);
    let out = arguments.out.clone().unwrap_or_else(|| format!("{}.png", file_name(&data.name)).into());
    let png = picture.to_png()?;
    if let Some(parent) = out.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).with_context(|| format!("cannot create {} for --out", parent.display()))?;
    }
    let replaces = out.exists();
    atomic::write(&out, |file| file.write_all(&png))?;
    if replaces {
        output::note(&format!("note: {} was there and has been replaced", out.display()));
    }
    if arguments.output.json {
        let (classes, width, height) = (data.class_names.len(), picture.width(), picture.height());
        output::print_json(&Shown { data: data.name, split, out: text(&out), classes, width, height })
    } else if arguments.output.quiet {
        Ok(())
    } else {
        output::print(&format!(
            "{}: {}, samples in {}",
            data.name,
            counted(images.len() as u64, &format!("{kind} image")),
            out.display()
        ))
    }
}

/// A path for JSON, which has no bytes that are no text.
fn text(path: &Path) -> String {
    path.display().to_string()
}
