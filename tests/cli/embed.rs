//! `embed`: what a map leaves behind, that its files agree, and that one which fails leaves nothing.

#[cfg(unix)]
use serde_json::Value;
#[cfg(target_os = "linux")]
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
#[cfg(unix)]
use std::process::{Child, ChildStdout};
use std::process::{Command, Stdio};

use crate::runner::{Ended, World, two_class_set};

/// Enough images for the usual perplexity.
const EMBED: &str = "embed --data drawn-garments --samples 100 --iterations 60";
const FILES: [&str; 4] = ["map.csv", "map.html", "map.npy", "map.png"];

fn read(world: &World, name: &str) -> Vec<u8> {
    fs::read(world.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Names of what lies in a directory.
fn names(world: &World, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(world.path(directory)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The lines of `map.csv` behind its header: index, x, y, label, predicted.
fn table(world: &World, map: &str) -> Vec<[String; 5]> {
    let text = String::from_utf8(read(world, &format!("{map}/map.csv"))).unwrap();
    let (header, lines) = text.split_once('\n').unwrap();
    assert_eq!(header, "index,x,y,label,predicted");
    lines.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()).collect()
}

/// Indices of the points, in order.
fn indices(world: &World, map: &str) -> Vec<usize> {
    table(world, map).iter().map(|line| line[0].parse().unwrap()).collect()
}

/// The float32 values of `map.npy`, which says that it holds `count` points.
fn coordinates(world: &World, map: &str, count: usize) -> Vec<u8> {
    let file = read(world, &format!("{map}/map.npy"));
    assert_eq!(&file[..8], b"\x93NUMPY\x01\x00");
    let begins = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
    assert_eq!(
        str::from_utf8(&file[10..begins]).unwrap().trim_end(),
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, 2), }}")
    );
    assert_eq!(file.len(), begins + 8 * count);
    file[begins..].to_vec()
}

/// What an element of the page holds as base64.
fn held(page: &str, id: &str) -> Vec<u8> {
    let (_, text) = page.split_once(&format!("id=\"{id}\">")).unwrap();
    let (text, _) = text.split_once("</script>").unwrap();
    let sextet = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters: Vec<u8> = text.bytes().filter(|&letter| letter != b'=').map(sextet).collect();
    let quads = letters.chunks(4).map(|quad| (quad, quad.iter().fold(0, |bits, &six| bits << 6 | u32::from(six))));
    quads.flat_map(|(quad, bits)| (bits << (6 * (4 - quad.len()))).to_be_bytes()[1..quad.len()].to_vec()).collect()
}

/// Points of four numbers in three heaps, all of them different, `[60, 4]`.
fn heaps() -> Vec<[f32; 4]> {
    let value = |row: usize, column: usize| (row % 3 * 16 * (column % 2 + 1) + (row * 7 + column * 5) % 23) as f32;
    (0..60).map(|row| [0, 1, 2, 3].map(|column| value(row, column))).collect()
}

fn lines(rows: &[[f32; 4]]) -> String {
    rows.iter().map(|row| row.map(|value| value.to_string()).join(",") + "\n").collect()
}

/// A `.npy` file of the heaps.
fn npy(kind: &str, bytes: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (60, 4), }}");
    header.extend(std::iter::repeat_n(' ', 127 - 10 - header.len()));
    let length = (header.len() as u16 + 1).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), b"\n"].concat().into_iter().chain(bytes.flatten()).collect()
}

