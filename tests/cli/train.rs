//! `train`: what a run leaves behind, and that nothing which stops it changes where it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::runner::{Ended, World, two_class_set};

/// Small enough for many epochs in a test, with everything that has state: dropout, shuffling, Adam.
pub const SMALL: &str = "
name = 'small'
layers = [
  { type = 'conv', filters = 4, kernel = 3, stride = 3, activation = 'relu' },
  { type = 'flatten' },
  { type = 'dropout', rate = 0.3 },
  { type = 'dense', units = 10, activation = 'softmax' },
]
[training]
epochs = 3
batch = 16
seed = 7
";

/// 1,000 of the drawn garments, a tenth of them held out: 57 steps.
pub const TRAIN: &str = "train small.toml --data drawn-garments --limit 1000 --threads 1";

pub fn world() -> World {
    let world = World::new();
    world.file("small.toml", SMALL);
    world
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

fn json(path: impl AsRef<Path>) -> Value {
    serde_json::from_slice(&read(path)).unwrap()
}

/// The numbers of the epochs in `metrics.jsonl`.
pub fn epochs(run: &Path) -> Vec<u64> {
    let text = String::from_utf8(read(run.join("metrics.jsonl"))).unwrap();
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["epoch"].as_u64().unwrap()).collect()
}

fn names(run: &Path) -> Vec<String> {
    let entries = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.filter(|name| name != ".lock").collect();
    names.sort();
    names
}

const COMPLETE: [&str; 8] = [
    "checkpoint.safetensors",
    "events.out.tfevents.modiste",
    "metrics.jsonl",
    "model.safetensors",
    "recipe.toml",
    "report.html",
    "result.json",
    "run.toml",
];

/// Weights and moments of a run, without the times that its checkpoint also holds.
pub fn weights(run: &Path) -> (Vec<u8>, Vec<u8>) {
    let checkpoint = read(run.join("checkpoint.safetensors"));
    let header = u64::from_le_bytes(checkpoint[..8].try_into().unwrap()) as usize;
    (read(run.join("model.safetensors")), checkpoint[8 + header..].to_vec())
}

#[track_caller]
fn assert_same_weights(run: &Path, other: &Path) {
    assert!(weights(run) == weights(other), "{} and {} differ", run.display(), other.display());
}

/// Starts a run that prints JSON and waits for its first epoch.
pub fn after_an_epoch(world: &World, words: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = world.command();
    command.args(words.split_whitespace()).arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"epoch\":1,"), "{line}");
    (child, stdout)
}

#[test]
fn a_run_leaves_everything_it_should() {
    let world = world();
    let ended = world.words(&format!("{TRAIN} --json"));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    let run = world.path("runs/small-1");
    assert_eq!(names(&run), COMPLETE);

    let result = &lines[3];
    assert_eq!(*result, json(run.join("result.json")));
    for (field, value) in [
        ("data", Value::from("drawn-garments")),
        ("recipe", "small".into()),
        ("run", "runs/small-1".into()),
        ("seed", 7.into()),
        ("threads", 1.into()),
        ("device", "cpu".into()),
        ("epochs", 3.into()),
        ("batch", 16.into()),
        ("steps", 171.into()),
        ("limit", 1000.into()),
        ("parameters", (4 * 9 + 4 + 9 * 9 * 4 * 10 + 10).into()),
        ("multiply_adds", (9 * 9 * 4 * 9 + 9 * 9 * 4 * 10).into()),
        ("best_epoch", Value::Null),
    ] {
        assert_eq!(result[field], value, "{field}");
    }
    let held_out = result["sizes"]["validation"].as_u64().unwrap();
    assert!((95..=105).contains(&held_out), "{result}");
    assert_eq!(result["sizes"]["train"], 1000 - held_out);
    assert_eq!(result["sizes"]["test"], 2000);
    for field in ["train_accuracy", "fitted_train_accuracy", "validation_accuracy", "test_accuracy"] {
        let accuracy = result[field].as_f64().unwrap();
        assert!((0.2..=1.0).contains(&accuracy), "{field} {accuracy}");
    }
    for field in ["train_loss", "validation_loss", "test_loss", "wall_seconds", "images_per_second"] {
        assert!(result[field].as_f64().unwrap() > 0.0, "{field}");
    }
    if cfg!(target_os = "linux") {
        assert!(result["peak_memory_bytes"].as_u64().unwrap() > 1_000_000);
    }

    assert_eq!(epochs(&run), [1, 2, 3]);
    let metrics = String::from_utf8(read(run.join("metrics.jsonl"))).unwrap();
    let kept: Vec<Value> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kept, lines[..3]);
    assert_eq!(lines[2]["train_loss"], result["train_loss"]);
    assert_eq!(lines[2]["validation_accuracy"], result["validation_accuracy"]);
    assert!(lines[2]["train_loss"].as_f64() < lines[0]["train_loss"].as_f64(), "it learns");
}

