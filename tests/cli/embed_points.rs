//! `embed --input`: rows of numbers in whatever form people have them.

use std::fs;

use serde_json::Value;

use crate::embed::{FILES, coordinates, heaps, indices, lines, names, read, table};
use crate::runner::World;

/// A `.npy` file of the heaps.
fn npy(kind: &str, bytes: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (60, 4), }}");
    header.extend(std::iter::repeat_n(' ', 127 - 10 - header.len()));
    let length = (header.len() as u16 + 1).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), b"\n"].concat().into_iter().chain(bytes.flatten()).collect()
}

#[test]
fn rows_of_numbers_are_points_in_whatever_form() {
    let world = World::new();
    let values = || heaps().into_iter().flatten();
    let singles: Vec<f32> = values().collect();
    let mut own = Vec::new();
    modiste_sources::write_npy(&mut own, 4, &singles).unwrap();
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
    world.file("heaps.dat", lines(&heaps()));
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
        ("--input heaps.dat", &["heaps.dat", ".npy nor a .csv"]),
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

#[test]
fn rows_of_one_direction_lie_together_for_the_cosine() {
    let world = World::new();
    world.file("rows.csv", "1,2,5\n3,1,4\n0.3,0.6,1.5\n1,7,2\n7,7,1\n3,1,5\n6,2,8\n");
    let words = "embed --input rows.csv --iterations 30 --metric";
    let said = world.words(&format!("{words} cosine --out cosine")).stderr;
    assert!(said.starts_with("2 of 7 rows are others or multiples of them, and lie where those do\n"), "{said}");
    let places = coordinates(&world, "cosine", 7);
    let place = |row: usize| &places[8 * row..][..8];
    assert!(place(0) == place(2) && place(1) == place(6) && place(0) != place(1));
    let said = world.words(&format!("{words} euclidean --out euclidean")).stderr;
    assert!(!said.contains("lie where"), "{said}");
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
    modiste_sources::write_npy(&mut file, 5000, &values).unwrap();
    world.file("wide.npy", file);
    world.words("embed --input wide.npy --perplexity 3 --iterations 250 --out map").done();
    let heaps: Vec<usize> = (0..18).map(|row| row % 3).collect();
    assert!(keeps_heaps(&world, "map", &heaps));
}
