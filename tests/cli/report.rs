//! `report`: a page that says what `evaluate` says, needs nothing but itself, and is there after training.

use std::fs;
use std::path::Path;

use modiste_data::ImageShape;
use serde_json::Value;

use crate::runner::{Part, World, write_set};

const SMALL: &str = "
name = 'small'
layers = [
    { type = 'conv', filters = 4, kernel = 3, padding = 'same', activation = 'relu' },
    { type = 'max_pool', size = 4 },
    { type = 'flatten' },
    { type = 'dense', units = 10, activation = 'softmax' },
]
[training]
epochs = 2
batch = 32
";

/// A world with one run, `run`, of drawn garments.
fn world() -> World {
    let world = World::new();
    world.file("small.toml", SMALL);
    world.words("train small.toml --data drawn-garments --limit 1000 --out run").done();
    world
}

fn page(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// What the page tells its script.
fn facts(page: &str) -> Value {
    let start = page.find("id=\"facts\">").unwrap() + 11;
    serde_json::from_str(&page[start..start + page[start..].find("</script>").unwrap()]).unwrap()
}

/// Fetches nothing.
#[track_caller]
fn is_alone(page: &str) {
    for address in ["http:", "https:", "//", "@import", "<link"] {
        let ours = |line: &&str| line.contains("base64,") || line.trim_start().starts_with("//");
        let found = page.lines().filter(|line| !ours(line)).any(|line| line.contains(address));
        assert!(!found, "{address}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn it_counts_what_evaluate_counts() {
    let world = world();
    let evaluated = world.words("evaluate run --json").json();
    let page = page(&world.path("run/report.html"));
    let facts = facts(&page);
    assert_eq!(facts["confusion"], evaluated["confusion"]);
    assert_eq!(facts["classes"], evaluated["classes"]);
    for (name, value) in
        [("Test accuracy", "accuracy"), ("Test loss", "loss"), ("Calibration error", "calibration_error")]
    {
        let headline = format!("<dt>{name}</dt><dd>{:.4}</dd>", evaluated[value].as_f64().unwrap());
        assert!(page.contains(&headline), "{headline}");
    }
    // Every mistake is there as an image, and of the right ones up to forty of a class.
    let images: Vec<(usize, usize, usize, f64)> = serde_json::from_value(facts["images"].clone()).unwrap();
    for (truth, row) in evaluated["confusion"].as_array().unwrap().iter().enumerate() {
        for (guess, count) in row.as_array().unwrap().iter().enumerate() {
            let shown = images.iter().filter(|image| (image.1, image.2) == (truth, guess)).count() as u64;
            let count = count.as_u64().unwrap();
            assert_eq!(shown, if truth == guess { count.min(40) } else { count }, "{truth} taken for {guess}");
        }
    }
    is_alone(&page);
    assert!(page.len() < 3_000_000, "{}", page.len());
    for heading in ["Curves", "Confusions", "Hardest pairs", "Most confident mistakes", "First layer", "Layer by layer"]
    {
        assert!(page.contains(heading), "{heading}");
    }
}

#[test]
fn it_is_written_after_training_unless_that_is_forbidden() {
    let world = world();
    let path = world.path("run/report.html");
    let first = page(&path);
    fs::remove_file(&path).unwrap();
    assert_eq!(world.words("report run").done(), "run/report.html\n");
    // So many images are looked at by the command alone.
    let second = page(&path);
    assert!(
        facts(&second) == facts(&first) && first.contains("Nobody has looked") && !second.contains("Nobody has looked")
    );
    let said = world.words("train small.toml --data drawn-garments --limit 1000 --out plain --no-report").done();
    assert!(!world.path("plain/report.html").exists() && !said.contains("report"), "{said}");
    // What is trained further is another run.
    world.words("train --resume run --epochs 3 --no-report").done();
    assert!(!path.exists());
}

#[test]
fn training_ends_with_what_is_hardest() {
    let world = World::new();
    world.file("small.toml", SMALL);
    let said = world.words("train small.toml --data drawn-garments --limit 1000 --out run").done();
    let lines: Vec<&str> = said.lines().rev().take(6).collect();
    let beginnings = [
        "kept in run; ",
        "all of it, with images: run/report.html",
        "hard to tell apart: ",
        "hard to tell apart: ",
        "training images: accuracy ",
        "2,000 test images of drawn-garments: accuracy ",
    ];
    for (line, beginning) in lines.iter().zip(beginnings) {
        assert!(line.starts_with(beginning), "{beginning} {said}");
    }
}

#[test]
fn figures_are_files_of_both_kinds() {
    let world = world();
    let document = world.words("report run --out page.html --figures figures --json").json();
    assert_eq!((&document["report"], &document["runs"]), (&"page.html".into(), &serde_json::json!(["run"])));
    assert_eq!(document["bytes"], fs::metadata(world.path("page.html")).unwrap().len());
    let figures: Vec<String> = serde_json::from_value(document["figures"].clone()).unwrap();
    for name in ["loss", "accuracy", "learning-rate", "confusion", "reliability", "coverage", "filters", "stages"] {
        let [svg, png] = ["svg", "png"].map(|ending| format!("figures/{name}.{ending}"));
        assert!(figures.contains(&svg) && figures.contains(&png), "{figures:?}");
        let text = fs::read_to_string(world.path(&svg)).unwrap();
        assert!(text.starts_with("<svg ") && text.trim_end().ends_with("</svg>"), "{svg}");
        assert_eq!(fs::read(world.path(&png)).unwrap()[..8], *b"\x89PNG\r\n\x1a\n", "{png}");
    }
}

#[test]
fn names_of_classes_are_text_whatever_they_are() {
    let world = World::new();
    world.file("small.toml", SMALL.replace("units = 10", "units = 3").replace("size = 4", "size = 2"));
    let shape = ImageShape { height: 6, width: 6, channels: 3 };
    let part = |count: usize| Part {
        shape,
        pixels: (0..count * shape.len()).map(|place| (place * 89 % 251) as u8).collect(),
        labels: (0..count).map(|image| (image % 2) as u8).collect(),
    };
    write_set(&world.path("set"), [part(60), part(20)]);
    // The third class has no image at all.
    world.file("set/classes.txt", "<img src=x onerror=\"alert('1')\">\n犬 & кот\n</script><b>\n");
    let ended = world.words("train small.toml --data set --validation 0 --out run");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let page = page(&world.path("run/report.html"));
    assert!(!page.contains("<img src=x") && !page.contains("<b>") && page.contains("犬"), "not escaped");
    assert_eq!(page.matches("</script>").count(), page.matches("<script").count());
    assert_eq!(facts(&page)["classes"][2], "</script><b>");
    is_alone(&page);
}

#[test]
fn without_its_data_a_run_has_a_page_without_images() {
    let world = World::new();
    world.file("small.toml", SMALL.replace("units = 10", "units = 2"));
    let shape = ImageShape { height: 8, width: 8, channels: 1 };
    let part =
        || Part { shape, pixels: (0..64 * 40).map(|place| (place % 255) as u8).collect(), labels: [0, 1].repeat(20) };
    write_set(&world.path("set"), [part(), part()]);
    world.words("train small.toml --data set --validation 0 --out run");
    fs::rename(world.path("set"), world.path("elsewhere")).unwrap();
    let ended = world.words("report run");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "run/report.html\n"), "{ended:?}");
    assert!(
        ended.stderr.starts_with("note: there are no images in it") && ended.stderr.lines().count() == 1,
        "{ended:?}"
    );
    let page = page(&world.path("run/report.html"));
    assert!(page.contains("Curves") && page.contains("there are no images in it") && !page.contains("Confusions"));
    world.words("report run --data elsewhere").done();
    assert!(fs::read_to_string(world.path("run/report.html")).unwrap().contains("Confusions"));
}

#[test]
fn several_runs_are_compared() {
    let world = World::new();
    world.file("small.toml", SMALL);
    world.words("train small.toml --data drawn-garments --limit 1000 --seeds 2 --out series").done();
    assert!(world.path("series/seed-1/report.html").exists());
    let document = world.words("report series --figures figures --json").json();
    assert_eq!(document["runs"], serde_json::json!(["series/seed-0", "series/seed-1"]));
    let page = page(&world.path("report.html"));
    is_alone(&page);
    for words in ["2 runs of 1 experiment", "McNemar", "Where they disagree", ": series/seed-1", "test accuracy"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(world.path("figures/validation-accuracy.svg").exists());
}

#[test]
fn what_cannot_be_reported_is_said() {
    let world = world();
    assert!(world.words("report none").sentence().contains("there is no none"));
    assert!(world.words("report run/model.safetensors").sentence().contains("name the directory of its run"));
    assert!(world.words("report run --out run").sentence().contains("is a directory"));
    world.file("run/metrics.jsonl", "{\"epoch\":");
    let ended = world.words("report run");
    assert!(ended.status == Some(0) && ended.stderr.contains("no curves"), "{ended:?}");
    world.file("run/result.json", "{");
    assert!(world.words("report run").sentence().contains("result.json"));
    fs::remove_file(world.path("run/result.json")).unwrap();
    assert!(world.words("report run").stderr.contains("is not finished"));
    world.file("run/model.safetensors", "no model");
    assert!(world.words("report run").sentence().contains("model.safetensors"));
    fs::remove_file(world.path("run/run.toml")).unwrap();
    assert!(world.words("report run").sentence().contains("is not a run directory"));
}