#[test]
fn the_files_of_a_map_agree() {
    let world = World::new();
    world.words(&format!("{EMBED} --out map")).done();
    assert_eq!(names(&world, "map"), FILES);
    let (table, coordinates) = (table(&world, "map"), coordinates(&world, "map", 100));
    assert_eq!(table.len(), 100);
    let of_table = table.iter().flat_map(|[_, x, y, ..]| [x, y]);
    let of_table: Vec<u8> = of_table.flat_map(|number| number.parse::<f32>().unwrap().to_le_bytes()).collect();
    assert_eq!(of_table, coordinates);
    let indices = indices(&world, "map");
    assert!(indices.is_sorted_by(|one, other| one < other) && indices[99] < 10_000, "{indices:?}");
    assert!(table.iter().any(|[.., label, _]| label == "Ankle boot") && table.iter().all(|line| line[4].is_empty()));

    let page = String::from_utf8(read(&world, "map/map.html")).unwrap();
    assert_eq!(held(&page, "coordinates"), coordinates);
    let held_indices: Vec<usize> = held(&page, "indices")
        .chunks(4)
        .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()).try_into().unwrap())
        .collect();
    assert_eq!(held_indices, indices);
    assert_eq!((held(&page, "labels").len(), held(&page, "predicted").len()), (100, 0));
    assert!(page.contains("<h1>t-SNE of 100 images of drawn-garments</h1>"));
    // plotly.js holds addresses, of tiles for maps of the earth, which the policy keeps it from using.
    let outside = page.split("<script").map(|part| part.split_once("</script>").map_or(part, |(_, after)| after));
    let outside: String = outside.collect();
    for fetched in ["http:", "https:", "src=", "href=", "<link", "@import", "url("] {
        assert!(!outside.contains(fetched), "{fetched}");
    }
    assert!(outside.contains("default-src 'none'") && !page.contains("<script src"));

    let mut picture =
        png::Decoder::new(BufReader::new(File::open(world.path("map/map.png")).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; picture.output_buffer_size().unwrap()];
    let info = picture.next_frame(&mut pixels).unwrap();
    assert!(info.width == 2000 && (1000..2500).contains(&info.height), "{info:?}");
    assert!(pixels.iter().any(|&value| value != pixels[0]));
}

#[test]
fn everything_follows_from_the_seed() {
    let world = World::new();
    for threads in [1, 2, 3] {
        world.words(&format!("{EMBED} --threads {threads} --out {threads}")).done();
        assert_eq!(read(&world, &format!("{threads}/map.npy")), read(&world, "1/map.npy"), "{threads} threads");
        assert_eq!(read(&world, &format!("{threads}/map.csv")), read(&world, "1/map.csv"));
    }
    world.words(&format!("{EMBED} --seed 5 --out other")).done();
    assert_ne!(indices(&world, "other"), indices(&world, "1"));
}

#[test]
fn programs_read_one_document() {
    let world = World::new();
    let document = world.words(&format!("{EMBED} --threads 2 --seed 3 --json")).json();
    for (field, wanted) in [
        ("data", Value::from("drawn-garments")),
        ("space", "pixels".into()),
        ("samples", 100.into()),
        ("dimensions", 784.into()),
        ("perplexity", vec![30.0].into()),
        ("metric", "euclidean".into()),
        ("initialisation", "pca".into()),
        ("method", "exact".into()),
        ("iterations", 60.into()),
        ("seed", 3.into()),
        ("threads", 2.into()),
        ("device", "cpu".into()),
        ("mistakes", Value::Null),
        ("out", "maps/drawn-garments-1".into()),
        ("files", vec!["map.png", "map.html", "map.csv", "map.npy"].into()),
    ] {
        assert_eq!(document[field], wanted, "{field}");
    }
    let number = |field: &str| document[field].as_f64().unwrap_or_else(|| panic!("no {field} in {document}"));
    assert!(number("kl_divergence") > 0.0);
    assert!((0.5..=1.0).contains(&number("trustworthiness")) && (0.1..=1.0).contains(&number("label_accuracy")));
    let phases = document["phases"].as_object().unwrap();
    let names: Vec<&str> = phases.keys().map(String::as_str).collect();
    assert_eq!(names, ["affinities", "divergence", "initialisation", "neighbours", "optimisation"]);
    let sum: f64 = phases.values().map(|seconds| seconds.as_f64().unwrap()).sum();
    assert!((sum - number("seconds")).abs() < 1e-9 && number("seconds") < number("wall_seconds"), "{document}");

    // Standard output stays the document's where there is something to tell people.
    let few = world.words("embed --data drawn-garments --samples 20 --json");
    assert_eq!(few.stderr, "these are few points for a map: perplexity 6.3 instead of 30\n");
    assert_eq!(serde_json::from_str::<Value>(&few.stdout).unwrap()["samples"], 20);
    world.words("embed --data drawn-garments --samples 20 --json --quiet").json();
}

#[test]
fn people_read_a_few_lines() {
    let world = World::new();
    let said = world.words(&format!("{EMBED} --threads 1")).done();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].starts_with("t-SNE of 100 images of drawn-garments: 784 dimensions; cpu "), "{said}");
    assert!(lines[1].starts_with("map in ") && lines[1].contains("KL divergence 0."), "{said}");
    assert!(lines[2].starts_with("kept in maps/drawn-garments-1: map.png, map.html, map.csv and map.npy; "), "{said}");
    let quiet = world.words(&format!("{EMBED} --quiet")).done();
    assert!(quiet.starts_with("map in ") && quiet.lines().count() == 1, "{quiet}");
}

