//! What `train` and `embed` write for TensorBoard.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use modiste_tensorboard::messages::{EventContent, Hyperparameters, Measured, SessionEvent, SettingKind};
use modiste_tensorboard::{FILE_NAME, read};
use prost::Message;
use serde_json::Value;

use crate::runner::World;
use crate::train::{ENDLESS, TRAIN, after_an_epoch, epochs, weights, world};

/// A tag of a scalar, and the field of a line of `metrics.jsonl` that it is.
const SCALARS: [(&str, &str); 6] = [
    ("loss/train", "train_loss"),
    ("loss/validation", "validation_loss"),
    ("accuracy/train", "train_accuracy"),
    ("accuracy/validation", "validation_accuracy"),
    ("learning_rate", "learning_rate"),
    ("images_per_second", "images_per_second"),
];

/// What a run's events hold.
#[derive(Default)]
struct Shown {
    /// By tag: step and value.
    scalars: BTreeMap<String, Vec<(i64, f32)>>,
    /// By tag: step and how many numbers there are.
    histograms: BTreeMap<String, Vec<(i64, f64)>>,
    /// By tag: columns and rows.
    pictures: BTreeMap<String, Vec<(i32, i32)>>,
    begun: Vec<BTreeMap<String, SettingKind>>,
    ends: usize,
}

impl Shown {
    /// In the directory of a run.
    fn of(run: &Path) -> Self {
        let events = read(&run.join(FILE_NAME)).unwrap();
        let version = EventContent::FileVersion("brain.Event:2".to_owned());
        assert_eq!(events[0].content, Some(version));
        assert!(events.iter().all(|event| event.wall_time > 1e9));
        let mut shown = Self::default();
        for event in &events {
            for summary in event.summaries() {
                let tag = || summary.tag.clone();
                match summary.measured.as_ref().unwrap() {
                    Measured::Scalar(value) => shown.scalars.entry(tag()).or_default().push((event.step, *value)),
                    Measured::Histogram(histogram) => {
                        assert_eq!(histogram.counts.iter().sum::<f64>(), histogram.count);
                        shown.histograms.entry(tag()).or_default().push((event.step, histogram.count));
                    }
                    Measured::Image(image) => {
                        let decoder = png::Decoder::new(std::io::Cursor::new(&image.encoded));
                        let info = decoder.read_info().unwrap().info().size();
                        assert_eq!(info, (image.width as u32, image.height as u32));
                        shown.pictures.entry(tag()).or_default().push((image.width, image.height));
                    }
                    Measured::Tensor(_) => {
                        shown.add_session(&summary.metadata.as_ref().unwrap().plugin.as_ref().unwrap().content)
                    }
                }
            }
        }
        shown
    }

    fn add_session(&mut self, content: &[u8]) {
        match Hyperparameters::decode(content).unwrap().event.unwrap() {
            SessionEvent::Begin(begun) => {
                let settings = begun.hyperparameters.into_iter();
                self.begun.push(settings.map(|(name, setting)| (name, setting.kind.unwrap())).collect());
            }
            SessionEvent::End(_) => self.ends += 1,
        }
    }
}

/// The scalars of a finished run are the numbers of its `metrics.jsonl` and `result.json`, each once.
#[track_caller]
fn assert_all_is_shown(run: &Path) {
    let shown = Shown::of(run);
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (tag, field) in SCALARS {
        let number = |line: &Value| Some((line["epoch"].as_i64()?, line[field].as_f64()? as f32));
        let expected: Vec<_> = lines.iter().filter_map(number).collect();
        assert_eq!(shown.scalars.get(tag).cloned().unwrap_or_default(), expected, "{tag}");
    }
    let result: Value = serde_json::from_str(&fs::read_to_string(run.join("result.json")).unwrap()).unwrap();
    for (tag, field) in [("loss/test", "test_loss"), ("accuracy/test", "test_accuracy")] {
        let expected = (result["epochs"].as_i64().unwrap(), result[field].as_f64().unwrap() as f32);
        assert_eq!(shown.scalars[tag], [expected], "{tag}");
    }
    assert_eq!(shown.scalars.len(), SCALARS.len() + 2);
    assert_eq!((shown.begun.len(), shown.ends), (1, 1));
    for tag in ["confusion", "mistakes"] {
        assert_eq!(shown.pictures[tag].len(), 1, "{tag}");
    }
}

#[test]
fn a_run_is_shown_as_it_is_measured() {
    let world = world();
    world.words(&format!("{TRAIN} --out run")).done();
    let run = world.path("run");
    assert_all_is_shown(&run);
    let shown = Shown::of(&run);
    assert_eq!(shown.histograms, BTreeMap::new());
    for (name, expected) in [
        ("recipe", SettingKind::Text("small".to_owned())),
        ("data", SettingKind::Text("drawn-garments".to_owned())),
        ("limit", SettingKind::Number(1000.0)),
        ("training.seed", SettingKind::Number(7.0)),
        ("training.batch", SettingKind::Number(16.0)),
        ("optimiser.type", SettingKind::Text("adam".to_owned())),
    ] {
        assert_eq!(shown.begun[0][name], expected, "{name}");
    }
}

