//! `train --seeds` and `compare`: several runs of one experiment, and what they come to together.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::runner::{Ended, World, two_class_set};

const SMALL: &str = "
name = 'small'
layers = [{ type = 'flatten' }, { type = 'dense', units = 10, activation = 'softmax' }]
[training]
epochs = 2
batch = 32
seed = 3
";

/// Quick runs of one experiment.
const SEEDS: &str = "train small.toml --data drawn-garments --limit 500 --threads 1 --seeds 3";

fn world() -> World {
    let world = World::new();
    world.file("small.toml", SMALL);
    world
}

fn result(run: &Path) -> Value {
    serde_json::from_slice(&fs::read(run.join("result.json")).unwrap()).unwrap()
}

/// The last of some lines of JSON.
fn last(stdout: &str) -> Value {
    serde_json::from_str(stdout.lines().last().unwrap()).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn seeds_are_runs_of_their_own() {
    let world = world();
    let document = world.words(&format!("{SEEDS} --json --quiet")).json();
    assert_eq!(document["seeds"], serde_json::json!([3, 4, 5]));
    assert_eq!((&document["recipe"], &document["data"]), (&"small".into(), &"drawn-garments".into()));
    let runs = document["runs"].as_array().unwrap();
    for (seed, run) in (3..).zip(runs) {
        assert_eq!(
            (&run["seed"], *run == result(&world.path(&format!("runs/small-1/seed-{seed}")))),
            (&seed.into(), true)
        );
    }
    for field in
        ["test_accuracy", "test_loss", "train_accuracy", "fitted_train_accuracy", "validation_accuracy", "wall_seconds"]
    {
        let values: Vec<f64> = runs.iter().map(|run| number(&run[field])).collect();
        let mean = values.iter().sum::<f64>() / 3.0;
        let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
        let spread = &document[field];
        assert!((number(&spread["mean"]) - mean).abs() < 1e-12, "{field}");
        assert!((number(&spread["deviation"]) - deviation).abs() < 1e-12, "{field}");
        assert_eq!(number(&spread["least"]), values.iter().copied().fold(f64::MAX, f64::min), "{field}");
        assert_eq!(number(&spread["most"]), values.iter().copied().fold(0.0, f64::max), "{field}");
    }
    assert!(number(&document["test_accuracy"]["deviation"]) > 0.0, "seeds make no difference");

    for words in ["evaluate", "train --resume", "embed --space"] {
        let sentence = world.words(&format!("{words} runs/small-1")).sentence();
        assert!(sentence.contains("such as runs/small-1/seed-3"), "{sentence}");
    }

    // Each is what it would be alone, and the newest is found among them.
    world.words("train small.toml --data drawn-garments --limit 500 --seed 4 --out alone").done();
    let [alone, one] =
        ["alone", "runs/small-1/seed-4"].map(|run| fs::read(world.path(run).join("model.safetensors")).unwrap());
    assert!(alone == one);
    assert_eq!(world.words("evaluate --json").json()["model"], "runs/small-1/seed-5");
}

#[test]
fn programs_are_told_of_which_seed_an_epoch_is() {
    let world = world();
    let said = world.words(&format!("{SEEDS} --json")).stdout;
    let lines = said.lines().map(|line| serde_json::from_str(line).unwrap());
    let epochs: Vec<_> =
        lines.filter_map(|line: Value| Some((line["seed"].as_u64()?, line["epoch"].as_u64()?))).collect();
    assert_eq!(epochs, [(3, 1), (3, 2), (4, 1), (4, 2), (5, 1), (5, 2)]);
}

#[test]
fn people_read_a_row_for_each_seed() {
    let world = world();
    let said = world.words(&format!("{SEEDS} --out trio")).done();
    for words in
        ["small on drawn-garments: ", "seed 4, in trio/seed-4", "epoch 2/2", "test accuracy", "modiste compare trio"]
    {
        assert!(said.contains(words), "{words} is not in\n{said}");
    }
    assert_eq!(said.matches("parameters; cpu").count(), 1, "{said}");
    let row = |name: &str| said.lines().rfind(|line| line.split_whitespace().next() == Some(name));
    for name in ["3", "4", "5", "mean", "deviation"] {
        let cells = row(name).unwrap_or_else(|| panic!("no row for {name} in\n{said}")).split_whitespace().count();
        assert!(cells >= 8, "{name} in\n{said}");
    }
    assert_eq!(world.words(&format!("{SEEDS} --out quiet --quiet")).done().lines().count(), 1);
}

#[test]
fn a_series_goes_on_where_it_stopped() {
    let world = world();
    let whole = world.words(&format!("{SEEDS} --out whole --json --quiet")).json();
    world.words(&format!("{SEEDS} --out parts --quiet").replace("--seeds 3", "--seeds 2")).done();
    let kept = result(&world.path("parts/seed-3"));
    // As if it had been killed in its first moments.
    for name in ["result.json", "model.safetensors", "metrics.jsonl", "checkpoint.safetensors"] {
        fs::remove_file(world.path("parts/seed-4").join(name)).unwrap();
    }
    let parts = world.words(&format!("{SEEDS} --out parts --json --quiet")).json();
    for field in ["seeds", "test_accuracy", "test_loss", "validation_accuracy", "fitted_train_accuracy"] {
        assert_eq!(parts[field], whole[field], "{field}");
    }
    assert_eq!(parts["runs"][0], kept, "a finished run was trained again");
    let said = world.words(&format!("{SEEDS} --out parts")).done();
    assert!(said.contains("seed 5 is there already") && !said.contains("epoch"), "{said}");
    // Programs that follow are told of each seed all the same.
    let lines = world.words(&format!("{SEEDS} --out parts --json")).stdout;
    let told: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (told.len(), &told[..3]),
        (4, [3, 4, 5].map(|seed| result(&world.path(&format!("parts/seed-{seed}")))).as_slice())
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_series_says_how_to_go_on() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let world = world();
    let words = format!("{SEEDS} --json --epochs 1000000");
    let mut command = world.command();
    command.args(words.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"epoch\":1,"), "{line}");
    Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap();
    stdout.read_to_string(&mut line).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(
        stderr.contains("interrupted in seed 3 after ") && stderr.contains("--out runs/small-1 goes on"),
        "{stderr}"
    );
    assert!(!world.path("runs/small-1/seed-4").exists());
}