#[test]
fn a_run_shows_what_it_sees() {
    let world = World::new();
    world.words("train seed-mlp --data drawn-garments --limit 500 --epochs 1 --out run").done();
    let of_run = world.words("embed --space run --samples 100 --iterations 60 --out map --json").json();
    assert_eq!((&of_run["space"], &of_run["data"]), (&"run".into(), &"drawn-garments".into()));
    assert_eq!(of_run["dimensions"], 100, "units of the layer before the last");
    let table = table(&world, "map");
    assert!(table.iter().all(|line| !line[4].is_empty()), "{table:?}");
    let mistakes = table.iter().filter(|[.., label, predicted]| label != predicted).count();
    assert_eq!(of_run["mistakes"].as_f64().unwrap(), mistakes as f64 / 100.0);
    assert!((1..100).contains(&mistakes));
    let page = String::from_utf8(read(&world, "map/map.html")).unwrap();
    let (labels, predicted) = (held(&page, "labels"), held(&page, "predicted"));
    assert_eq!(labels.iter().zip(&predicted).filter(|(label, predicted)| label != predicted).count(), mistakes);

    let words = "embed --space run/model.safetensors --samples 100 --iterations 60 --out again";
    let said = world.words(words).done();
    assert!(said.starts_with("t-SNE of 100 images of drawn-garments as seed-mlp sees them: "), "{said}");
    assert!(said.contains(&format!("mistakes {:.4}", mistakes as f64 / 100.0)), "{said}");
    assert_eq!(read(&world, "again/map.csv"), read(&world, "map/map.csv"));

    // The same images that pixels would have been taken of.
    world.words(&format!("{EMBED} --out pixels")).done();
    assert_eq!(indices(&world, "pixels"), indices(&world, "map"));

    two_class_set(&world.path("set"), [10, 200], 40, (4, 4));
    let sentence = world.words("embed --space run --data set").sentence();
    assert!(sentence.contains("images of 28x28x1") && sentence.contains("set are 4x4x1"), "{sentence}");
    fs::remove_file(world.path("run/model.safetensors")).unwrap();
    assert!(world.words("embed --space run").sentence().contains("modiste train --resume run"));
    assert_eq!(world.names(), ["again", "map", "pixels", "run", "set"]);
}

#[test]
fn rows_of_numbers_are_points_in_whatever_form() {
    let world = World::new();
    let values = || heaps().into_iter().flatten();
    let singles: Vec<f32> = values().collect();
    let mut own = Vec::new();
    modiste_data::write_npy(&mut own, 4, &singles).unwrap();
    for (name, content) in [
        ("plain.csv", lines(&heaps()).into_bytes()),
        ("header.csv", format!("a,b,c,d\n{}", lines(&heaps())).into_bytes()),
        ("tabs.CSV", lines(&heaps()).replace(',', "\t").into_bytes()),
        ("own.npy", own),
        ("single.npy", npy("<f4", values().map(|value| value.to_le_bytes().into()))),
        ("double.npy", npy("<f8", values().map(|value| f64::from(value).to_le_bytes().into()))),
        ("big.npy", npy(">f8", values().map(|value| f64::from(value).to_be_bytes().into()))),
        ("whole.npy", npy("<i8", values().map(|value| (value as i64).to_le_bytes().into()))),
        ("bytes.npy", npy("|u1", values().map(|value| vec![value as u8]))),
    ] {
        world.file(name, content);
        let words = format!("embed --perplexity 10 --iterations 60 --input {name} --out {name}-map --json");
        let document = world.words(&words).json();
        assert_eq!((&document["data"], &document["space"]), (&name.into(), &Value::Null));
        assert_eq!((&document["samples"], &document["dimensions"]), (&60.into(), &4.into()));
        assert_eq!(document["label_accuracy"], Value::Null);
        assert_eq!(names(&world, &format!("{name}-map")), FILES);
        assert_eq!(read(&world, &format!("{name}-map/map.npy")), read(&world, "plain.csv-map/map.npy"), "{name}");
    }
    assert_eq!(indices(&world, "own.npy-map"), (0..60).collect::<Vec<_>>());
    let said = world.words("embed --perplexity 5 --input own.npy --samples 30").done();
    assert!(said.starts_with("t-SNE of 30 rows of own.npy: 4 dimensions; "), "{said}");
    assert!(said.contains("kept in maps/own-1: "), "{said}");
    let drawn = indices(&world, "maps/own-1");
    assert!(drawn.len() == 30 && drawn.iter().all(|&index| index < 60));
}