#[test]
fn people_see_a_line_for_each_epoch() {
    let world = world();
    let said = world.words(TRAIN).done();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 10, "{said}");
    assert!(lines[0].starts_with("small on drawn-garments: "), "{said}");
    for (line, epoch) in lines[1..4].iter().zip(["epoch 1/3  loss ", "epoch 2/3  loss ", "epoch 3/3  loss "]) {
        assert!(line.starts_with(epoch) && line.contains("  val_accuracy ") && line.contains(" img/s"), "{line}");
    }
    assert!(lines[9].contains("modiste evaluate runs/small-1"), "{said}");
    assert_eq!(world.words(&format!("{TRAIN} --quiet --epochs 1")).done().lines().count(), 1);
    let ended = world.words(&format!("{TRAIN} --quiet --json --epochs 1"));
    assert_eq!(ended.json()["epochs"], 1);
}

#[test]
fn what_was_asked_for_is_what_the_run_records() {
    let world = world();
    world.words(&format!("{TRAIN} --epochs 1 --batch 33 --seed 11 --out deep/own")).done();
    let recipe = String::from_utf8(read(world.path("deep/own/recipe.toml"))).unwrap();
    for line in ["epochs = 1", "batch = 33", "seed = 11", "validation = 0.1", "beta_2 = 0.999"] {
        assert!(recipe.lines().any(|found| found == line), "{line} is not in\n{recipe}");
    }
    // It is a recipe as good as any other.
    world.words("train deep/own/recipe.toml --data drawn-garments --limit 1000 --threads 1 --out again").done();
    assert_same_weights(&world.path("deep/own"), &world.path("again"));
}

#[test]
fn validation_images_can_be_had_back() {
    let world = world();
    for (validation, train, held_out) in [("0", 1000, 0), ("test", 1000, 2000), ("0.3", 700, 300)] {
        world.words(&format!("{TRAIN} --epochs 1 --validation {validation} --out {validation}")).done();
        let run = world.path(validation);
        let sizes = json(run.join("result.json"))["sizes"].clone();
        let size = |part: &str| sizes[part].as_u64().unwrap();
        // Each class is rounded by itself.
        assert!(size("train").abs_diff(train) <= 10 && size("validation").abs_diff(held_out) <= 10, "{sizes}");
        let written = if validation == "test" { "\"test\"" } else { validation };
        let recipe = String::from_utf8(read(run.join("recipe.toml"))).unwrap();
        assert!(recipe.contains(&format!("validation = {written}")), "{recipe}");
    }
    for wrong in ["1", "1.5", "-0.1", "tset", "nan"] {
        world.words(&format!("{TRAIN} --validation={wrong}")).misuse();
    }
    world.words("train --resume 0 --validation 0.1").misuse();
    world.file("best.toml", format!("{SMALL}keep = 'best'\n"));
    let sentence = world.words(&format!("{TRAIN} --validation test").replace("small.toml", "best.toml")).sentence();
    assert!(sentence.contains("--validation") && sentence.contains("held out"), "{sentence}");
    assert!(!world.path("runs").exists());
}

/// So long steps that the validation accuracy goes up and down.
const UNSTEADY: &str = "[optimiser]\ntype = 'adam'\nlearning_rate = 0.03\n[training]";

