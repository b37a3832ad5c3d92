//! `bench`: the numbers it prints are there and agree with each other.

use crate::runner::{Ended, World};

#[test]
fn a_step_is_timed() {
    let timing = World::new().words("bench step --recipe seed-mlp --batch 5 --steps 3 --threads 1 --json").json();
    let number = |field: &str| timing[field].as_f64().unwrap_or_else(|| panic!("no {field} in {timing}"));
    assert_eq!((number("batch"), number("steps"), number("threads")), (5.0, 3.0, 1.0));
    assert!(number("step_seconds_min") > 0.0 && number("step_seconds_min") <= number("step_seconds_median"));
    let rate = number("images_per_second") * number("step_seconds_median");
    assert!((rate - 5.0).abs() < 1e-6, "{timing}");
    assert!(!timing["isa"].as_str().unwrap().is_empty());
    assert_eq!((&timing["recipe"], &timing["device"]), (&"seed-mlp".into(), &"cpu".into()));
    if cfg!(target_os = "linux") {
        // At least the parameters, their gradient and two moments.
        assert!(number("peak_memory_bytes") > 4.0 * 4.0 * 384_854.0);
    }
}

#[test]
fn inference_is_timed_in_batches_and_alone() {
    let timing = World::new().words("bench infer --recipe seed-mlp --batch 5 --steps 2 --json").json();
    assert!(timing["latency_seconds"].as_f64().unwrap() > 0.0);
    assert!(timing["images_per_second"].as_f64().unwrap() > 0.0);
}

#[test]
fn people_read_it_too() {
    let world = World::new();
    let said = world.words("bench step --recipe seed-mlp --batch 5 --steps 1 --data drawn-garments").done();
    assert!(said.starts_with("seed-mlp, batches of 5 (drawn-garments), cpu "), "{said}");
    assert!(said.contains("images per second"), "{said}");
    assert_eq!(world.words("bench step --recipe seed-mlp --batch 5 --steps 1 --quiet").done().lines().count(), 1);
}

#[test]
fn variables_choose_how_to_compute_and_results_say_so() {
    let world = World::new();
    let with = |variable: &str, value: &str| {
        let words = "bench step --recipe seed-mlp --batch 2 --steps 1 --json";
        Ended::of(world.command().env(variable, value).args(words.split_whitespace()))
    };
    assert_eq!(with("MODISTE_ISA", "portable").json()["isa"], "portable");
    assert_eq!(
        with("MODISTE_CONVOLUTIONS", "fewest").json()["isa"],
        with("MODISTE_CONVOLUTIONS", "winograd").json()["isa"]
    );
    let direct = with("MODISTE_CONVOLUTIONS", "direct").json();
    assert!(direct["isa"].as_str().unwrap().ends_with(", direct convolutions"), "{direct}");
    for (variable, choice) in [("MODISTE_ISA", "portable"), ("MODISTE_CONVOLUTIONS", "winograd, direct")] {
        let problem = with(variable, "nonsense").sentence();
        assert!(problem.starts_with(variable) && problem.contains("'nonsense'"), "{problem}");
        assert!(problem.contains(choice), "{problem}");
    }
}

