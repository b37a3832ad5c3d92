//! Archives that hold files of a set instead of pictures.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use modiste_data::Dataset;
use modiste_sources::{LoadOptions, Loaded, Source, load_described};

use crate::support::{Notes, gzip, small_files};

type Files<'a> = &'a [(&'a str, Vec<u8>)];

fn zip(files: Files) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar_gz(files: Files) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

/// What an archive of this name and content is read as, and what is said of it, with `DIR` for its directory.
fn load(name: &str, bytes: &[u8]) -> (Result<Loaded, String>, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    let notes = Notes::default();
    let loaded = load_described(&Source::Own(path, LoadOptions::default()), None, &notes);
    let known = |text: String| text.replace(&dir.path().display().to_string(), "DIR");
    let said = known(notes.text());
    (loaded.map_err(|error| known(error.to_string())), said)
}

fn name_of(dataset: &Dataset) -> &str {
    Path::new(&dataset.name).file_name().unwrap().to_str().unwrap()
}

/// A record of CIFAR-10.
fn record(label: u8) -> Vec<u8> {
    [&[label][..], &[label; 3072]].concat()
}

fn csv(first: &str) -> Vec<u8> {
    format!("label,a,b,c,d\n{first},1,2,3,4\n1,5,6,7,8\n").into_bytes()
}

#[test]
fn cifar_is_read_as_it_is_packed() {
    let names: String = (0..10).map(|class| format!("class {class}\n")).collect();
    let set = |label| {
        tar_gz(&[
            ("cifar-10-batches-bin/readme.html", b"<html>".to_vec()),
            ("cifar-10-batches-bin/batches.meta.txt", names.clone().into_bytes()),
            ("cifar-10-batches-bin/data_batch_1.bin", [record(3), record(label)].concat()),
            ("cifar-10-batches-bin/test_batch.bin", record(5)),
        ])
    };
    let (loaded, said) = load("cifar.tar.gz", &set(7));
    let Loaded { dataset, form, .. } = loaded.unwrap();
    assert_eq!((form, dataset.train.labels(), dataset.test.labels()), ("cifar", &[3, 7][..], &[5][..]));
    assert_eq!((name_of(&dataset), dataset.class_names[7].as_str()), ("cifar.tar.gz", "class 7"));
    assert!(said.contains("only 1 of 5"), "{said}");

    let why = load("cifar.tar.gz", &set(10)).0.unwrap_err();
    assert!(why.starts_with("DIR/cifar.tar.gz/data_batch_1.bin cannot be read") && why.contains("label 10"), "{why}");
}

#[test]
fn tables_are_read_and_named_as_files_of_the_archive() {
    let set = |first| [("train.csv", csv("0")), ("test.csv", csv(first)), ("sample_submission.csv", csv("0"))];
    let loaded = load("digits.zip", &zip(&set("0"))).0.unwrap();
    assert_eq!((loaded.form, loaded.dataset.test.len(), loaded.left_out.len()), ("csv", 2, 1));
    let why = load("digits.zip", &zip(&[("train.csv", csv("0")), ("test.csv", b"label,a\n0,300\n".to_vec())])).0;
    let why = why.unwrap_err();
    assert!(why.starts_with("DIR/digits.zip/test.csv cannot be read"), "{why}");

    let (loaded, said) = load("one.zip", &zip(&[("any name.csv", csv("0"))]));
    assert_eq!(loaded.unwrap().form, "csv");
    assert!(said.contains("DIR/one.zip") && said.contains("keeps no test images"), "{said}");
}

#[test]
fn idx_files_are_read_from_an_archive() {
    let files = small_files();
    let files: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let loaded = load("set.zip", &zip(&files)).0.unwrap();
    assert_eq!((loaded.form, name_of(&loaded.dataset)), ("idx", "set.zip"));
    let why = load("set.zip", &zip(&files[..3])).0.unwrap_err();
    assert!(why.starts_with("DIR/set.zip holds neither t10k-labels"), "{why}");
}

#[test]
fn an_archive_of_neither_asks_for_folders_of_pictures() {
    let why = load("set.zip", &zip(&[("notes.md", b"text".to_vec())])).0.unwrap_err();
    assert!(why.starts_with("DIR/set.zip holds no picture"), "{why}");
}
