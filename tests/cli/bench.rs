//! `bench`: the numbers it prints are there and agree with each other.

use crate::runner::World;

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
