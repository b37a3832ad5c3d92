//! `summary`: the networks of the post, and those of other data.

use crate::runner::{World, two_class_set};

#[test]
fn the_posts_networks_have_their_parameters() {
    let world = World::new();
    for (recipe, total, layers, printed) in
        [("seed-vgg", 1_505_034, 15, "1,505,034"), ("seed-mlp", 384_854, 11, "384,854")]
    {
        let summary = world.run(["summary", recipe, "--json"]).json();
        assert_eq!(summary["total_params"], total);
        let rows = summary["layers"].as_array().unwrap();
        assert_eq!(rows.len(), layers);
        assert_eq!(rows.iter().map(|row| row["params"].as_u64().unwrap()).sum::<u64>(), total);
        let multiply_adds: u64 = rows.iter().map(|row| row["multiply_adds"].as_u64().unwrap()).sum();
        assert_eq!(summary["multiply_adds"], multiply_adds);

        let table = world.run(["summary", recipe]).done();
        assert!(table.contains(&format!("\nTotal params: {printed}\nTrainable params: {printed}\n")), "{table}");
    }
}

#[test]
fn a_row_says_what_keras_says() {
    let table = World::new().words("summary seed-vgg").done();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    for row in [
        "Layer (type) Output Shape Param # Multiply-adds Activation",
        "conv1 (Conv2D) (None, 28, 28, 32) 320 225,792 relu",
        "max_pool2 (MaxPooling2D) (None, 4, 4, 256) 0 0",
        "flatten1 (Flatten) (None, 4096) 0 0",
        "dense3 (Dense) (None, 10) 2,570 2,560 softmax",
    ] {
        assert!(rows.contains(&row.split(' ').collect()), "{row} is not in\n{table}");
    }
    let layer = &World::new().words("summary seed-vgg --json").json()["layers"][3];
    assert_eq!((&layer["name"], &layer["type"]), (&"dropout1".into(), &"Dropout".into()));
    assert_eq!(layer["output_shape"], serde_json::json!([14, 14, 64]));
}

#[test]
fn the_shapes_are_those_of_the_named_data() {
    let world = World::new();
    two_class_set(&world.path("tiny"), [0, 255], 4, (5, 6));
    let recipe = world.file(
        "linear.toml",
        "name = 'linear'\nlayers = [{ type = 'flatten' }, { type = 'dense', units = 2, activation = 'softmax' }]\n\
         [training]\nepochs = 1\nbatch = 4\n",
    );
    let summary = world.run(["summary", recipe.to_str().unwrap(), "--data", "tiny", "--json"]).json();
    assert_eq!(summary["total_params"], 62);
    assert_eq!(summary["data"], "tiny");
    assert_eq!(summary["input_shape"], serde_json::json!([5, 6, 1]));
    let sentence = world.words("summary seed-mlp --data tiny").sentence();
    assert!(sentence.contains("seed-mlp") && sentence.contains("2 classes"), "{sentence}");
}

#[test]
fn a_reader_who_stops_listening_ends_it_quietly() {
    let world = World::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = world.command().args(["summary", "seed-vgg"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_of() {
    let world = World::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = world.command().args(["summary", "seed-vgg"]).stdout(full).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("error: cannot write to standard output: No space left"), "{said}");
    assert_eq!(said.lines().count(), 1);
}
