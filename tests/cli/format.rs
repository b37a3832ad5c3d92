//! Runs and models that version 0.1.0 has left, see `tests/format-1/README.md`: every later version can use them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::runner::{Ended, World};

const MODEL: &str = "model.safetensors";
const CHECKPOINT: &str = "checkpoint.safetensors";

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format-1").join(name)
}

/// A world with a copy of one of the run directories, under the same name.
fn world(run: &str) -> World {
    let world = World::new();
    for entry in fs::read_dir(kept(run)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        world.file(&format!("{run}/{name}"), fs::read(&path).unwrap());
    }
    world
}

/// Runs words with the instruction set that every machine has.
fn portable(world: &World, words: &str) -> Ended {
    Ended::of(world.command().env("MODISTE_ISA", "portable").args(words.split_whitespace()))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Shape and bytes of each tensor of a safetensors file, by name.
fn tensors(path: &Path) -> BTreeMap<String, (Value, Vec<u8>)> {
    let file = fs::read(path).unwrap();
    let (length, rest) = file.split_first_chunk().unwrap();
    let (header, values) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: Map<String, Value> = serde_json::from_slice(header).unwrap();
    let place = |offset: &Value| offset.as_u64().unwrap() as usize;
    header
        .into_iter()
        .filter(|(name, _)| name != "__metadata__")
        .map(|(name, entry)| {
            let offsets = &entry["data_offsets"];
            let bytes = values[place(&offsets[0])..place(&offsets[1])].to_vec();
            (name, (entry["shape"].clone(), bytes))
        })
        .collect()
}

#[track_caller]
fn assert_same_tensors(found: &Path, wanted: &Path) {
    let (mut found, wanted) = (tensors(found), tensors(wanted));
    // Models of 0.3 and before lack these.
    found.retain(|name, _| !name.starts_with("familiarity."));
    assert!(found.keys().eq(wanted.keys()), "{:?} instead of {:?}", found.keys(), wanted.keys());
    for (name, tensor) in &wanted {
        assert!(found[name] == *tensor, "{name} differs");
    }
}

/// Losses are sums of logarithms, whose last bits differ from one mathematical library to the next.
#[track_caller]
fn assert_close(found: &Value, wanted: &Value, tolerance: f64) {
    let difference = (found.as_f64().unwrap() - wanted.as_f64().unwrap()).abs();
    assert!(difference <= tolerance, "{found} instead of {wanted}");
}

#[test]
fn an_old_run_goes_on_to_known_bits() {
    for threads in [1, 3] {
        let world = world("unfinished");
        portable(&world, &format!("train --resume unfinished --threads {threads} --quiet")).done();
        let (run, wanted) = (world.path("unfinished"), kept("finished"));
        for file in [CHECKPOINT, MODEL] {
            assert_same_tensors(&run.join(file), &wanted.join(file));
        }

        let (result, wanted) = (json(&run.join("result.json")), json(&wanted.join("result.json")));
        for (field, value) in wanted.as_object().unwrap() {
            match field.as_str() {
                "run" | "threads" => assert!(!result[field].is_null(), "{field}"),
                // Of this machine.
                "wall_seconds" | "images_per_second" | "peak_memory_bytes" => assert!(!value.is_null(), "{field}"),
                // At a temperature, which 0.3 and before did not fit.
                "validation_loss" | "test_loss" => assert!(result[field].as_f64() < value.as_f64(), "{field}"),
                _ if field.ends_with("_loss") => assert_close(&result[field], value, 1e-9),
                _ => assert_eq!(result[field], *value, "{field}"),
            }
        }
    }
}

#[test]
fn an_old_metrics_file_grows_by_the_epochs_that_follow() {
    let world = world("unfinished");
    portable(&world, "train --resume unfinished --quiet").done();
    let lines = |run: &Path| -> Vec<Map<String, Value>> {
        let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let (found, wanted) = (lines(&world.path("unfinished")), lines(&kept("finished")));
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(&wanted) {
        for (field, value) in wanted {
            match field.as_str() {
                "seconds" | "wall_seconds" | "images_per_second" => assert!(found[field].is_number(), "{field}"),
                _ if field.ends_with("_loss") => assert_close(&found[field], value, 1e-9),
                _ => assert_eq!(found[field], *value, "{field}"),
            }
        }
    }
}

#[test]
fn an_old_model_classifies_as_before() {
    let world = world("finished");
    let result = json(&kept("finished").join("result.json"));
    world.file(MODEL, fs::read(kept("finished").join(MODEL)).unwrap());
    for model in ["finished", MODEL] {
        let evaluated = portable(&world, &format!("evaluate {model} --json")).json();
        assert_eq!((&evaluated["accuracy"], &evaluated["images"]), (&result["test_accuracy"], &2000.into()));
        assert_close(&evaluated["loss"], &result["test_loss"], 1e-9);
        assert_eq!(evaluated["temperature"], 1.0);
    }
    let answers = world.words("predict finished --data drawn-garments --json").done();
    assert!(!answers.contains("unfamiliar"));
    // Other instructions round otherwise.
    assert_close(&world.words("evaluate finished --json").json()["loss"], &result["test_loss"], 1e-5);

    let validation = portable(&world, "evaluate finished --split validation --json").json();
    assert_eq!(validation["accuracy"], result["validation_accuracy"]);
    assert_close(&validation["loss"], &result["validation_loss"], 1e-9);
}

#[test]
fn an_old_run_can_be_compared_mapped_and_trained_further() {
    let world = world("finished");
    let rows = world.words("compare finished --json").json();
    assert_eq!(rows["rows"][0]["runs"], Value::from(vec![json(&kept("finished").join("result.json"))]));

    let map = world.words("embed --space finished --samples 100 --iterations 20 --out map --json").json();
    assert_eq!((&map["samples"], &map["space"]), (&100.into(), &"finished".into()));

    world.words("train --resume finished --epochs 5 --quiet").done();
    assert_eq!(json(&world.path("finished/result.json"))["epochs"], 5);
}