#[test]
fn maps_are_made_as_asked_for() {
    let world = World::new();
    world.file("heaps.csv", lines(&heaps()));
    let make = |options: &str| {
        let words = format!("embed --input heaps.csv --perplexity 10 {options} --json");
        let document =
            world.run(words.replace("--perplexity 10 --perplexity", "--perplexity").split_whitespace()).json();
        let npy = read(&world, &format!("{}/map.npy", document["out"].as_str().unwrap()));
        (document, npy)
    };
    let (usual, map) = make("");
    assert_eq!((&usual["iterations"], &usual["method"]), (&1000.into(), &"exact".into()));
    for (options, field, value) in [
        ("--metric cosine", "metric", Value::from("cosine")),
        ("--initialisation random", "initialisation", "random".into()),
        ("--perplexity 5,19", "perplexity", vec![5.0, 19.0].into()),
        ("--perplexity 12.5", "perplexity", vec![12.5].into()),
        ("--iterations 30", "iterations", 30.into()),
    ] {
        let (document, other) = make(options);
        assert_eq!(document[field], value, "{options}");
        assert!(other != map, "{options} changes nothing");
    }
    let (_, random) = make("--initialisation random");
    let (_, other) = make("--initialisation random --seed 1");
    assert!(random != other);
}

#[test]
fn every_method_ends_at_about_the_same_divergence() {
    let world = World::new();
    // Fewer than 256 would all be computed exactly.
    let divergences = ["exact", "barnes-hut", "fourier"].map(|method| {
        let words = format!("embed --data drawn-garments --samples 300 --method {method} --json");
        let document = world.words(&words).json();
        assert!(document["method"].as_str().unwrap().eq_ignore_ascii_case(method), "{document}");
        document["kl_divergence"].as_f64().unwrap()
    });
    let [least, most] = [f64::min, f64::max].map(|of| divergences.into_iter().reduce(of).unwrap());
    assert!(most < 1.15 * least, "{divergences:?}");
}

#[test]
fn samples_are_of_training_images_while_there_are_enough() {
    let world = World::new();
    two_class_set(&world.path("sets/tiny"), [7, 201], 40, (4, 5));
    let make = |samples: &str| {
        let words = format!("embed --data sets/tiny --perplexity 8 --iterations 60 --samples {samples} --quiet --json");
        let document = world.words(&words).json();
        let out = document["out"].as_str().unwrap().to_owned();
        assert!(out.starts_with("maps/tiny-"), "{out}");
        indices(&world, &out)
    };
    assert_eq!(make("40"), (0..40).collect::<Vec<_>>());
    let of_all = make("41");
    assert!(of_all.len() == 41 && of_all[40] >= 40, "{of_all:?}");
    for samples in ["all", "80", "81", "1000000000000"] {
        assert_eq!(make(samples), (0..80).collect::<Vec<_>>(), "{samples}");
    }
    let labels: Vec<_> = table(&world, "maps/tiny-3").into_iter().map(|[_, _, _, label, _]| label).collect();
    assert_eq!(labels, ["0", "1"].repeat(40));
}

#[test]
fn no_map_takes_the_place_of_another() {
    let world = World::new();
    world.file("heaps.csv", lines(&heaps()));
    let embed = "embed --input heaps.csv --perplexity 10 --iterations 30";
    for number in 1..=2 {
        world.words(embed).done();
        assert_eq!(names(&world, &format!("maps/heaps-{number}")), FILES);
    }
    fs::create_dir(world.path("empty")).unwrap();
    world.words(&format!("{embed} --out empty")).done();
    assert_eq!(names(&world, "empty"), FILES);
    world.words(&format!("{embed} --out deep/new")).done();
    assert_eq!(names(&world, "deep/new"), FILES);

    world.file("full/note", "mine");
    for (out, words) in [
        ("full", "full is not empty"),
        ("empty", "a new or an empty one"),
        ("heaps.csv", "cannot write a map to heaps.csv"),
        ("heaps.csv/map", "heaps.csv/map"),
    ] {
        let sentence = world.words(&format!("{embed} --out {out}")).sentence();
        assert!(sentence.contains(words), "{out}: {sentence}");
    }
    assert_eq!((names(&world, "full"), read(&world, "full/note")), (vec!["note".into()], b"mine".to_vec()));
    assert_eq!(read(&world, "heaps.csv"), lines(&heaps()).into_bytes());
    assert_eq!(world.names(), ["deep", "empty", "full", "heaps.csv", "maps"]);
}

