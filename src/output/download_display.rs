//! Downloads as people see them: a bar for each file on a terminal, a line for each file elsewhere.

use std::collections::HashMap;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use modiste_data::Dataset;
use modiste_files::shell;
use modiste_sources::{Event, Loaded, Progress, Source, find_dir};

use crate::output;

/// Shows what the data crate reports, on standard error.
pub struct DownloadDisplay {
    quiet: bool,
    /// Standard error is a terminal, where a line can be drawn again.
    bars: Option<MultiProgress>,
    by_file: Mutex<HashMap<String, ProgressBar>>,
}

/// Loads a data set, showing any download on the way; `quiet` leaves only notices.
pub fn load(source: &Source, data_dir: Option<&Path>, quiet: bool) -> Result<Dataset> {
    load_described(source, data_dir, quiet).map(|loaded| loaded.dataset)
}

/// The same, and how it was read.
pub fn load_described(source: &Source, data_dir: Option<&Path>, quiet: bool) -> Result<Loaded> {
    if let Some(path) = shadowed(source, data_dir) {
        let (path, word) = (path.display(), shell::word(&Path::new(".").join(&path)));
        output::note(&format!(
            "note: --data {source} is the built-in set, not {path} here: that would be --data {word}"
        ));
    }
    Ok(modiste_sources::load_described(source, data_dir, &DownloadDisplay::new(quiet))?)
}

/// What has the name of a built-in set in the current directory, and is not where the set's own files are kept.
fn shadowed(source: &Source, data_dir: Option<&Path>) -> Option<PathBuf> {
    let path = PathBuf::from(source.to_string());
    let is_another = match source {
        Source::Own(..) => false,
        Source::Known(set) => {
            find_dir(set, data_dir).is_ok_and(|dir| fs::canonicalize(dir).ok() != fs::canonicalize(&path).ok())
        }
        _ => true,
    };
    (is_another && path.exists()).then_some(path)
}

impl DownloadDisplay {
    /// With `quiet`, only notices are shown.
    pub fn new(quiet: bool) -> Self {
        let on_terminal = !quiet && std::io::stderr().is_terminal();
        let bars = on_terminal.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self { quiet, bars, by_file: Mutex::new(HashMap::new()) }
    }

    /// The bars; what they show stays right even if a thread that held the lock panicked.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, ProgressBar>> {
        self.by_file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line for people, above the bars if there are any.
    fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| output::note(text)),
            None => output::note(text),
        }
    }

    fn start(&self, file: &str, url: &str, done: u64, total: u64) {
        match &self.bars {
            Some(bars) => {
                let mut by_file = self.lock();
                let bar = by_file.entry(file.to_owned()).or_insert_with(|| {
                    let bar = bars.add(ProgressBar::new(total).with_style(style()));
                    bar.set_message(file.to_owned());
                    bar
                });
                bar.reset_eta();
                bar.set_position(done);
            }
            None => {
                let megabytes = total as f64 / 1e6;
                let resumed = if done > 0 { ", going on where an earlier download ended" } else { "" };
                self.line(&format!("fetching {file} ({megabytes:.1} MB) from {url}{resumed}"));
            }
        }
    }
}

impl Progress for DownloadDisplay {
    fn report(&self, event: Event<'_>) {
        match event {
            Event::Notice(text) => self.line(text),
            _ if self.quiet => {}
            Event::Started { file, url, done, total } => self.start(file, url, done, total),
            Event::Advanced { file, done, .. } => {
                if let Some(bar) = self.lock().get(file) {
                    bar.set_position(done);
                }
            }
            Event::Finished { file } => {
                if let Some(bar) = self.lock().remove(file) {
                    bar.finish();
                }
            }
            Event::Retrying { file, why, wait } => {
                self.line(&format!("{file}: {why}; trying again in {:.1} s", wait.as_secs_f64()));
            }
            _ => {}
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template(
        "{msg:<26} {bar:30.cyan} {decimal_bytes:>9} of {decimal_total_bytes:<9} {decimal_bytes_per_sec:>12}  {eta} left",
    )
    .expect("the template is a constant that indicatif accepts")
    .progress_chars("━╸─")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_of_the_bar_is_accepted() {
        let _ = style();
    }
}