#[test]
fn the_best_epoch_is_kept_and_patience_ends() {
    let world = world();
    let recipe =
        SMALL.replace("[training]", UNSTEADY).replace("epochs = 3", "epochs = 60\nkeep = 'best'\npatience = 2");
    world.file("small.toml", recipe);
    world.words(&format!("{TRAIN} --out run")).done();
    let run = world.path("run");
    let result = json(run.join("result.json"));
    let (done, best) = (result["epochs"].as_u64().unwrap(), result["best_epoch"].as_u64().unwrap());
    assert!(done < 60 && best == done - 2, "{result}");
    assert_eq!(epochs(&run).len() as u64, done);
    let metrics = String::from_utf8(read(run.join("metrics.jsonl"))).unwrap();
    let record: Value = serde_json::from_str(metrics.lines().nth(best as usize - 1).unwrap()).unwrap();
    assert_eq!(result["validation_accuracy"], record["validation_accuracy"]);

    // The model is that epoch's.
    let evaluated = world.words("evaluate run --json").json();
    assert_eq!((&evaluated["epochs"], &evaluated["accuracy"]), (&best.into(), &result["test_accuracy"]));
    let validation = world.words("evaluate run --split validation --json").json();
    assert_eq!(validation["loss"], result["validation_loss"]);

    for more in ["", " --epochs 60"] {
        let ended = world.words(&format!("train --resume run{more}"));
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(ended.stderr.contains(&format!("finished after {done} epochs")), "{ended:?}");
        assert!(ended.stderr.contains("raise training.patience in run/recipe.toml"), "{ended:?}");
    }
    // Without its result it is measured again, to the same end.
    fs::remove_file(run.join("result.json")).unwrap();
    world.words("train --resume run --quiet").done();
    let again = json(run.join("result.json"));
    for field in ["epochs", "best_epoch", "test_loss", "validation_loss", "fitted_train_accuracy"] {
        assert_eq!(again[field], result[field], "{field}");
    }
    let text = String::from_utf8(read(run.join("recipe.toml"))).unwrap();
    fs::write(run.join("recipe.toml"), text.replace("patience = 2", "patience = 3")).unwrap();
    let ended = world.words("train --resume run --quiet");
    assert!(ended.status == Some(0) && ended.stderr.contains("training.patience was 2 and is 3"), "{ended:?}");
    assert!(json(run.join("result.json"))["epochs"].as_u64().unwrap() > done);
}

#[test]
fn runs_are_numbered() {
    let world = world();
    for number in 1..=2 {
        world.words(&format!("{TRAIN} --epochs 1")).done();
        assert_eq!(names(&world.path(&format!("runs/small-{number}"))), COMPLETE);
    }
    assert_same_weights(&world.path("runs/small-1"), &world.path("runs/small-2"));
    world.words(&format!("{TRAIN} --epochs 1 --seed 8")).done();
    assert!(weights(&world.path("runs/small-1")) != weights(&world.path("runs/small-3")));
}

#[test]
fn threads_change_nothing() {
    let world = world();
    for threads in [1, 2, 4] {
        world.words(&format!("{TRAIN} --threads {threads} --out {threads}").replacen("--threads 1", "", 1)).done();
        assert_same_weights(&world.path("1"), &world.path(&threads.to_string()));
    }
}

/// A run that no machine finishes before it is stopped.
pub const ENDLESS: &str = "--epochs 1000000";

/// Resumes a stopped run for two epochs more than it has, and holds it against one that was never stopped.
fn goes_on_as_if_nothing_had_been(world: &World, run: &Path, done: usize) {
    assert!(!run.join("result.json").exists());
    let more = (done + 2).to_string();
    // Another number of threads and another place are no matter.
    let mut command = world.command();
    command.current_dir("/").args(["train", "--json", "--epochs", &more, "--resume"]).arg(run);
    let resumed = command.output().unwrap();
    assert!(resumed.status.success(), "{resumed:?}");
    let whole = run.with_extension("whole");
    world.words(&format!("{TRAIN} --epochs {more} --out {}", whole.display())).done();
    assert_same_weights(run, &whole);
    assert_eq!(epochs(run), (1..=done as u64 + 2).collect::<Vec<_>>());
    assert_eq!(names(run), COMPLETE);
    let (result, whole) = (json(run.join("result.json")), json(whole.join("result.json")));
    for field in ["train_loss", "validation_loss", "test_loss", "test_accuracy", "steps", "sizes"] {
        assert_eq!(result[field], whole[field], "{field}");
    }
}