#[test]
fn points_that_have_no_map_are_told() {
    let world = World::new();
    let mut holed = heaps();
    holed[42][3] = f32::NAN;
    world.file("heaps.csv", lines(&heaps()));
    world.file("holed.csv", lines(&holed));
    holed[42][3] = f32::INFINITY;
    world.file("endless.csv", lines(&holed));
    world.file("three.csv", lines(&heaps()[..3]));
    world.file("empty.csv", "");
    world.file("ragged.csv", "1,2\n3\n");
    world.file("words.csv", "a,b\n1,2\n3,four\n");
    world.file("short.npy", npy("<f4", std::iter::once(vec![0; 12])));
    world.file("complex.npy", npy("<c8", std::iter::once(vec![0; 8 * 240])));
    world.file("heaps.txt", lines(&heaps()));
    fs::create_dir(world.path("directory.npy")).unwrap();
    fs::create_dir(world.path("empty")).unwrap();
    let before = world.names();
    for (arguments, words) in [
        ("--input holed.csv", &["holed.csv has NaN in row 42, column 3, counted from 0: leave"][..]),
        ("--input endless.csv", &["endless.csv has inf in row 42, column 3"]),
        ("--input three.csv", &["three.csv", "there are 3", "at least 4 points"]),
        ("--input empty.csv", &["empty.csv", "empty"]),
        ("--input ragged.csv", &["ragged.csv", "line 2 has 1 field, where line 1 has 2"]),
        ("--input words.csv", &["words.csv", "line 3, column 2 is 'four'"]),
        ("--input short.npy", &["short.npy", "60x4"]),
        ("--input complex.npy", &["complex.npy", "c8"]),
        ("--input heaps.txt", &["heaps.txt", ".npy nor a .csv"]),
        ("--input directory.npy", &["directory.npy", "not a file"]),
        ("--input nowhere.npy", &["nowhere.npy", "No such file"]),
        ("--input heaps.csv --perplexity 20", &["heaps.csv", "perplexity of 20", "at most 19.7"]),
        ("--input heaps.csv --perplexity 5,100", &["heaps.csv", "perplexity of 100", "at most 19.7"]),
        ("--input heaps.csv --perplexity 0", &["perplexity of 0", "at least 1"]),
        ("--input heaps.csv --perplexity nan", &["perplexity of NaN", "at least 1"]),
        ("--input heaps.csv --samples 3", &["heaps.csv", "at least 4 points"]),
        ("--data drawn-garments --samples 1", &["drawn-garments", "at least 4 points"]),
        ("--data nowhere", &["'nowhere'", "drawn-garments"]),
        ("--space nowhere", &["no run or model nowhere", "'pixels'"]),
        ("--space empty", &["empty", "modiste train"]),
        ("--space heaps.csv", &["heaps.csv is not a valid model file"]),
        ("--input heaps.csv --device cuda", &["--device cpu"]),
    ] {
        for out in ["", "--out new/map"] {
            let sentence = world.words(&format!("embed {arguments} {out}")).sentence();
            for words in words {
                assert!(sentence.contains(words), "{arguments}: {sentence}");
            }
        }
    }
    // Rows that nobody asked for may hold anything.
    world.file("beyond.csv", lines(&[heaps(), vec![[f32::NAN; 4]; 2]].concat()));
    let seed = (0..)
        .find(|seed| world.words(&format!("embed --input beyond.csv --samples 40 --seed {seed}")).status == Some(0));
    assert!(seed.is_some_and(|seed| seed < 20));
    fs::remove_file(world.path("beyond.csv")).unwrap();
    fs::remove_dir_all(world.path("maps")).unwrap();
    assert_eq!(world.names(), before, "nothing is left of maps that never were");
}