#[test]
fn what_is_of_another_experiment_is_no_part_of_a_series() {
    let world = world();
    world.words(&format!("{SEEDS} --out trio --quiet")).done();
    for (words, what) in [
        (format!("{SEEDS} --out trio --epochs 3"), "another recipe"),
        (format!("{SEEDS} --out trio --validation 0"), "another recipe"),
        (SEEDS.replace("500", "400") + " --out trio", "another data"),
        (format!("{SEEDS} --out trio/seed-3"), "already holds a run"),
        (format!("{SEEDS} --out ."), "not empty"),
    ] {
        let sentence = world.words(&format!("{words} --quiet")).sentence();
        assert!(sentence.contains(what), "{words}: {sentence}");
    }
    let sentence = world.words(&format!("{SEEDS} --seed 9223372036854775806")).sentence();
    assert!(sentence.contains("smaller --seed"), "{sentence}");
    world.words(&format!("{SEEDS} --resume trio/seed-3")).misuse();
    world.words("train --seeds 0").misuse();
    assert!(!world.path("runs").exists());
}

#[test]
fn one_seed_is_a_run_as_always() {
    let world = world();
    let document = last(&world.words(&format!("{} --json", SEEDS.replace("--seeds 3", "--seeds 1"))).stdout);
    assert_eq!(document, result(&world.path("runs/small-1")));
}

#[test]
fn a_directory_of_one_seed_may_get_more() {
    let world = world();
    for (count, runs) in [(1, 1), (2, 2)] {
        let words = SEEDS.replace("--seeds 3", &format!("--seeds {count}"));
        let document = last(&world.words(&format!("{words} --out growing --json")).stdout);
        assert_eq!(document["runs"].as_array().unwrap().len(), runs);
        assert_eq!(document["runs"][0], result(&world.path("growing/seed-3")));
    }
}

