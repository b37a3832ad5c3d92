//! What runs leave on disk: a directory for each, a directory of several seeds, and what they came to.

pub mod aggregate;
pub mod belonging;
pub mod metrics_file;
pub mod result;
pub mod run_checkpointer;
pub mod run_directory;
pub mod run_source;
pub mod seed_directory;

use std::fs;
use std::path::{Path, PathBuf};

use self::run_directory::RunPaths;

/// The run in `runs`, or in a directory of seeds there, whose model was written last.
pub fn newest(runs: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(runs).ok()?.flatten().map(|entry| entry.path());
    let written = |path: PathBuf| {
        let model = fs::metadata(RunPaths::new(&path).model()).ok()?;
        Some((model.modified().ok()?, path))
    };
    let all = entries.flat_map(|path| seed_directory::runs(&path).into_iter().chain([path]));
    all.filter_map(written).max().map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn the_newest_run_is_the_one_whose_model_was_written_last() {
        let runs = tempfile::tempdir().unwrap();
        assert_eq!(newest(runs.path()), None);
        let at = |name: &str, seconds: u64| {
            let path = runs.path().join(name);
            fs::create_dir(&path).unwrap();
            let paths = RunPaths::new(path);
            fs::write(paths.source(), "").unwrap();
            let file = File::create(paths.model()).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
        };
        at("a-1", 100);
        at("b-1", 300);
        at("c-1", 200);
        fs::create_dir(runs.path().join("without-model-1")).unwrap();
        assert_eq!(newest(runs.path()), Some(runs.path().join("b-1")));
        fs::create_dir(runs.path().join("d-1")).unwrap();
        at("d-1/seed-0", 400);
        at("d-1/seed-1", 250);
        assert_eq!(newest(runs.path()), Some(runs.path().join("d-1/seed-0")));
    }
}