/// Whether what is begun here ignores the end of its terminal: a shell outlives it then.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    Command::new("sh").args(["-c", "kill -HUP $$; true"]).status().unwrap().success()
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_as_if_nothing_had_been() {
    let world = world();
    // Only Linux says whether the end of a terminal is to be ignored; and it is where the tests themselves are to outlive it.
    let hang_up = cfg!(target_os = "linux") && !ignores_hang_up();
    for signal in ["INT", "TERM", "HUP"].into_iter().filter(|&signal| signal != "HUP" || hang_up) {
        let (child, mut stdout) = after_an_epoch(&world, &format!("{TRAIN} {ENDLESS} --out {signal}"));
        // The shell's own `kill`, since not every system has another.
        Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status().unwrap();
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{stderr}");
        assert!(stderr.contains(&format!("modiste train --resume {signal}")), "{stderr}");
        let run = world.path(signal);
        goes_on_as_if_nothing_had_been(&world, &run, epochs(&run).len());
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_is_to_outlive_its_terminal_does() {
    let world = world();
    // What nohup does, and then a program.
    let words = format!("trap '' HUP; exec \"$0\" {TRAIN} --epochs 60 --out kept --json");
    let mut shell = Command::new("sh");
    shell.args(["-c", &words, env!("CARGO_BIN_EXE_modiste")]).current_dir(world.path(""));
    let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    stdout.read_line(&mut said).unwrap();
    Command::new("sh").args(["-c", &format!("kill -HUP {}", child.id())]).status().unwrap();
    stdout.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
    assert_eq!(epochs(&world.path("kept")).len(), 60);
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_been() {
    let world = world();
    let (mut child, _stdout) = after_an_epoch(&world, &format!("{TRAIN} {ENDLESS} --out killed"));
    child.kill().unwrap();
    child.wait().unwrap();
    let run = world.path("killed");
    // What the kill may leave in its worst moment.
    fs::write(run.join(".checkpoint.safetensors.1234.unfinished"), "half").unwrap();
    let mut metrics = read(run.join("metrics.jsonl"));
    let done = epochs(&run).len();
    metrics.extend(b"{\"epoch\":39,\"st");
    fs::write(run.join("metrics.jsonl"), metrics).unwrap();
    goes_on_as_if_nothing_had_been(&world, &run, done);
}

/// Killed after its last checkpoint but before its model was written.
#[test]
fn the_model_of_a_finished_run_is_that_of_its_last_checkpoint() {
    let world = world();
    world.words(&format!("{TRAIN} --epochs 1 --out one")).done();
    world.words(&format!("{TRAIN} --epochs 2 --out two")).done();
    world.words(&format!("{TRAIN} --epochs 2 --out whole")).done();
    fs::copy(world.path("one/model.safetensors"), world.path("two/model.safetensors")).unwrap();
    fs::remove_file(world.path("two/result.json")).unwrap();
    world.words("train --resume two").done();
    assert_same_weights(&world.path("two"), &world.path("whole"));
}

#[test]
fn what_cannot_be_trained_leaves_no_directory() {
    let world = world();
    world.file("deep.toml", SMALL.replace("layers = [", "layers = [{ type = 'max_pool', size = 32 }, "));
    let sentence = world.words("train deep.toml --data drawn-garments --limit 10 --out run").sentence();
    assert!(sentence.contains("does not fit images of 28x28x1"), "{sentence}");
    assert!(!world.path("run").exists());
}

/// One step an epoch, nothing to validate on, and a step so long that the weights are finite but absurd.
#[test]
fn absurd_weights_are_not_kept_as_good() {
    let world = world();
    let recipe = SMALL
        .replace("[training]", "[data]\nvalidation = 0\n[optimiser]\ntype = 'adam'\nlearning_rate = 1e37\n[training]");
    world.file("wild.toml", recipe.replace("batch = 16", "batch = 100"));
    let ended = world.words("train wild.toml --data drawn-garments --limit 100 --out run");
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("diverged") && ended.stderr.contains("last good checkpoint"), "{ended:?}");
    let ended = world.words("evaluate run --json");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.json()["loss"].as_f64().unwrap() < 100.0);
}

#[test]
fn a_run_killed_before_its_first_checkpoint_begins_anew() {
    let world = world();
    world.words(&format!("{TRAIN} --out whole")).done();
    world.words(&format!("{TRAIN} --out early")).done();
    for name in ["checkpoint.safetensors", "model.safetensors", "metrics.jsonl", "result.json"] {
        fs::remove_file(world.path("early").join(name)).unwrap();
    }
    world.words("train --resume early").done();
    assert_same_weights(&world.path("whole"), &world.path("early"));
}

#[test]
fn a_finished_run_says_so_and_goes_on_if_asked() {
    let world = world();
    world.words(&format!("{TRAIN} --out run")).done();
    let before = read(world.path("run/result.json"));
    let ended = world.words("train --resume run --json");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("run is finished after 3 epochs"), "{ended:?}");
    assert_eq!(
        serde_json::from_str::<Value>(&ended.stdout).unwrap(),
        serde_json::from_slice::<Value>(&before).unwrap()
    );

    let sentence = world.words("train --resume run --epochs 2").sentence();
    assert!(sentence.contains("3 epochs already"), "{sentence}");
    assert_eq!(read(world.path("run/result.json")), before);

    world.words("train --resume run --epochs 5").done();
    world.words(&format!("{TRAIN} --epochs 5 --out whole")).done();
    assert_same_weights(&world.path("run"), &world.path("whole"));
    assert_eq!(epochs(&world.path("run")), [1, 2, 3, 4, 5]);
    assert_eq!(json(world.path("run/result.json"))["epochs"], 5);
}