#[test]
fn histograms_change_no_weight_and_count_each_parameter() {
    let world = world();
    world.words(&format!("{TRAIN} --out plain")).done();
    world.words(&format!("{TRAIN} --out looked-at --histograms")).done();
    let [plain, looked_at] = ["plain", "looked-at"].map(|name| world.path(name));
    assert!(weights(&plain) == weights(&looked_at));
    assert_all_is_shown(&looked_at);
    let histograms = Shown::of(&looked_at).histograms;
    let parameters = [("conv1.weight", 36.0), ("conv1.bias", 4.0), ("dense1.weight", 3240.0), ("dense1.bias", 10.0)];
    for group in ["weights", "gradients"] {
        for (name, count) in parameters {
            let expected = [(1, count), (2, count), (3, count)];
            assert_eq!(histograms[&format!("{group}/{name}")], expected, "{group} {name}");
        }
    }
    assert_eq!(histograms.len(), 2 * parameters.len());
}

#[test]
fn a_killed_run_that_goes_on_shows_each_epoch_once() {
    let world = world();
    let (mut child, _stdout) = after_an_epoch(&world, &format!("{TRAIN} {ENDLESS} --out run"));
    child.kill().unwrap();
    child.wait().unwrap();
    let run = world.path("run");
    // The kill may come while a record is written.
    let events = fs::read(run.join(FILE_NAME)).unwrap();
    fs::write(run.join(FILE_NAME), &events[..events.len() - 3]).unwrap();
    let more = (epochs(&run).len() + 2).to_string();
    world.run(["train", "--resume", "run", "--quiet", "--epochs", &more]).done();
    assert_all_is_shown(&run);

    // Another number of epochs is another setting, and a run that goes on has not ended yet.
    let more = epochs(&run).len() + 1;
    world.words(&format!("train --resume run --quiet --epochs {more}")).done();
    assert_all_is_shown(&run);
    assert_eq!(Shown::of(&run).begun[0]["training.epochs"], SettingKind::Number(more as f64));

    world.words("train --resume run --restart --quiet").done();
    assert_all_is_shown(&run);
    assert_eq!(Shown::of(&run).scalars["loss/train"].len(), more);
}

#[test]
fn what_is_lost_is_made_again_from_the_metrics() {
    let world = world();
    world.words(&format!("{TRAIN} --out run")).done();
    let run = world.path("run");
    fs::remove_file(run.join(FILE_NAME)).unwrap();
    world.words("train --resume run --quiet --epochs 4").done();
    assert_all_is_shown(&run);
    fs::write(run.join(FILE_NAME), "no events").unwrap();
    world.words("train --resume run --quiet --epochs 5").done();
    assert_all_is_shown(&run);
}

#[test]
fn a_run_whose_events_cannot_be_written_is_trained_all_the_same() {
    let world = world();
    world.words(&format!("{TRAIN} --out run")).done();
    let run = world.path("run");
    fs::remove_file(run.join(FILE_NAME)).unwrap();
    fs::create_dir(run.join(FILE_NAME)).unwrap();
    let ended = world.words("train --resume run --quiet --epochs 4");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stderr.starts_with("note: TensorBoard does not see all of the run: "), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert_eq!(epochs(&run), [1, 2, 3, 4]);
}

#[test]
fn the_projector_gets_each_point_with_its_class_and_its_image() {
    let world = World::new();
    world
        .words("embed --data drawn-garments --samples 30 --perplexity 5 --iterations 10 --projector --out images")
        .done();
    let read = |name: &str| fs::read_to_string(world.path(name)).unwrap();
    let tensors = read("images/tensors.tsv");
    let points: Vec<Vec<f32>> =
        tensors.lines().map(|line| line.split('\t').map(|value| value.parse().unwrap()).collect()).collect();
    assert!(points.len() == 30 && points.iter().all(|point| point.len() == 784));
    let metadata = read("images/metadata.tsv");
    let table = read("images/map.csv");
    assert_eq!(metadata.lines().next(), Some("index\tlabel\tpredicted"));
    for (row, line) in metadata.lines().zip(table.lines()).skip(1) {
        let (row, line): (Vec<_>, Vec<_>) = (row.split('\t').collect(), line.split(',').collect());
        assert_eq!(row, [line[0], line[3], line[4]]);
    }
    let config = read("images/projector_config.pbtxt");
    assert!(config.contains("single_image_dim: 28") && config.contains("sprite.png"), "{config}");
    let sprite = fs::File::open(world.path("images/sprite.png")).unwrap();
    let decoder = png::Decoder::new(std::io::BufReader::new(sprite));
    assert_eq!(decoder.read_info().unwrap().info().size(), (6 * 28, 5 * 28));

    // Equal rows lie together on the map, but each is a point. Rows of a file have no images.
    world.file("rows.csv", "1,2,3\n4,5,6\n1,2,3\n7,8,9.5\n10,11,12\n13,14,16\n");
    let document = world.words("embed --input rows.csv --perplexity 1 --iterations 10 --projector --out rows --json");
    assert_eq!(document.status, Some(0), "{document:?}");
    assert_eq!(read("rows/tensors.tsv").lines().filter(|line| *line == "1\t2\t3").count(), 2);
    assert!(!world.path("rows/sprite.png").exists() && !read("rows/projector_config.pbtxt").contains("sprite"));
    let document: Value = serde_json::from_str(&document.stdout).unwrap();
    assert_eq!(document["files"].as_array().unwrap().len(), 7);
}
