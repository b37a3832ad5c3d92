//! `drawn-garments` as a benchmark: a better network gets a better result.

use crate::runner::World;

/// Trains these layers on all drawn garments and says the test accuracy.
fn accuracy(layers: &str, epochs: usize) -> f64 {
    let world = World::new();
    world.file(
        "recipe.toml",
        format!("name = 'judge'\nlayers = [{layers}]\n[training]\nepochs = {epochs}\nbatch = 50\nseed = 1\n"),
    );
    let ended = world.words("train recipe.toml --data drawn-garments --json");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let result: serde_json::Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(result["data"], "drawn-garments");
    result["test_accuracy"].as_f64().unwrap()
}

#[test]
fn garments_are_too_hard_for_a_linear_classifier_and_not_for_convolutions() {
    let linear = accuracy("{ type = 'flatten' }, { type = 'dense', units = 10, activation = 'softmax' }", 5);
    let convolutional = accuracy(
        "{ type = 'conv', filters = 16, kernel = 3, activation = 'relu' },
         { type = 'max_pool', size = 2 },
         { type = 'conv', filters = 32, kernel = 3, activation = 'relu' },
         { type = 'max_pool', size = 2 },
         { type = 'flatten' },
         { type = 'dense', units = 10, activation = 'softmax' }",
        4,
    );
    assert!(linear > 0.5 && linear < 0.85, "a linear classifier reaches {linear}");
    assert!(convolutional > linear + 0.05, "convolutions reach {convolutional}, a linear classifier {linear}");
}