#[test]
fn runs_stand_beside_each_other() {
    let world = world();
    world.words(&format!("{SEEDS} --out trio --quiet")).done();
    let single = SEEDS.replace("--seeds 3", "--quiet");
    for words in ["--out same --seed 9", "--out again --seed 9", "--out longer --epochs 3", "--out all --validation 0"]
    {
        world.words(&format!("{single} {words}")).done();
    }
    let named = "compare same trio again longer all";
    let document = world.words(&format!("{named} --json")).json();
    let rows = document["rows"].as_array().unwrap();
    let seeds: Vec<_> = rows.iter().map(|row| row["seeds"].to_string()).collect();
    // A repeated seed is no evidence, and has its own row.
    assert_eq!(seeds, ["[9,3,4,5]", "[9]", "[3]", "[3]"]);
    let first = &rows[0];
    assert_eq!(
        (&first["limit"], &first["parameters"], &first["multiply_adds"]),
        (&500.into(), &7850.into(), &7840.into())
    );
    let gap = number(&first["fitted_train_accuracy"]["mean"]) - number(&first["test_accuracy"]["mean"]);
    assert!((number(&first["gap"]["mean"]) - gap).abs() < 1e-12);
    assert_eq!((&rows[2]["epochs"]["mean"], &rows[3]["validation_accuracy"]), (&3.0.into(), &Value::Null));
    assert_eq!(rows[1]["test_accuracy"]["deviation"], Value::Null);

    let table = world.words(named).done();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 5, "{table}");
    assert!(lines[0].starts_with("recipe  data") && lines[0].contains("validation accuracy"), "{table}");
    assert!(lines[1].contains(" ± 0.") && lines[1].ends_with("same and 3 more"), "{table}");
    assert!(
        !lines[2].contains('±') && lines[2].ends_with("again") && lines[2].contains("drawn-garments, 500 images"),
        "{table}"
    );
    let table = world.words("compare trio").done();
    assert!(table.ends_with("  trio\n"), "{table}");
}

#[test]
fn data_is_the_same_wherever_it_lies() {
    let world = world();
    world.file("two.toml", SMALL.replace("units = 10", "units = 2"));
    for (set, seeds) in [("here", 2), ("there", 3)] {
        two_class_set(&world.path(set), [10, 200], 40, (4, 4));
        world.words(&format!("train two.toml --data {set} --seeds {seeds} --out three --quiet")).done();
        world.words(&format!("train two.toml --data {set} --seed 1{seeds} --out {set}-run --quiet")).done();
    }
    let document = world.words("compare three here-run there-run --json").json();
    let rows = document["rows"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0]["seeds"].to_string()), (1, "[3,4,5,12,13]".to_owned()));
}

#[test]
fn runs_that_are_computed_differently_have_rows_of_their_own() {
    let world = world();
    world.words(&format!("{SEEDS} --out trio --quiet")).done();
    let mut direct = world.command();
    direct.env("MODISTE_CONVOLUTIONS", "direct");
    Ended::of(direct.args(SEEDS.replace("--seeds 3", "--seed 9 --out direct --quiet").split(' '))).done();
    let document = world.words("compare trio direct --json").json();
    assert_eq!(document["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn a_run_counts_once_by_whatever_way_it_is_named() {
    let world = world();
    world.words(&format!("{SEEDS} --out trio --quiet").replace("--seeds 3", "--seeds 2")).done();
    let once = world.words("compare trio --json").json();
    assert_eq!(once["rows"][0]["seeds"], serde_json::json!([3, 4]));
    for words in ["trio trio", "trio trio/seed-3", "trio ./trio/../trio/seed-4"] {
        assert_eq!(world.words(&format!("compare {words} --json")).json(), once, "{words}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("trio/seed-3", world.path("link")).unwrap();
        assert_eq!(world.words("compare trio link --json").json(), once);
    }
}

#[test]
fn only_finished_runs_are_compared() {
    let world = world();
    world.words("compare").misuse();
    assert!(world.words("compare none").sentence().contains("none is not a run directory"));
    world.words(&format!("{SEEDS} --out trio --quiet")).done();
    fs::remove_file(world.path("trio/seed-4/result.json")).unwrap();
    let sentence = world.words("compare trio/seed-4").sentence();
    assert!(sentence.contains("not finished") && sentence.contains("modiste train --resume trio/seed-4"), "{sentence}");
    for words in ["compare trio --json", "compare trio/seed-4 trio/seed-3 trio/seed-5 --json"] {
        let ended = world.words(words);
        assert_eq!(ended.stderr, "note: trio/seed-4 is not finished and is left out\n", "{words}");
        assert_eq!(last(&ended.stdout)["rows"][0]["seeds"], serde_json::json!([3, 5]));
    }
    world.file("trio/seed-3/result.json", "{");
    let sentence = world.words("compare trio --json").sentence();
    assert!(sentence.contains("seed-3/result.json") && sentence.contains("--resume trio/seed-3"), "{sentence}");
}
