//! Wrong input of every kind ends in one sentence that names what is wrong, or in a word about usage.

use std::fs;

use crate::runner::World;

/// A recipe with these layers.
fn recipe(layers: &str) -> String {
    format!("name = 'mine'\nlayers = [{layers}]\n[training]\nepochs = 1\nbatch = 4\n")
}

const END: &str = "{ type = 'flatten' }, { type = 'dense', units = 10, activation = 'softmax' }";

#[test]
fn recipes_that_are_none() {
    let world = World::new();
    world.file("binary.toml", [0xff, 0xfe, 0x00, 0x80]);
    world.file("empty.toml", "");
    fs::create_dir(world.path("directory.toml")).unwrap();
    for (recipe, words) in [
        ("no-such", "no recipe 'no-such'"),
        ("", "no recipe ''"),
        ("no/such.toml", "seed-mlp, seed-vgg"),
        ("directory.toml", "directory.toml"),
        ("binary.toml", "cannot read the recipe binary.toml"),
        ("empty.toml", "lacks the field 'name'"),
    ] {
        for command in [&["summary", recipe][..], &["bench", "step", "--recipe", recipe]] {
            let sentence = world.run(command).sentence();
            assert!(sentence.contains(words), "{command:?}: {sentence}");
        }
    }
}

#[test]
fn recipes_that_are_wrong() {
    let world = World::new();
    let conv = |rest: &str| recipe(&format!("{{ type = 'conv', {rest} }}, {END}"));
    for (text, words) in [
        ("name = ".to_owned(), "line 1"),
        (recipe(END).replace("batch", "bach"), "bach"),
        (recipe(END).replace("batch = 4", "batch = 0"), "training.batch is 0"),
        (recipe(END).replace("batch = 4", "batch = -4"), "-4"),
        (recipe(END).replace("batch = 4", "batch = 'four'"), "four"),
        (recipe(END).replace("batch = 4", "batch = 99999999999999999999"), "line 5"),
        (recipe(END).replace("epochs = 1", "epochs = 1.5"), "1.5"),
        (recipe(END).replace("epochs = 1", ""), "epochs"),
        (recipe(END).replace("'mine'", "'../mine'"), "../mine"),
        (recipe(END).replace("units = 10", "units = 11"), "11 units"),
        (recipe(END).replace("units = 10", "units = 0"), "units 0"),
        (recipe(END).replace("units = 10, activation = 'softmax'", "bias = false"), "needs units"),
        (recipe(END).replace(", activation = 'softmax'", ""), "without softmax"),
        (recipe(END).replace("softmax", "sofmax"), "sofmax"),
        (recipe(END) + "[data]\nvalidation = 1.5\n", "1.5"),
        (recipe(END) + "[data]\nvalidation = 'tset'\n", "line 7"),
        (recipe(END) + "[data]\nscaling = { divide = 0, subtract = 0, multiply = 1 }\n", "data.scaling"),
        (recipe(END) + "[data]\nscaling = { divide = 1e-37, subtract = 0, multiply = 1 }\n", "data.scaling makes inf"),
        (recipe(END) + "[optimiser]\ntype = 'adam'\nlearning_rate = nan\n", "learning_rate"),
        (recipe(END) + "[optimiser]\ntype = 'adma'\n", "adma"),
        (recipe(END) + "keep = 'bets'\n", "bets"),
        (recipe(END) + "patience = 0\n", "training.patience is 0"),
        (recipe(END) + "keep = 'best'\n[data]\nvalidation = 0\n", "training.keep"),
        (recipe(END) + "patience = 5\n[data]\nvalidation = 'test'\n", "training.patience"),
        (recipe(END) + "[evaluation]\nshift = 65\n", "evaluation.shift is 65"),
        (recipe(END) + "[evaluation]\nshift = -1\n", "-1"),
        (recipe(END) + "[evaluation]\nflop = true\n", "flop"),
        (recipe(""), "missing"),
        (recipe("{ type = 'dense', units = 10, activation = 'softmax' }"), "flatten"),
        (
            recipe(&format!("{{ type = 'residual', layers = [{{ type = 'max_pool', size = 2 }}] }}, {END}")),
            "kernel 1 in the shortcut",
        ),
        (
            recipe(&format!(
                "{{ type = 'flatten' }}, {{ type = 'residual', layers = [{{ type = 'dense', units = 5 }}] }}, {END}"
            )),
            "a dense layer in the shortcut",
        ),
        (recipe(&format!("{END}, {END}")), "layer 2 (dense1)"),
        (
            recipe(&format!("{{ type = 'depthwise_conv', kernel = 3, activation = 'softmax' }}, {END}")),
            "depthwise_conv1",
        ),
        (recipe(&format!("{{ type = 'dropout', rate = 1.0 }}, {END}")), "rate 1"),
        (recipe(&format!("{{ type = 'leaky_relu', slope = inf }}, {END}")), "slope inf"),
        (recipe(&format!("{{ type = 'max_pool', size = 0 }}, {END}")), "size 0"),
        (recipe(&format!("{{ type = 'max_pool', size = 2, stride = 0 }}, {END}")), "stride 0"),
        (recipe(&format!("{{ type = 'transformer' }}, {END}")), "transformer"),
        (conv("filters = 8, kernel = 4"), "must be odd"),
        (conv("filters = 8, kernel = 29"), "kernel 29"),
        (conv("filters = 8, kernel = -3"), "-3"),
        (conv("filters = 0, kernel = 3"), "filters 0"),
        (conv("filters = 65537, kernel = 3"), "filters 65537"),
        (conv("filters = 8, kernel = 3, stride = 0"), "stride 0"),
        (conv("filters = 8, kernel = 3, padding = 'full'"), "full"),
        (conv("filters = 8"), "kernel"),
        (
            recipe(&format!(
                "{}{END}",
                "{ type = 'conv', filters = 65536, kernel = 255, padding = 'same' }, ".repeat(9)
            )),
            "too many parameters",
        ),
    ] {
        let path = world.file("mine.toml", &text);
        let sentence = world.run(["summary", path.to_str().unwrap()]).sentence();
        assert!(sentence.contains("mine") && sentence.contains(words), "{text}\ngave: {sentence}");
        assert_eq!(world.run(["bench", "step", "--recipe", path.to_str().unwrap()]).sentence(), sentence);
    }
}

