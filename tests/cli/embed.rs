//! `embed`: that the files of a map agree and follow from the seed, and what people and programs read of it.

use std::fs::{self, File};
use std::io::BufReader;

use serde_json::Value;

use crate::runner::{World, two_class_set};

/// Enough images for the usual perplexity.
pub const EMBED: &str = "embed --data drawn-garments --samples 100 --iterations 60";
pub const FILES: [&str; 4] = ["map.csv", "map.html", "map.npy", "map.png"];

pub fn read(world: &World, name: &str) -> Vec<u8> {
    fs::read(world.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Names of what lies in a directory.
pub fn names(world: &World, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(world.path(directory)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The lines of `map.csv` behind its header: index, x, y, label, predicted.
pub fn table(world: &World, map: &str) -> Vec<[String; 5]> {
    let text = String::from_utf8(read(world, &format!("{map}/map.csv"))).unwrap();
    let (header, lines) = text.split_once('\n').unwrap();
    assert_eq!(header, "index,x,y,label,predicted");
    lines.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()).collect()
}

/// Indices of the points, in order.
pub fn indices(world: &World, map: &str) -> Vec<usize> {
    table(world, map).iter().map(|line| line[0].parse().unwrap()).collect()
}

/// The float32 values of `map.npy`, which says that it holds `count` points.
pub fn coordinates(world: &World, map: &str, count: usize) -> Vec<u8> {
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
pub fn heaps() -> Vec<[f32; 4]> {
    let value = |row: usize, column: usize| (row % 3 * 16 * (column % 2 + 1) + (row * 7 + column * 5) % 23) as f32;
    (0..60).map(|row| [0, 1, 2, 3].map(|column| value(row, column))).collect()
}

pub fn lines(rows: &[[f32; 4]]) -> String {
    rows.iter().map(|row| row.map(|value| value.to_string()).join(",") + "\n").collect()
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
