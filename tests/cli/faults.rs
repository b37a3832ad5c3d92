//! What others do to the files of a run while nobody looks: they are removed, replaced, damaged, or are no files at all.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::runner::{Ended, World, two_class_set};
use crate::train::{ENDLESS, TRAIN, after_an_epoch, epochs, weights, world};

/// How a run ends whose directory `meddle` does something to after an epoch: status, and the last line that it says.
fn after(world: &World, meddle: impl FnOnce(&Path)) -> (Option<i32>, String) {
    let (child, mut stdout) = after_an_epoch(world, &format!("{TRAIN} {ENDLESS} --out run"));
    meddle(&world.path("run"));
    stdout.read_to_end(&mut Vec::new()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said.lines().last().unwrap_or_default().to_owned())
}

#[cfg(unix)]
#[test]
fn a_run_whose_directory_is_gone_ends_and_writes_nothing_where_it_was() {
    let world = world();
    let words = "error: run was removed, moved or replaced";
    let (status, said) = after(&world, |run| fs::rename(run, world.path("moved")).unwrap());
    assert!(status == Some(1) && said.starts_with(words) && !said.contains("--resume"), "{status:?} {said}");
    assert!(!world.path("run").exists());
    // It goes on from where it is now.
    let more = (epochs(&world.path("moved")).len() + 1).to_string();
    world.run(["train", "--resume", "moved", "--quiet", "--epochs", &more]).done();

    // Another run is there by now.
    let (status, said) = after(&world, |run| {
        fs::rename(run, world.path("replaced")).unwrap();
        world.words(&format!("{TRAIN} --epochs 1 --seed 8 --out run")).done();
    });
    assert!(status == Some(1) && said.starts_with(words), "{status:?} {said}");
    assert_eq!(epochs(&world.path("run")), [1]);
    let result = fs::read_to_string(world.path("run/result.json")).unwrap();
    assert!(result.contains("\"seed\": 8"), "{result}");
    world.words("evaluate run").done();
}

#[cfg(unix)]
#[test]
fn named_pipes_in_place_of_files_are_not_waited_for() {
    let world = World::new();
    world.file("small.toml", "name = 'small'\nlayers = [{ type = 'flatten' }, { type = 'dense', units = 2, activation = 'softmax' }]\n[training]\nepochs = 1\nbatch = 8");
    two_class_set(&world.path("data"), [0, 200], 40, (4, 4));
    world.words("train small.toml --data data --out run").done();
    let run = world.path("run");
    let resume = "train --resume run --epochs 2";
    for (name, commands) in [
        (".lock", &[resume][..]),
        ("run.toml", &[resume, "evaluate run", "compare run"]),
        ("recipe.toml", &[resume, "compare run"]),
        ("metrics.jsonl", &[resume]),
        ("result.json", &["compare run"]),
        ("checkpoint.safetensors", &[resume]),
        ("model.safetensors", &["evaluate run", "evaluate run/model.safetensors"]),
        ("../data/train-labels-idx1-ubyte", &[resume, "evaluate run", "train small.toml --data data"]),
        ("../data/classes.txt", &["train small.toml --data data"]),
    ] {
        let [path, aside] = [run.join(name), world.path("aside")];
        let moved = fs::rename(&path, &aside).is_ok();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        for command in commands {
            let sentence = world.words(command).sentence();
            let name = Path::new(name).file_name().unwrap().to_str().unwrap();
            assert!(sentence.contains(name) && sentence.contains("not a file"), "{command}: {sentence}");
        }
        fs::remove_file(&path).unwrap();
        if moved {
            fs::rename(&aside, &path).unwrap();
        }
    }
    // A result can be had again.
    fs::remove_file(run.join("result.json")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(run.join("result.json")).status().unwrap().success());
    let ended = world.words("train --resume run --quiet");
    assert!(ended.status == Some(0) && ended.stderr.contains("it is a named pipe, not a file"), "{ended:?}");
    world.words("compare run").done();
}