#[test]
fn a_step_is_taken_apart() {
    let words = "bench kernels --recipe seed-mlp --batch 8 --steps 1 --threads 2 --json";
    let roofline = World::new().words(words).json();
    let number = |field: &str| roofline[field].as_f64().unwrap_or_else(|| panic!("no {field} in {roofline}"));
    assert_eq!((number("batch"), number("steps"), number("threads")), (8.0, 1.0, 2.0));
    assert_eq!(roofline["recipe"], "seed-mlp");
    for limit in ["multiply_adds_per_second", "cache_bytes_per_second", "memory_bytes_per_second", "step_seconds"] {
        assert!(number(limit) > 0.0, "{limit}");
    }

    let entries = roofline["entries"].as_array().unwrap();
    let sum = |field: &str, wanted: &dyn Fn(&str) -> bool| -> f64 {
        let of = entries.iter().filter(|entry| wanted(entry["kernel"].as_str().unwrap()));
        of.map(|entry| entry[field].as_f64().unwrap()).sum()
    };
    let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
    assert!(close(sum("seconds", &|_| true), number("recorded_step_seconds")), "all of the step is there");
    assert!(close(sum("floor_seconds", &|_| true), number("floor_seconds")));
    assert!(close(sum("seconds", &|kernel| kernel == "serial"), number("serial_seconds")));
    assert!(close(sum("seconds", &|kernel| kernel == "waiting"), number("waiting_seconds")));
    assert!(close(sum("seconds", &|kernel| kernel == "outside kernels"), number("outside_seconds")));
    let gaps: Vec<_> = entries.iter().map(|entry| entry["gap_seconds"].as_f64().unwrap()).collect();
    assert!(gaps.is_sorted_by(|one, other| one >= other), "{gaps:?}");

    let entry = |section: &str, kernel: &str, field: &str| {
        let found = entries.iter().find(|entry| entry["section"] == section && entry["kernel"] == kernel);
        found.unwrap_or_else(|| panic!("no {kernel} in {section}"))[field].as_u64().unwrap()
    };
    // 8 images, 784 inputs in four pieces, the last three added to the first; 256 units.
    assert_eq!(entry("dense1 forward", "product", "arithmetic"), 8 * 256 * (784 + 3));
    // 512 inputs in two pieces; 100 units, padded to 112.
    assert_eq!(entry("dense3 forward", "product", "arithmetic"), 8 * 112 * (512 + 1));
    // Values of the output are added to the bias, leaky ReLU takes two operations and dropout fifteen; read are they and the
    // bias, written they.
    assert_eq!(entry("dense1 forward", "epilogue", "arithmetic"), 8 * 256 * 18);
    assert_eq!(entry("dense1 forward", "epilogue", "bytes"), 4 * (2 * 8 * 256 + 256));
    // Ten operations for each parameter, and two of weight decay, which Adam has none of.
    assert_eq!(entry("update", "update", "arithmetic"), 12 * 384_854);
}

#[test]
fn people_see_the_largest_gaps_and_the_totals() {
    let world = World::new();
    let said = world.words("bench kernels --recipe seed-mlp --batch 5 --steps 2").done();
    assert!(said.starts_with("seed-mlp, batches of 5 (random), cpu "), "{said}");
    for words in ["limits: ", "of limit", "product", "waiting", "outside kernels", "a step: "] {
        assert!(said.contains(words), "no '{words}' in {said}");
    }
    assert!(said.lines().all(|line| line.chars().count() <= 110), "{said}");
    let quiet = world.words("bench kernels --recipe seed-mlp --batch 5 --steps 2 --quiet").done();
    assert!(quiet.lines().count() < said.lines().count(), "{quiet}");
}