#[test]
fn a_finished_run_that_cannot_go_on_stays_as_it_is() {
    let world = world();
    world.words(&format!("{TRAIN} --epochs 1 --out run")).done();
    let result = read(world.path("run/result.json"));
    let recipe = world.path("run/recipe.toml");
    let text = String::from_utf8(read(&recipe)).unwrap();
    for (from, to, word) in [
        ("batch = 16", "batch = 17", "batch 16"),
        ("seed = 7", "seed = 8", "seed 7"),
        ("type = \"adam\"", "type = \"adamw\"", "optimiser adam"),
    ] {
        assert!(text.contains(from), "{text}");
        let changed = text.replace(from, to);
        fs::write(&recipe, &changed).unwrap();
        let sentence = world.words("train --resume run --epochs 2").sentence();
        assert!(sentence.contains(word), "{sentence}");
        assert_eq!((read(world.path("run/result.json")), read(&recipe)), (result.clone(), changed.into_bytes()));
    }
    fs::write(&recipe, text).unwrap();
    world.words("train --resume run --epochs 2").done();
}

#[test]
fn a_diverging_run_keeps_its_last_good_checkpoint() {
    let world = world();
    world.words(&format!("{TRAIN} --epochs 1 --out run")).done();
    let (model, _) = weights(&world.path("run"));
    let recipe = world.path("run/recipe.toml");
    let text = String::from_utf8(read(&recipe)).unwrap();
    assert!(text.contains("learning_rate = 0.001"));
    fs::write(&recipe, text.replace("learning_rate = 0.001", "learning_rate = 1e38")).unwrap();
    let ended = world.words("train --resume run --epochs 3 --quiet");
    assert_eq!(ended.status, Some(1), "{ended:?}");
    for words in ["learning_rate was 0.001 and is 1e38", "diverged", "epoch 2", "lower optimiser.learning_rate"] {
        assert!(ended.stderr.contains(words), "{words} is not in {ended:?}");
    }
    assert!(weights(&world.path("run")).0 == model, "the last good weights are gone");
    assert_eq!(epochs(&world.path("run")), [1]);

    // From the very start there is nothing better to keep than the first weights, but these are good.
    let wild = "[optimiser]\ntype = 'muon'\nothers = { learning_rate = 1e38 }\n[training]";
    world.file("wild.toml", SMALL.replace("[training]", wild));
    let ended = world.words("train wild.toml --data drawn-garments --limit 1000 --out wild --quiet");
    let sentence = ended.sentence();
    assert!(
        sentence.contains("epoch 1") && sentence.contains("or optimiser.others.learning_rate (now 1e38)"),
        "{sentence}"
    );
    assert_eq!(
        names(&world.path("wild")),
        COMPLETE.into_iter().filter(|name| !["report.html", "result.json"].contains(name)).collect::<Vec<_>>()
    );
}

