//! Runs that start from trained weights.

use std::fs;
use std::path::Path;

use modiste_network::{Model, Role};

use crate::runner::{World, two_class_set};

const SMALL: &str = "
name = 'small'
layers = [
  { type = 'conv', filters = 3, kernel = 3, padding = 'same', bias = false },
  { type = 'batch_norm' },
  { type = 'relu' },
  { type = 'flatten' },
  { type = 'dense', units = 4 },
  { type = 'dense', activation = 'softmax' },
]
[training]
epochs = 2
batch = 16
average = 0.9
";

/// With a run on images of two classes, and a set of two others.
fn world() -> World {
    let world = World::new();
    world.file("small.toml", SMALL);
    two_class_set(&world.path("first"), [10, 200], 40, (4, 4));
    world.file("first/classes.txt", "coal\nsnow");
    two_class_set(&world.path("second"), [80, 120], 40, (4, 4));
    world.file("second/classes.txt", "slate\nash");
    two_class_set(&world.path("turned"), [200, 10], 40, (4, 4));
    world.file("turned/classes.txt", "snow\ncoal");
    world.words("train small.toml --data first --out first-run --quiet").done();
    world
}

/// The bits of each tensor, by name.
fn tensors(path: &Path) -> Vec<(String, Role, Vec<u32>)> {
    let model = Model::open(path).unwrap();
    let bits = |range: std::ops::Range<usize>| model.parameters[range].iter().map(|value| value.to_bits()).collect();
    model
        .network
        .parameters
        .iter()
        .map(|tensor| (tensor.name.clone(), tensor.role, bits(tensor.range.clone())))
        .collect()
}

#[test]
fn frozen_weights_are_the_same_bits_at_the_end_and_the_others_have_learned() {
    let world = world();
    let before = tensors(&world.path("first-run/model.safetensors"));
    for (freeze, frozen) in [("3", 5), ("all-but-last", 7)] {
        let run = format!("frozen-{freeze}");
        let ended =
            world.words(&format!("train small.toml --data second --from first-run --freeze {freeze} --out {run}"));
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let said = "starts from first-run: all layers but dense2, which is new, since the classes differ; ";
        assert!(ended.stdout.contains(said) || ended.stderr.contains(said), "{ended:?}");
        let after = tensors(&world.path(&run).join("model.safetensors"));
        assert_eq!(after[..frozen], before[..frozen], "{freeze}");
        for (after, before) in after.iter().zip(&before).skip(frozen) {
            assert_ne!(after, before, "{freeze}");
        }
    }
}

#[test]
fn a_resumed_run_goes_on_from_the_same_weights() {
    let world = world();
    let train = "train small.toml --data second --from first-run --freeze 3 --quiet";
    world.words(&format!("{train} --out whole")).done();
    world.words(&format!("{train} --epochs 1 --out parts")).done();
    world.words("train --resume parts --epochs 2 --quiet").done();
    let model = |run: &str| tensors(&world.path(run).join("model.safetensors"));
    assert_eq!(model("parts"), model("whole"));
    // Begun anew it needs nothing from elsewhere.
    fs::remove_dir_all(world.path("first-run")).unwrap();
    world.words("train --resume parts --restart --quiet").done();
    assert_eq!(model("parts"), model("whole"));
}

#[test]
fn classes_are_matched_by_name() {
    let world = world();
    let recipe = SMALL.replace("epochs = 2", "epochs = 1").replace("average = 0.9", "")
        + "[optimiser]\ntype = 'sgd'\nlearning_rate = 1e-30\n";
    world.file("still.toml", recipe);
    let ended = world.words("train still.toml --data turned --from first-run --out run");
    assert!(
        ended.stdout.contains("starts from first-run: all layers\n")
            || ended.stderr.contains("starts from first-run: all layers\n"),
        "{ended:?}"
    );
    let bias = |run: &str| {
        let all = tensors(&world.path(run).join("model.safetensors"));
        all.last().unwrap().2.clone()
    };
    let turned: Vec<_> = bias("first-run").into_iter().rev().collect();
    assert_eq!(bias("run"), turned);
}

#[test]
fn without_a_recipe_the_layers_are_those_of_the_weights() {
    let world = world();
    let ended = world.words("train --data second --from first-run --epochs 1 --out run --quiet");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let recipe = fs::read_to_string(world.path("run/recipe.toml")).unwrap();
    assert!(recipe.contains("those of first-run, whose weights it starts from"), "{recipe}");
}

#[test]
fn what_cannot_be_started_from_is_refused_before_anything_is_made() {
    let world = world();
    world.file("wider.toml", SMALL.replace("filters = 3", "filters = 4"));
    let sentence = world.words("train wider.toml --data second --from first-run --out run").sentence();
    assert!(sentence.contains("its conv1.weight is [3, 1, 3, 3] and should be [4, 1, 3, 3]"), "{sentence}");
    let sentence = world.words("train small.toml --data second --from first-run --freeze 6 --out run").sentence();
    assert!(sentence.contains("6 layers cannot be frozen"), "{sentence}");
    assert!(!world.path("run").exists());
    world.words("train small.toml --data second --freeze 1").misuse();
    world.words("train --resume first-run --from first-run").misuse();
}