#[test]
fn equal_points_lie_together_and_are_said() {
    let world = World::new();
    world.file("same.csv", "1,2\n".repeat(30));
    let ended = world.words("embed --input same.csv --perplexity 5 --iterations 60 --out same --json");
    assert_eq!(
        ended.stderr,
        "29 of 30 rows repeat others, and lie where those do\n\
         1 different point: too few for t-SNE, so their principal components are the map\n"
    );
    assert_eq!(serde_json::from_str::<Value>(&ended.stdout).unwrap()["kl_divergence"], 0.0);
    assert_eq!(names(&world, "same"), FILES);
    assert!(table(&world, "same").iter().all(|[_, x, ..]| x.parse::<f32>().unwrap().is_finite()));

    // The different ones lie as if nothing repeated them.
    let (rows, _) = five_heaps();
    let lines: Vec<String> = rows.iter().map(|row| row.map(|value| value.to_string()).join(",") + "\n").collect();
    world.file("once.csv", lines.concat());
    world.file("often.csv", [lines.concat(), lines[7].repeat(900)].concat());
    for name in ["once", "often"] {
        let words = format!("embed --input {name}.csv --perplexity 8 --iterations 60 --out {name}");
        assert_eq!(world.words(&words).stderr.contains("900 of 1,000 rows repeat others"), name == "often");
    }
    let [once, often] = [("once", 100), ("often", 1000)].map(|(name, count)| coordinates(&world, name, count));
    assert_eq!(often[..800], once);
    assert!(often[800..].chunks(8).all(|place| *place == once[56..64]));
    world.file("twice.csv", [lines.concat(), lines[7].clone()].concat());
    let said = world.words("embed --input twice.csv --perplexity 8 --iterations 60").stderr;
    assert_eq!(said, "1 of 101 rows repeats another, and lies where that does\n");
}

/// A map that is being made, once its first line is printed.
#[cfg(unix)]
struct Making {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

#[cfg(unix)]
impl Making {
    fn begin(world: &World, words: &str) -> Self {
        let mut command = world.command();
        command.args(words.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.starts_with("t-SNE of "), "{line}");
        Self { child, stdout }
    }

    /// Sends these signals, one right after the other, and has nothing more printed but that nothing is kept.
    fn interrupt(mut self, signals: &[&str]) {
        let process = self.child.id();
        let kills: String = signals.iter().map(|signal| format!("kill -{signal} {process};")).collect();
        Command::new("sh").args(["-c", &kills]).status().unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let output = self.child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), rest.as_str()), (Some(130), ""), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.ends_with("interrupted; nothing of the map is kept\n"), "{said}");
    }
}

/// A map that takes longer than any test.
#[cfg(unix)]
const ENDLESS: &str = "embed --data drawn-garments --samples 1000 --iterations 1000000";

#[cfg(unix)]
#[test]
fn an_interrupted_map_leaves_nothing() {
    let world = World::new();
    fs::create_dir(world.path("empty")).unwrap();
    for (signals, out) in [
        (&["INT"][..], ""),
        (&["TERM"], "--out deep/map"),
        (&["INT"], "--out empty"),
        (&["INT", "INT", "TERM"], ""),
        (&["TERM", "INT", "INT"], "--out empty"),
    ] {
        Making::begin(&world, &format!("{ENDLESS} {out}")).interrupt(signals);
        assert_eq!(world.names(), ["empty"]);
        assert_eq!(names(&world, "empty"), [""; 0]);
    }
}

#[cfg(unix)]
#[test]
fn the_search_for_neighbours_can_be_interrupted() {
    let world = World::new();
    // Nothing rules pairs of such points out: finding their neighbours takes many seconds.
    let (rows, columns) = (40_000, 32);
    let mut state = 1u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32
    });
    let values: Vec<f32> = noise.take(rows * columns).collect();
    let mut file = Vec::new();
    modiste_data::write_npy(&mut file, columns, &values).unwrap();
    world.file("noise.npy", file);
    let making = Making::begin(&world, "embed --input noise.npy --perplexity 100");
    making.interrupt(&["INT"]);
    assert_eq!(world.names(), ["noise.npy"]);
}

#[cfg(unix)]
#[test]
fn a_directory_takes_one_map_at_a_time() {
    let world = World::new();
    for (out, left) in [("map", &[][..]), ("empty", &["empty"])] {
        if out == "empty" {
            fs::create_dir(world.path("empty")).unwrap();
        }
        let first = Making::begin(&world, &format!("{ENDLESS} --out {out}"));
        let sentence = world.words(&format!("{EMBED} --out {out}")).sentence();
        assert!(sentence.starts_with(&format!("another process is making a map in {out}")), "{sentence}");
        first.interrupt(&["INT"]);
        assert_eq!(world.names(), left);
    }
    // What the first would have been called is the second's name only once there is a map.
    let first = Making::begin(&world, ENDLESS);
    world.words(EMBED).done();
    first.interrupt(&["INT"]);
    assert_eq!(names(&world, "maps"), ["drawn-garments-2"]);
    assert_eq!(names(&world, "maps/drawn-garments-2"), FILES);
}