#[test]
fn shifts_that_leave_black_images_are_refused() {
    let world = World::new();
    for table in ["augmentation", "evaluation"] {
        world.file("far.toml", recipe(END) + &format!("[{table}]\nshift = 28\n"));
        let sentence = world.words("train far.toml --data drawn-garments --limit 10").sentence();
        assert!(sentence.contains(&format!("{table}.shift is 28 and must be less than")), "{sentence}");
    }
    let mirrored = recipe(END) + "[augmentation]\nshift = 28\nfill = 'reflect'\n[data]\nvalidation = 0\n";
    world.file("far.toml", mirrored);
    world.words("train far.toml --data drawn-garments --limit 10").done();
}

/// Where the system says how much memory there is.
#[cfg(target_os = "linux")]
#[test]
fn networks_beyond_all_memory_are_refused() {
    let world = World::new();
    let wide = "{ type = 'dense', units = 65536 }, { type = 'dense', units = 4096 }, ".repeat(200);
    let text = recipe(&format!("{{ type = 'flatten' }}, {wide}{}", &END[END.find("{ type = 'dense'").unwrap()..]));
    world.file("wide.toml", text);
    let sentence = world.words("bench step --recipe wide.toml --batch 1").sentence();
    assert!(sentence.contains("GB of memory") && sentence.contains("smaller"), "{sentence}");
}

