//! `export`: writes a trained network for other programs.

mod formats;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use self::formats::{onnx, safetensors, torch};
use super::setup::Outcome;
use super::trained::Trained;
use crate::cli::{ExportArgs, ExportFormat, ExportInput, ExportLayout};
use crate::output;

/// `--json`
#[derive(Serialize)]
struct Document {
    model: String,
    recipe: String,
    format: ExportFormat,
    /// What was written, the tensors first.
    files: Vec<Written>,
}

#[derive(Serialize)]
struct Written {
    path: String,
    bytes: u64,
}

/// Writes a trained network.
pub fn run(arguments: &ExportArgs) -> Result<Outcome> {
    let trained = Trained::find(arguments.model.as_deref())?;
    let format = format(arguments)?;
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None => PathBuf::from(format!("{}.{}", trained.model.card.recipe.name, ending(format))),
    };
    let paths = match format {
        ExportFormat::Torch => vec![out.clone(), out.with_extension("py")],
        ExportFormat::Onnx | ExportFormat::Safetensors => vec![out.clone()],
    };
    ensure_others(&trained, &paths)?;
    if let Some(parent) = out.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).with_context(|| format!("cannot create {} for --out", parent.display()))?;
    }
    let replaced: Vec<_> = paths.iter().filter(|path| path.exists()).collect();
    match format {
        ExportFormat::Onnx => onnx(&trained, arguments, &out),
        ExportFormat::Safetensors => safetensors(&trained, &out),
        ExportFormat::Torch => torch(&trained, &out, &paths[1]),
    }?;
    for path in replaced {
        output::note(&format!("note: {} was there and has been replaced", path.display()));
    }
    tell(arguments, &trained, format, &paths)?;
    Ok(Outcome::Done)
}

/// Says what was written.
fn tell(arguments: &ExportArgs, trained: &Trained, format: ExportFormat, paths: &[PathBuf]) -> Result<()> {
    let written = |path: &PathBuf| -> Result<Written> {
        let bytes = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
        Ok(Written { path: path.display().to_string(), bytes })
    };
    let files = paths.iter().map(written).collect::<Result<Vec<_>>>()?;
    let recipe = trained.model.card.recipe.name.clone();
    if arguments.output.json {
        let model = trained.path.display().to_string();
        return output::print_json(&Document { model, recipe, format, files });
    }
    if arguments.output.quiet {
        return Ok(());
    }
    let files: Vec<_> = files.iter().map(|file| format!("{} ({} bytes)", file.path, file.bytes)).collect();
    output::print(&format!("{recipe} ({}) is in {}", trained.path.display(), files.join(" and ")))
}

/// What `--format` says, or else the ending of `--out`.
fn format(arguments: &ExportArgs) -> Result<ExportFormat> {
    let format = match (arguments.format, &arguments.out) {
        (Some(format), _) => format,
        (None, None) => ExportFormat::Onnx,
        (None, Some(out)) => match out.extension().and_then(OsStr::to_str) {
            Some("onnx") => ExportFormat::Onnx,
            Some("safetensors") => ExportFormat::Safetensors,
            _ => bail!(
                "--out {} ends in neither .onnx nor .safetensors: say what it should be by --format",
                out.display()
            ),
        },
    };
    let flags = [
        ("--layout", arguments.layout != ExportLayout::Nchw),
        ("--input", arguments.input != ExportInput::F32),
        ("--views", arguments.views),
    ];
    match flags.into_iter().find(|&(_, is_given)| is_given) {
        Some((flag, _)) if format != ExportFormat::Onnx => bail!("{flag} goes with --format onnx: leave it out"),
        _ => Ok(format),
    }
}

fn ending(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Onnx => "onnx",
        ExportFormat::Safetensors | ExportFormat::Torch => "safetensors",
    }
}

/// Refuses to write over the model that is read, or two files into one.
fn ensure_others(trained: &Trained, paths: &[PathBuf]) -> Result<()> {
    let same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    for path in paths {
        if same(path, &trained.file()) {
            bail!("--out {} is the model that is exported: name another file", path.display());
        }
        if path.is_dir() {
            bail!("--out {} is a directory: name a file", path.display());
        }
    }
    match paths {
        [one, other] if one == other => {
            bail!("--out {} is for the tensors: give it another ending than .py", one.display())
        }
        _ => Ok(()),
    }
}