/// A limit on the size of files is as near to a full disk as a test without privileges comes.
#[cfg(unix)]
#[test]
fn a_full_disk_destroys_nothing() {
    let world = world();
    world.words(&format!("{TRAIN} --epochs 1 --out run")).done();
    world.words(&format!("{TRAIN} --epochs 2 --out whole")).done();
    let kept = weights(&world.path("run"));
    // 8 blocks of at most 1,024 bytes: enough for the texts, too little for the weights.
    let shell = format!("ulimit -f 8; exec {} train --resume run --epochs 2 --quiet", env!("CARGO_BIN_EXE_modiste"));
    let output = Command::new("sh").args(["-c", &shell]).current_dir(world.path(".")).output().unwrap();
    let ended = Ended {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    let sentence = ended.sentence();
    assert!(sentence.contains("checkpoint.safetensors") && sentence.contains("--resume run"), "{sentence}");
    assert!(weights(&world.path("run")) == kept, "the checkpoint changed");
    assert!(names(&world.path("run")).iter().all(|name| !name.starts_with('.')), "{:?}", names(&world.path("run")));
    world.words("train --resume run").done();
    assert_same_weights(&world.path("run"), &world.path("whole"));
}

#[test]
fn a_run_outlives_its_listener() {
    let world = world();
    let (child, stdout) = after_an_epoch(&world, &format!("{TRAIN} --epochs 10 --out run"));
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(names(&world.path("run")), COMPLETE);
}

#[test]
fn a_directory_with_something_in_it_is_no_place_for_a_run() {
    let world = world();
    world.file("mine/thesis.tex", "x");
    let sentence = world.words(&format!("{TRAIN} --out mine")).sentence();
    assert!(sentence.contains("mine is not empty"), "{sentence}");
    assert_eq!(names(&world.path("mine")), ["thesis.tex"]);
    world.words(&format!("{TRAIN} --epochs 1 --out run")).done();
    let before = weights(&world.path("run"));
    let sentence = world.words(&format!("{TRAIN} --out run")).sentence();
    assert!(sentence.contains("run already holds a run") && sentence.contains("--resume"), "{sentence}");
    assert!(weights(&world.path("run")) == before);
}

#[test]
fn only_a_run_with_its_own_data_goes_on() {
    let world = world();
    for words in ["train --resume none", "train --resume ."] {
        let sentence = world.words(words).sentence();
        assert!(sentence.contains("is not a run directory"), "{sentence}");
    }
    assert_eq!(world.names(), ["small.toml"]);

    let flat = "name = 'flat'\nlayers = [{ type = 'flatten' }, { type = 'dense', units = 2, activation = 'softmax' }]\n\
                [training]\nepochs = 1\nbatch = 4\n";
    world.file("flat.toml", flat);
    two_class_set(&world.path("set"), [10, 200], 40, (4, 4));
    world.words("train flat.toml --data set --out run").done();
    two_class_set(&world.path("set"), [10, 201], 40, (4, 4));
    let before = read(world.path("run/recipe.toml"));
    let sentence = world.words("train --resume run --epochs 2").sentence();
    assert!(sentence.contains("not what run was trained on"), "{sentence}");
    assert_eq!(read(world.path("run/recipe.toml")), before);
    two_class_set(&world.path("set"), [10, 200], 40, (4, 4));
    // From elsewhere: the run knows where its data is.
    let resumed =
        world.command().current_dir("/").args(["train", "--epochs", "2", "--resume"]).arg(world.path("run")).output();
    assert!(resumed.as_ref().unwrap().status.success(), "{resumed:?}");
    assert_eq!(json(world.path("run/result.json"))["data"], "set", "data is what it was called at first");
}

#[test]
fn a_damaged_checkpoint_is_told_by_name() {
    let world = world();
    world.words(&format!("{TRAIN} --epochs 1 --out run")).done();
    let path = world.path("run/checkpoint.safetensors");
    let whole = read(&path);
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [&whole[..whole.len() / 2], b"", &flipped[..]] {
        fs::write(&path, damaged).unwrap();
        let sentence = world.words("train --resume run --epochs 2").sentence();
        assert!(sentence.contains("checkpoint.safetensors"), "{sentence}");
    }
}

#[test]
fn wrong_words_are_told_before_anything_is_made() {
    let world = world();
    for words in [
        "train small.toml --resume run",
        "train --resume run --seed 1",
        "train --resume run --batch 1",
        "train --epochs 0",
        "train --batch 0",
        "train --limit 0",
        "train --seed 9223372036854775808",
        "train --seed -1",
        "train --threads 0",
    ] {
        world.words(words).misuse();
    }
    let sentence = world.words(&format!("{TRAIN} --device cuda")).sentence();
    assert!(sentence.contains("CUDA"), "{sentence}");
    assert!(world.words("train nothing --data drawn-garments").sentence().contains("no recipe 'nothing'"));
    let sentence = world.words(&format!("{TRAIN} --limit 1").replacen("--limit 1000", "", 1).replace("small", "none"));
    assert!(sentence.sentence().contains("no recipe"));
    assert_eq!(world.names(), ["small.toml"]);
    world.words(&format!("{TRAIN} --epochs 1 --seed 9223372036854775807")).done();
}