#[test]
fn a_map_is_made_though_nobody_reads_of_it() {
    let world = World::new();
    for options in ["", "--json", "--quiet"] {
        let mut command = world.command();
        command.args(format!("{EMBED} --out map {options}").split_whitespace());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{options}");
        assert_eq!(names(&world, "map"), FILES, "{options}");
        fs::remove_dir_all(world.path("map")).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_may_have_any_name() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let out = OsStr::from_bytes(b"m\xe4p");
    let words = format!("{EMBED} --json --out");
    let document = world.run(words.split_whitespace().map(OsStr::new).chain([out])).json();
    assert_eq!(document["out"], "m\u{fffd}p");
    assert_eq!(fs::read_dir(world.path("").join(out)).unwrap().count(), 4);
}

#[test]
fn another_method_than_asked_for_is_said() {
    let world = World::new();
    for command in ["embed", "bench tsne"] {
        let words = format!("{command} --data drawn-garments --samples 100 --iterations 60 --json --method");
        let ended = world.words(&format!("{words} fourier"));
        let said = "100 points are too few for --method fourier: their forces are computed by 'exact'\n";
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), said));
        assert_eq!(serde_json::from_str::<Value>(&ended.stdout).unwrap()["method"], "exact");
        world.words(&format!("{words} fourier --quiet")).json();
        assert_eq!(world.words(&format!("{words} barnes-hut")).json()["method"], "barnes-hut");
    }
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_is_told_and_left_as_it_was() {
    let world = World::new();
    // In units of 512 bytes: more than the picture, less than the page.
    let script = format!("ulimit -f 2000; exec \"$0\" {EMBED}");
    let program = world.command().get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.current_dir(world.path("")).env_remove("MODISTE_DATA").args(["-c", &script]).arg(program);
    let ended = Ended::of(&mut shell);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.starts_with("error: cannot write maps/drawn-garments-1/map.html: "), "{ended:?}");
    assert_eq!(world.names(), [""; 0], "{ended:?}");
}

/// Points of four numbers in five heaps, all of them different, far from each other, `[100, 4]`, and the heap of each.
fn five_heaps() -> (Vec<[f64; 4]>, Vec<usize>) {
    let value = |row: usize, column: usize| {
        let heap = row % 5;
        (heap * heap * (column + 3) % 11 * 40) as f64 + (row * 37 % 101 * (column + 5) % 103) as f64 / 8.0
    };
    ((0..100).map(|row| [0, 1, 2, 3].map(|column| value(row, column))).collect(), (0..100).map(|row| row % 5).collect())
}

/// Whether the nearest other point of each point of a map is of its own heap.
fn keeps_heaps(world: &World, map: &str, heaps: &[usize]) -> bool {
    let number = |text: &String| text.parse::<f64>().unwrap();
    let places: Vec<[f64; 2]> = table(world, map).iter().map(|[_, x, y, ..]| [number(x), number(y)]).collect();
    assert_eq!(places.len(), heaps.len());
    (0..places.len()).all(|point| {
        let distance =
            |&other: &usize| (places[point][0] - places[other][0]).hypot(places[point][1] - places[other][1]);
        let others = (0..places.len()).filter(|&other| other != point);
        let nearest = others.min_by(|one, other| distance(one).total_cmp(&distance(other))).unwrap();
        heaps[point] == heaps[nearest]
    })
}

#[test]
fn offsets_and_sizes_of_columns_do_not_matter() {
    let world = World::new();
    let (rows, heaps) = five_heaps();
    for (offset, size) in [(1.7e9, 1.0), (-3e14, 16.0), (0.0, 1e-300), (0.0, 1e290), (1e9, 0.01)] {
        let text = |row: &[f64; 4]| row.map(|value| format!("{:?}", offset + size * value)).join(",") + "\n";
        let bytes = rows.iter().flatten().map(|value| (offset + size * value).to_le_bytes().to_vec());
        world.file("far.csv", rows.iter().map(text).collect::<String>());
        world.file("far.npy", [&npy("<f8", std::iter::empty())[..], &bytes.flatten().collect::<Vec<u8>>()].concat());
        let fixed = read(&world, "far.npy").into_iter().collect::<Vec<u8>>();
        let shape = fixed.windows(7).position(|bytes| bytes == b"(60, 4)").unwrap();
        let fixed = [&fixed[..shape], b"(100,4)", &fixed[shape + 7..]].concat();
        world.file("far.npy", fixed);
        for file in ["far.csv", "far.npy"] {
            let ended = world.words(&format!("embed --input {file} --perplexity 8 --iterations 300 --out {file}-map"));
            assert_eq!(ended.status, Some(0), "{ended:?}");
            assert_eq!(ended.stderr.contains("multiplied by 2^"), !(1e-3..=1e3).contains(&size), "{ended:?}");
            assert!(keeps_heaps(&world, &format!("{file}-map"), &heaps), "{file}, {offset:e}, {size:e}");
            fs::remove_dir_all(world.path(&format!("{file}-map"))).unwrap();
        }
    }
    // The cosine needs zero where it is, so that nothing can be mended.
    let far: String = (0..100).map(|row| format!("1,{}\n", 1.7e9 + f64::from(row))).collect();
    world.file("far.csv", far);
    let said = world.words("embed --input far.csv --metric cosine --perplexity 8 --iterations 30").stderr;
    assert!(said.contains("far.csv: different values of column 2 become equal in 32-bit numbers"), "{said}");
}