/// Layers of many values for each image.
#[cfg(target_os = "linux")]
const WIDE: &str = "layers = [{ type = 'flatten' }, { type = 'dense', units = 2000 }, { type = 'dense', units = 2, activation = 'softmax' }]";

/// Runs words with a limit on the address space, in units of 1,024 bytes.
#[cfg(target_os = "linux")]
fn limited(world: &World, kilobytes: u64, words: &str) -> Ended {
    let command = world.command();
    let program = command.get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(format!("ulimit -v {kilobytes}; exec \"$0\" {words}")).arg(program);
    shell.current_dir(world.path(".")).envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Ended::of(&mut shell)
}

#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_is_said_as_such() {
    let world = world();
    two_class_set(&world.path("data"), [0, 200], 70_000, (2, 2));
    world.file(
        "wide.toml",
        format!("name = 'wide'\n{WIDE}\n[training]\nepochs = 1\nbatch = 8\n[data]\nvalidation = 0\n"),
    );
    for (kilobytes, words) in [
        (250_000, "train wide.toml --data data --batch 65536 --threads 1"),
        (1_000_000, "bench step --recipe speedrun-94 --batch 65536 --threads 1"),
        (250_000, "bench step --recipe seed-mlp --batch 65536 --threads 1"),
    ] {
        let sentence = limited(&world, kilobytes, words).sentence();
        assert!(sentence.contains("B of memory where ") && sentence.contains("smaller"), "{words}: {sentence}");
    }
    assert!(!world.path("runs").exists());

    // Nothing is wrong with a file that is too large, here one of 100 MB, nearly all of them a hole.
    let large = world.file("data/train-images-idx3-ubyte", [0, 0, 8, 3, 0, 0, 39, 16, 0, 0, 0, 100, 0, 0, 0, 100]);
    fs::File::options().write(true).open(large).unwrap().set_len(16 + 100_000_000).unwrap();
    let sentence = limited(&world, 80_000, "train --data data --threads 1").sentence();
    assert!(sentence.contains("train-images-idx3-ubyte: ") && sentence.contains("free memory"), "{sentence}");
    assert!(!sentence.contains("valid"), "{sentence}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_with_any_limit_is_trained_or_refused() {
    let world = World::new();
    two_class_set(&world.path("data"), [0, 200], 40, (28, 28));
    let training = "[training]\nepochs = 1\nbatch = 8\nkeep = 'best'\naverage = 0.9\n[data]\nvalidation = 0.3\n";
    world.file("wide.toml", format!("name = 'wide'\n{WIDE}\n{training}"));
    world.words("train wide.toml --data data --out whole --threads 2 --quiet").done();
    let mut trained = Vec::new();
    for kilobytes in (40_000..800_000).step_by(120_000) {
        for (words, kept) in [
            (format!("train wide.toml --data data --out {kilobytes} --threads 2 --quiet"), kilobytes.to_string()),
            ("train --resume whole --epochs 1 --threads 2 --quiet".to_owned(), "whole".to_owned()),
            ("evaluate whole --threads 2 --quiet".to_owned(), "whole".to_owned()),
        ] {
            let _ = fs::remove_file(world.path("whole/result.json"));
            let ended = limited(&world, kilobytes, &words);
            match ended.status {
                Some(0) => {
                    assert!(world.path(&kept).join("model.safetensors").exists());
                    trained.push(kilobytes);
                }
                Some(1) => assert!(ended.sentence().contains("memory"), "{kilobytes}: {words}"),
                _ => panic!("{kilobytes}: {ended:?}"),
            }
        }
    }
    assert!(trained.len() > 3, "{trained:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_planned_for_the_images_that_there_are() {
    let world = world();
    let words = "train small.toml --data drawn-garments --limit 100 --threads 1 --epochs 2 --quiet";
    world.words(&format!("{words} --batch 100 --out own")).done();
    limited(&world, 400_000, &format!("{words} --batch 65536 --out all")).done();
    // The recipes in the models differ.
    assert!(weights(&world.path("own")).1 == weights(&world.path("all")).1);
}

#[test]
fn a_finished_run_makes_its_model_again() {
    let world = world();
    world.words(&format!("{TRAIN} --out run --quiet")).done();
    let (model, before) = (world.path("run/model.safetensors"), weights(&world.path("run")));
    let meddle: [&dyn Fn(); 3] = [&|| fs::remove_file(&model).unwrap(), &|| fs::write(&model, "").unwrap(), &|| {
        fs::write(&model, &fs::read(&model).unwrap()[..500]).unwrap()
    }];
    for meddle in meddle {
        meddle();
        let ended = world.words("evaluate run");
        assert!(ended.status == Some(1) && !ended.stderr.contains("header"), "{ended:?}");
        let ended = world.words("train --resume run --quiet");
        assert!(ended.status == Some(0) && ended.stderr.contains("going on from the checkpoint"), "{ended:?}");
        assert!(weights(&world.path("run")) == before);
    }
    let problem = world.words("train --resume run --data mnist").sentence();
    assert!(problem.contains("run is finished and needs no data"), "{problem}");
    fs::write(world.path("run/run.toml"), "").unwrap();
    assert!(
        world
            .words("evaluate run")
            .sentence()
            .contains("run/run.toml is not a valid description of a run: it is empty")
    );
}

#[test]
fn files_of_another_run_are_refused() {
    let world = world();
    for (run, seed) in [("own", 1), ("other", 2)] {
        world.words(&format!("{TRAIN} --out {run} --seed {seed} --quiet")).done();
    }
    for (file, what, commands) in [
        (
            "model.safetensors",
            "its training.seed is 2 and that of recipe.toml 1, to be set back if it was edited",
            ["evaluate own", "train --resume own"],
        ),
        ("result.json", "its seed is 2, and that of the run 1", ["compare own", "train --resume own"]),
    ] {
        let own = fs::read(world.path("own").join(file)).unwrap();
        fs::copy(world.path("other").join(file), world.path("own").join(file)).unwrap();
        for command in commands {
            let sentence = world.words(command).sentence();
            assert!(sentence.starts_with(&format!("own/{file} is not of the run")), "{command}: {sentence}");
            assert!(sentence.contains(what), "{command}: {sentence}");
        }
        // As the sentence says, it can be made again.
        fs::remove_file(world.path("own").join(file)).unwrap();
        assert_eq!(world.words("train --resume own --quiet").status, Some(0));
        if file == "model.safetensors" {
            assert!(fs::read(world.path("own").join(file)).unwrap() == own);
        }
    }
    world.words("evaluate own").done();
    world.words("compare own other").done();
}

#[test]
fn a_directory_in_place_of_a_file_costs_nothing() {
    let world = world();
    world.words(&format!("{TRAIN} --out run --quiet")).done();
    for (file, command) in [
        ("result.json", "train --resume run"),
        ("result.json", "compare run"),
        ("model.safetensors", "train --resume run"),
        ("checkpoint.safetensors", "train --resume run --epochs 9"),
        ("metrics.jsonl", "train --resume run --epochs 9"),
    ] {
        let (path, aside) = (world.path("run").join(file), world.path("aside"));
        fs::rename(&path, &aside).unwrap();
        fs::create_dir(&path).unwrap();
        let sentence = world.words(command).sentence();
        let words = format!("cannot read run/{file}: it is a directory, not a file; a file belongs there");
        assert!(sentence.starts_with(&words), "{command}: {sentence}");
        fs::remove_dir(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
    }
    world.words("evaluate run").done();
    world.words("compare run").done();
}

#[test]
fn damaged_lines_of_the_history_are_said() {
    let world = world();
    world.words(&format!("{TRAIN} --out run")).done();
    let metrics = world.path("run/metrics.jsonl");
    let text = fs::read_to_string(&metrics).unwrap();
    fs::write(&metrics, text.replace("\"epoch\":2", "\"epoch\":")).unwrap();
    let ended = world.words("train --resume run --epochs 4 --json");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("run/metrics.jsonl has no sound line of epoch 2:"), "{ended:?}");
    assert_eq!(epochs(&world.path("run")), [1, 3, 4]);
}