#[test]
fn data_sets_that_are_none() {
    let world = World::new();
    world.file("file", "not a directory");
    fs::create_dir(world.path("empty")).unwrap();
    world.file("broken/train-images-idx3-ubyte", [0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 28, 0, 0, 0, 28]);
    world.file("broken/train-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 0]);
    world.file("broken/t10k-images-idx3-ubyte", "");
    world.file("broken/t10k-labels-idx1-ubyte.gz", "not gzip");
    for (data, words) in [
        ("no-such-set", "'no-such-set'"),
        ("no/such/directory", "no/such/directory"),
        ("file", "file"),
        ("empty", "holds no picture"),
        ("broken", "broken/"),
    ] {
        for command in [&["data", "show"][..], &["summary", "seed-mlp"], &["bench", "step", "--recipe", "seed-mlp"]] {
            let sentence = world.run([command, &["--data", data]].concat()).sentence();
            assert!(sentence.contains(words), "{command:?} --data {data}: {sentence}");
        }
    }
    assert!(world.words("data verify --data-dir empty").sentence().contains("no known data set"));
    assert!(world.words("data fetch no-such-set").sentence().contains("fashion-mnist, mnist, kmnist"));
    assert!(world.words("data verify no-such-set").sentence().contains("'no-such-set'"));
    assert!(world.words("data fetch mnist --data-dir file").sentence().contains("file"));
}

#[test]
fn runs_that_cannot_begin() {
    let world = World::new();
    world.file("file", "");
    world.file("full/note", "mine");
    fs::create_dir(world.path("empty")).unwrap();
    for (arguments, words) in [
        ("no-such-recipe", "'no-such-recipe'"),
        ("seed-mlp --data no-such-set", "'no-such-set'"),
        ("seed-mlp --device cuda", "--device cpu"),
        ("seed-mlp --out file", "file"),
        ("seed-mlp --out file/run", "file/run"),
        ("seed-mlp --out full", "full"),
        ("--resume nowhere", "nowhere"),
        ("--resume file", "file"),
        ("--resume empty", "empty"),
    ] {
        let data =
            if arguments.contains("--data") || arguments.contains("--resume") { "" } else { "--data drawn-garments" };
        let sentence = world.words(&format!("train {arguments} {data}")).sentence();
        assert!(sentence.contains(words), "{arguments}: {sentence}");
    }
    assert_eq!(world.names(), ["empty", "file", "full"], "nothing is left of runs that never began");
    assert_eq!(fs::read_to_string(world.path("full/note")).unwrap(), "mine");
}

#[test]
fn models_that_are_none() {
    let world = World::new();
    world.file("empty-file", "");
    world.file("zeros", [0; 1000]);
    // The header's length, as safetensors has it, is absurd.
    world.file("huge", [0xff; 16]);
    world.file("text.toml", "name = 'mine'");
    fs::create_dir(world.path("empty")).unwrap();
    assert!(world.words("evaluate").sentence().contains("modiste train"));
    for model in ["nowhere", "empty-file", "zeros", "huge", "text.toml", "empty"] {
        let sentence = world.run(["evaluate", model, "--data", "drawn-garments"]).sentence();
        assert!(sentence.contains(model), "{model}: {sentence}");
    }
}

#[test]
fn pictures_that_cannot_be_written() {
    let world = World::new();
    fs::create_dir(world.path("taken.png")).unwrap();
    world.file("file", "");
    for (out, words) in [
        ("file/grid.png", "cannot create file for --out"),
        ("taken.png", "taken.png"),
        ("grid.jpg", "does not end in .png"),
        (".png", "does not end in .png"),
    ] {
        let sentence = world.run(["data", "show", "--data", "drawn-garments", "--out", out]).sentence();
        assert!(sentence.contains(words), "{out}: {sentence}");
    }
    assert_eq!(world.names(), ["file", "taken.png"], "nothing half-written is left");
}

#[test]
fn devices_that_are_not_there() {
    let sentence = World::new().words("bench step --recipe seed-mlp --device cuda").sentence();
    assert!(sentence.contains("--device cpu"), "{sentence}");
}

#[test]
fn maps_that_cannot_be_judged() {
    let world = World::new();
    let rows =
        |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(|row| line(row) + "\n").collect::<String>();
    world.file("points.csv", rows(40, &|row| format!("{},{},{}", 3 * row, row * row, row % 3)));
    world.file("short.csv", rows(39, &|row| format!("{row},{row}")));
    world.file("wide.csv", rows(40, &|row| format!("{row},{row},{row},{row}")));
    world.file("half.csv", rows(20, &|row| format!("{row},{row},{row},{row}")));
    world.file("narrow.csv", rows(80, &|row| format!("{row}")));
    world.file("holed.csv", rows(40, &|row| if row == 7 { "1,nan".into() } else { format!("{row},{row}") }));
    world.file("few-labels.csv", rows(39, &|_| "1".into()));
    world.file("fraction.csv", rows(40, &|row| format!("{}", row as f32 / 2.0)));
    world.file("negative.csv", rows(40, &|row| format!("{}", 5 - row as i32)));
    world.file("large.csv", rows(40, &|row| format!("{}", 217 + row)));
    fs::create_dir(world.path("taken.npy")).unwrap();
    let before = world.names();
    for (arguments, words) in [
        ("--map short.csv", "short.csv: the map has 39 points, but there are 40"),
        ("--map wide.csv", "wide.csv has 40 rows of 4 numbers: give a map, with two in each"),
        ("--map half.csv", "half.csv has 20 rows of 4 numbers"),
        ("--map narrow.csv", "narrow.csv has 80 rows of 1"),
        ("--map holed.csv", "holed.csv: point 7 has NaN"),
        ("--map nowhere.npy", "nowhere.npy"),
        ("--map taken.npy", "taken.npy"),
        ("--labels few-labels.csv", "few-labels.csv holds 39x1 numbers where there are 40 rows"),
        ("--labels points.csv", "points.csv holds 40x3 numbers"),
        ("--labels fraction.csv", "fraction.csv has 0.5 in row 1, counted from 0"),
        ("--labels negative.csv", "negative.csv has -1 in row 6"),
        ("--labels large.csv", "large.csv has 256 in row 39"),
        ("--labels nowhere.csv", "nowhere.csv"),
        ("--perplexity 50", "points.csv: a perplexity of 50"),
        ("--out map.csv", "does not end in .npy"),
        ("--out no/such.npy", "--out no/such.npy: there is no directory no"),
        ("--out taken.npy", "--out taken.npy is a directory"),
        ("--device cuda", "--device cpu"),
    ] {
        let perplexity = if arguments.contains("--perplexity") { "" } else { "--perplexity 5" };
        let sentence = world.words(&format!("bench tsne --input points.csv {perplexity} {arguments}")).sentence();
        assert!(sentence.contains(words), "{arguments}: {sentence}");
    }
    assert_eq!(world.names(), before);
}

#[test]
fn wrong_usage_exits_with_2() {
    let world = World::new();
    for words in [
        "",
        "data",
        "bench",
        "sumary seed-vgg",
        "summary",
        "summary seed-vgg seed-mlp",
        "summary seed-vgg --jason",
        "data fetch",
        "data show --split validation",
        "bench step --batch 0",
        "bench step --batch -1",
        "bench step --batch 70000",
        "bench step --batch many",
        "bench step --steps 0",
        "bench step --threads 0",
        "bench step --threads 5000",
        "bench step --device tpu",
        "bench infer --recipe",
        "train --epochs 0",
        "train --batch 0",
        "train --limit 0",
        "train --seed -1",
        "train --seed 18446744073709551616",
        "train --threads 0",
        "train --threads two",
        "train --resume run seed-vgg",
        "train --resume run --seed 1",
        "train --resume run --out other",
        "train seed-mlp --restart",
        "train --restart --out other",
        "train --restart --limit 9",
        "bench tsne --data a --labels b.csv",
        "embed --samples 0",
        "embed --samples -1",
        "embed --samples some",
        "embed --perplexity many",
        "embed --perplexity 5,",
        "embed --iterations 0",
        "embed --method quadtree",
        "embed --metric manhattan",
        "embed --initialisation zero",
        "embed --seed -1",
        "embed --seed 18446744073709551616",
        "embed --threads 0",
        "embed --input points.csv --data drawn-garments",
        "embed --input points.csv --space run",
        "embed points.csv",
        "bench tsne --samples 0",
        "bench tsne --labels labels.csv",
        "bench tsne --map map.npy --out other.npy",
        "bench tsne --map map.npy --iterations 10",
        "bench tsne --space run",
        "evaluate --split all",
        "evaluate --threads 0",
        "evaluate one two",
    ] {
        world.words(words).misuse();
    }
    assert_eq!(world.names(), [""; 0]);
}

#[test]
fn a_value_that_a_flag_does_not_take_is_told_in_a_sentence() {
    let world = World::new();
    for (words, takes) in [
        ("train --limit -1", "--limit takes a whole number of 1 or more, not '-1'"),
        ("train --seeds 2.5", "--seeds takes a whole number from 1 to 10,000, not '2.5'"),
        ("train --epochs 0", "--epochs takes a whole number from 1 to 1,000,000, not '0'"),
        ("train --batch abc", "--batch takes a whole number from 1 to 65,536, not 'abc'"),
        ("train --batch", "--batch needs a value behind it"),
        ("embed --samples -1", "--samples takes a whole number of 1 or more, or 'all', not '-1'"),
        ("evaluate --split all", "--split takes train, validation or test, not 'all'"),
    ] {
        assert_eq!(world.words(words).misuse(), format!("error: {takes}\n"));
    }
    let said = world.words("train --validation 1.5").misuse();
    assert!(said.starts_with("error: --validation takes a share of the training images"), "{said}");
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_text() {
    use std::os::unix::ffi::OsStrExt;
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    World::new().run(["summary".as_ref(), bytes]).misuse();
}