#[test]
fn tables_are_read_as_people_mean_them() {
    let world = World::new();
    let (rows, heaps) = five_heaps();
    let line = |row: &[f64; 4]| row.map(|value| value.to_string()).join(",");
    let with = |header: &str, before: &dyn Fn(usize) -> String| {
        let lines = rows.iter().enumerate().map(|(at, row)| format!("{}{}\n", before(at), line(row)));
        format!("{header}\n{}", lines.collect::<String>())
    };
    let plain = with("a,b,c,d", &|_| String::new());
    let names = ["wool", "silk", "linen", "hemp", "cotton"];
    world.file("plain.csv", &plain);
    world.words("embed --input plain.csv --perplexity 8 --iterations 60 --out plain").done();
    let utf_16: Vec<u8> = format!("\u{feff}{plain}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, content, options, words) in [
        ("numbers", with("0,1,2,3", &|_| String::new()).into_bytes(), "", "line 1 rises evenly"),
        ("index", with(",a,b,c,d", &|at| format!("{at},")).into_bytes(), "", "numbers of rows and left out"),
        ("commas", plain.replace(',', ";").replace('.', ",").into_bytes(), "", "taken for decimal points"),
        ("utf-16", utf_16, "", ""),
        ("label", with("label,a,b,c,d", &|at| format!("{},", names[at % 5])).into_bytes(), "", "column 'label'"),
        ("time", with("time,a,b,c,d", &|at| format!("12:{at},")).into_bytes(), "--drop time", ""),
    ] {
        world.file(&format!("{name}.csv"), content);
        let words_of_all = format!("embed --input {name}.csv --perplexity 8 --iterations 60 {options} --out {name}");
        let ended = world.words(&words_of_all);
        assert_eq!(ended.status, Some(0), "{name}: {ended:?}");
        assert!(ended.stderr.contains(words) && words.is_empty() == ended.stderr.is_empty(), "{name}: {ended:?}");
        assert_eq!(read(&world, &format!("{name}/map.npy")), read(&world, "plain/map.npy"), "{name}");
    }
    let labels: Vec<String> = table(&world, "label").into_iter().map(|[_, _, _, label, _]| label).collect();
    assert!(labels.iter().zip(&heaps).all(|(label, &heap)| label == names[heap]), "{labels:?}");
    let count = |options: &str| {
        let words = format!("embed --input numbers.csv --perplexity 8 --iterations 30 --quiet --json {options}");
        world.words(&words).json()["samples"].as_u64()
    };
    assert_eq!((count(""), count("--no-header")), (Some(100), Some(101)));
    let sentence = world.words("embed --input time.csv --drop when").sentence();
    assert_eq!(sentence, "time.csv has no column 'when' to drop: its columns are 'time', 'a', 'b', 'c', 'd'");
    world.words("embed --data drawn-garments --drop a").misuse();
}

#[test]
fn wide_images_are_mapped() {
    let world = World::new();
    // Three pictures, each of them six times under noise of its own.
    let value = |row: usize, column: usize| {
        let noise = (row * 131 + column * 37 + row * column) % 17;
        (column * (row % 3 + 2) % 200 + noise) as f32
    };
    let values: Vec<f32> = (0..18).flat_map(|row| (0..5000).map(move |column| value(row, column))).collect();
    let mut file = Vec::new();
    modiste_data::write_npy(&mut file, 5000, &values).unwrap();
    world.file("wide.npy", file);
    world.words("embed --input wide.npy --perplexity 3 --iterations 250 --out map").done();
    let heaps: Vec<usize> = (0..18).map(|row| row % 3).collect();
    assert!(keeps_heaps(&world, "map", &heaps));
}
