//! Trained networks for other programs, and back.

use std::fs;

use modiste_network::Model;
use modiste_onnx::OnnxFile;
use sha2::{Digest, Sha256};

use crate::runner::{World, two_class_set};

const SMALL: &str = "
name = 'small'
layers = [
  { type = 'conv', filters = 3, kernel = 3, padding = 'same', bias = false },
  { type = 'batch_norm' },
  { type = 'relu' },
  { type = 'flatten' },
  { type = 'dense', activation = 'softmax' },
]
[training]
epochs = 1
batch = 16
";

/// With a run of a small network.
fn world() -> World {
    let world = World::new();
    world.file("small.toml", SMALL);
    two_class_set(&world.path("set"), [10, 200], 40, (4, 4));
    world.words("train small.toml --data set --out run --quiet").done();
    world
}

fn parameters(world: &World, model: &str) -> Vec<u32> {
    let model = Model::open(&world.path(model)).unwrap();
    model.parameters.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn an_onnx_file_says_what_it_is_of() {
    let world = world();
    let written = world.words("export run --out a.onnx --json").json();
    assert_eq!((&written["format"], &written["files"][0]["path"]), (&"onnx".into(), &"a.onnx".into()));
    let file = OnnxFile::parse(&fs::read(world.path("a.onnx")).unwrap()).unwrap();
    let model = fs::read(world.path("run/model.safetensors")).unwrap();
    let digest: String = Sha256::digest(&model).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(file.text("source_sha256"), Some(digest.as_str()));
    assert_eq!(file.text("class_names"), Some("[\"0\",\"1\"]"));
    let accuracy: f64 = file.text("test_accuracy").unwrap().parse().unwrap();
    assert_eq!(accuracy, world.words("evaluate run --json").json()["accuracy"].as_f64().unwrap());
}

#[test]
fn weights_come_back_as_the_same_bits() {
    let world = world();
    for flags in ["--out b.safetensors", "--format torch --out b.safetensors"] {
        for file in ["b.safetensors", "back.safetensors"] {
            let _ = fs::remove_file(world.path(file));
        }
        world.words(&format!("export run {flags} --quiet")).done();
        world.words("import b.safetensors --recipe small.toml --out back.safetensors --quiet").done();
        assert_eq!(parameters(&world, "back.safetensors"), parameters(&world, "run/model.safetensors"));
        let [found, wanted] =
            ["back.safetensors --data set", "run"].map(|model| world.words(&format!("evaluate {model} --json")));
        assert_eq!(
            found.stdout.split("\"accuracy\"").nth(1).unwrap(),
            wanted.stdout.split("\"accuracy\"").nth(1).unwrap()
        );
    }
    assert!(fs::read_to_string(world.path("b.py")).unwrap().contains("nn.Conv2d(1, 3, 3, padding=1, bias=False)"));
    world.words("export run --out c.onnx --quiet").done();
    world.words("import c.onnx --recipe small.toml --out c.safetensors --quiet").done();
    let loss =
        |model: &str| world.words(&format!("evaluate {model} --data set --json")).json()["loss"].as_f64().unwrap();
    assert!((loss("c.safetensors") - loss("run")).abs() < 1e-4);
}

#[test]
fn nothing_is_written_over_unsaid() {
    let world = world();
    world.words("export run --out a.onnx --quiet").done();
    let again = world.words("export run --out a.onnx");
    assert_eq!((again.status, again.stderr.as_str()), (Some(0), "note: a.onnx was there and has been replaced\n"));
    let model = "run/model.safetensors";
    assert!(world.words(&format!("export run --out {model}")).sentence().contains("is the model that is exported"));
    assert!(
        world.words(&format!("import {model} --recipe small.toml --out {model}")).sentence().contains("name another")
    );
    assert!(world.words("export run --out a.bin").sentence().contains("--format"));
    assert!(
        world.words("export run --out a.safetensors --views").sentence().contains("--views goes with --format onnx")
    );
}

#[test]
fn what_does_not_fit_the_recipe_is_named() {
    let world = world();
    world.words("export run --format torch --out a.safetensors --quiet").done();
    world.file("wider.toml", SMALL.replace("filters = 3", "filters = 4"));
    let sentence = world.words("import a.safetensors --recipe wider.toml").sentence();
    for words in [
        "conv1.weight is [3, 1, 3, 3] and should be [4, 1, 3, 3]",
        "batch_norm1.bias is [3]",
        "dense1.weight is [2, 48]",
    ] {
        assert!(sentence.contains(words), "{sentence}");
    }
    world.file("cut.onnx", b"\x08\x08");
    assert!(world.words("import cut.onnx --recipe small.toml --data set").sentence().contains("it is not ONNX"));
}