#[test]
fn a_map_is_timed() {
    let words = "bench tsne --data drawn-garments --samples 100 --iterations 60 --threads 2 --seed 4";
    let timing = World::new().words(&format!("{words} --json")).json();
    let number = |field: &str| timing[field].as_f64().unwrap_or_else(|| panic!("no {field} in {timing}"));
    let of_phases: Vec<f64> = ["neighbours", "affinities", "initialisation", "optimisation", "divergence"]
        .map(|phase| timing["phases"][phase].as_f64().unwrap_or_else(|| panic!("no {phase} in {timing}")))
        .to_vec();
    assert!(of_phases.iter().all(|&seconds| seconds > 0.0), "{timing}");
    assert!((of_phases.iter().sum::<f64>() - number("seconds")).abs() < 1e-9, "{timing}");
    assert_eq!((&timing["data"], &timing["method"]), (&"drawn-garments".into(), &"exact".into()));
    assert_eq!((number("samples"), number("dimensions"), number("iterations")), (100.0, 784.0, 60.0));
    assert_eq!((number("threads"), number("seed")), (2.0, 4.0));
    assert!(number("kl_divergence") > 0.0);
    for share in ["trustworthiness", "neighbour_recall", "label_accuracy"] {
        assert!((0.1..=1.0).contains(&number(share)), "{share}: {timing}");
    }
    if cfg!(target_os = "linux") {
        assert!(number("peak_memory_bytes") > 4.0 * 100.0 * 784.0);
    }

    let said = World::new().words(words).done();
    let begins = "t-SNE of 100 images of drawn-garments, 784 dimensions, perplexity 30; cpu ";
    assert!(said.starts_with(begins), "{said}");
    for words in ["\nmap in ", "KL divergence 0.", "neighbour recall 0.", "\nneighbours ", "60 iterations, exact"] {
        assert!(said.contains(words), "no '{words}' in {said}");
    }
    let quiet = World::new().words(&format!("{words} --quiet")).done();
    assert!(quiet.starts_with("map in ") && quiet.lines().count() == 1, "{quiet}");
}

#[test]
fn a_map_from_elsewhere_is_judged_as_if_it_were_ours() {
    let world = World::new();
    let points = "--data drawn-garments --samples 100 --seed 4";
    let made = world.words(&format!("bench tsne {points} --iterations 60 --out map.npy --json")).json();
    let embedded = world.words(&format!("embed {points} --iterations 60 --out map --json")).json();
    assert_eq!(std::fs::read(world.path("map.npy")).unwrap(), std::fs::read(world.path("map/map.npy")).unwrap());
    for field in ["kl_divergence", "trustworthiness", "label_accuracy"] {
        assert_eq!(made[field], embedded[field], "{field}");
    }
    let table = std::fs::read_to_string(world.path("map/map.csv")).unwrap();
    let columns = table.lines().map(|line| line.split(',').skip(1).take(2).collect::<Vec<_>>().join(",") + "\n");
    world.file("map.csv", columns.collect::<String>());
    for map in ["map.npy", "map/map.npy", "map/map.csv", "map.csv"] {
        let judged = world.words(&format!("bench tsne {points} --map {map} --json")).json();
        for field in ["kl_divergence", "trustworthiness", "neighbour_recall", "label_accuracy"] {
            assert_eq!(judged[field], made[field], "{map}: {field}");
        }
        assert!(judged.get("seconds").is_none() && judged.get("phases").is_none(), "{judged}");
    }
    let other = world.words(&format!("bench tsne {points} --map map.npy --perplexity 10 --json")).json();
    assert_ne!(other["kl_divergence"], made["kl_divergence"]);
    let said = world.words(&format!("bench tsne {points} --map map.npy --quiet")).done();
    assert!(said.starts_with("KL divergence 0.") && said.lines().count() == 1, "{said}");
    assert_eq!(world.names(), ["map", "map.csv", "map.npy"]);
}

#[test]
fn rows_of_numbers_may_have_labels() {
    let world = World::new();
    world.file(
        "heaps.csv",
        (0..40).map(|row| format!("{},{}\n", row % 2 * 100 + row, row * row % 7)).collect::<String>(),
    );
    world.file("labels.csv", "label\n0\n1\n".replacen("0\n1\n", &"0\n1\n".repeat(20), 1));
    let judge = |rest: &str| world.words(&format!("bench tsne --input heaps.csv --perplexity 5 {rest} --json")).json();
    assert_eq!(judge("")["label_accuracy"], serde_json::Value::Null);
    assert_eq!(judge("--labels labels.csv")["label_accuracy"], 1.0);
    let few = judge("--labels labels.csv --samples 30");
    assert_eq!((&few["samples"], &few["label_accuracy"]), (&30.into(), &1.0.into()));
    assert_eq!(world.names(), ["heaps.csv", "labels.csv"]);
}
