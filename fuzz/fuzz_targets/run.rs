//! A file of a run directory: its first byte says whether `run.toml`, `metrics.jsonl`, `result.json` or `recipe.toml`.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::Place;
use modiste_training::runs::metrics_file;
use modiste_training::{RunPaths, RunResult, data_source};

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

fuzz_target!(|bytes: &[u8]| {
    let Some((which, text)) = bytes.split_first() else { return };
    let paths = RunPaths::new(PLACE.path());
    match which % 4 {
        0 => {
            PLACE.file("run.toml", text);
            if let Ok(source) = paths.read_source() {
                data_source(&source.data);
                source.to_toml().expect("what was read as TOML");
            }
        }
        1 => {
            let records = metrics_file::read(&PLACE.file("metrics.jsonl", text)).expect("what is no line is left out");
            assert!(records.is_sorted_by(|one, next| one.epoch < next.epoch));
        }
        2 => drop(RunResult::open(&PLACE.file("result.json", text))),
        _ => {
            PLACE.file("recipe.toml", text);
            drop(paths.read_recipe());
        }
    }
});
