//! Writes what each target begins from: `cargo run --example seeds` fills `corpus/`.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use modiste_files::FileError;
use modiste_files::tensor_file::{self, Tensor, Values};
use modiste_fuzz::{SMALL, small_card};
use modiste_network::{Model, Network, Recipe, model};
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const CSV: &str = "label,p1,p2,p3,p4\n7,0,1,2,3\n\"a, b\",4,5,6,0.5\n";
const TABLES: [&str; 4] = [
    "\0id;label;x;y\n1;ant;0,5;1e-3\n2;bee;-7;nan\n",
    "\x01# a b\n1 2\n3 4\n",
    "\x02a,x,y\n\"1\",2,3\n4,5,6\n",
    "\x04sep=|\n1|2\n3|inf\n",
];
const POSITION: &str = r#"{"seed": 0, "batch": 4, "train_images": 38, "optimiser": "adam", "epoch": 2, "step_in_epoch": 5,
"step": 25, "running": {"loss": 0.5, "correct": 3, "images": 5, "seconds": 1e-9}, "last": null,
"best": {"epoch": 1, "validation_loss": 0.7, "validation_accuracy": 0.5}, "wall_seconds": 1.5, "training_seconds": 1.0}"#;
/// Files of a run, each behind the byte that says which it is.
const RUN: [(&str, &str); 3] = [
    (
        "run.toml",
        "\0data_dir = '/d'\nclass_names = ['a']\n[data]\nname = 'a'\nsource = 'b'\nlimit = 5\nfingerprint = 'c'\n\
         [data.shape]\nheight = 1\nwidth = 1\nchannels = 1\n",
    ),
    (
        "metrics.jsonl",
        "\x01{\"epoch\":1,\"steps\":3,\"train_loss\":0.5,\"train_accuracy\":1.0,\"validation_loss\":null,\
         \"validation_accuracy\":null,\"learning_rate\":0.1,\"images_per_second\":9.0,\"seconds\":1.0,\"wall_seconds\":1.0}\n",
    ),
    (
        "result.json",
        r#"2{"data": "a", "recipe": "b", "run": "c", "seed": 0, "threads": 1, "device": "cpu", "isa": "avx2", "epochs": 1,
"batch": 4, "steps": 3, "best_epoch": null, "parameters": 9, "multiply_adds": 9,
"sizes": {"train": 1, "validation": 0, "test": 1}, "limit": null, "train_loss": 0.5, "train_accuracy": 1.0,
"fitted_train_accuracy": 1.0, "validation_loss": null, "validation_accuracy": null, "test_loss": 0.5, "test_accuracy": 1.0,
"wall_seconds": 1.0, "images_per_second": 9.0, "peak_memory_bytes": null}"#,
    ),
];

fn main() {
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder).expect("a folder of the corpus");
        fs::write(folder.join(name), bytes).expect("a seed");
    };
    let [png, pgm] = [ImageFormat::Png, ImageFormat::Pnm].map(picture);

    write("csv", "plain", CSV.as_bytes());
    write("csv", "bytes", b"0;1;2;3;4\n1;5;6;7;255\n");
    for (at, text) in TABLES.iter().enumerate() {
        write("table", &at.to_string(), text.as_bytes());
    }
    write("gzip", "two-members", &[gzipped(CSV.as_bytes()), gzipped(b"3,1,2,3,4\n"), vec![0; 9]].concat());

    let images = npy("|u1", "(2, 2, 2)", &[0, 1, 2, 3, 4, 5, 6, 255]);
    let labels = npy("<i8", "(2,)", &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let hot = npy("<f4", "(2, 2)", &[1.0, 0.0, 0.0, 1.0_f32].map(f32::to_le_bytes).concat());
    let words = npy("<U2", "(2,)", &[b'a', 0, 0, 0, 0, 0, 0, 0, b'b', 0, 0, 0, b'c', 0, 0, 0]);
    for (name, labels) in [("numbers", &labels), ("hot", &hot), ("words", &words)] {
        write("npz", name, &zipped(&[("x_train.npy", &images), ("y_train.npy", labels)]));
    }
    for (name, array) in [("images", &images), ("integers", &labels), ("floats", &hot), ("words", &words)] {
        write("matrix", name, array);
    }
    write("matrix", "fortran", &npy_in(">f8", "True", "(2, 1)", &[0; 16]));

    for codec in [Codec::UNCOMPRESSED, Codec::SNAPPY, Codec::ZSTD(ZstdLevel::default())] {
        let name = format!("{codec:?}").to_lowercase();
        write("parquet", name.split('(').next().unwrap_or("zstd"), &parquet(&[&png, &pgm], codec));
    }
    let record = |label: u8| [vec![label], vec![label * 25; 3072]].concat();
    write("cifar", "nameless", &[vec![0], record(0), record(1)].concat());
    write("cifar", "named", &[b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\0".to_vec(), record(9)].concat());

    let grey = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9];
    write("idx", "grey", &grey);
    write("idx", "gzipped", &gzipped(&grey));
    write("idx", "colour", &[0, 0, 8, 4, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);
    write("class_names", "lines", b"ant\nbee\n");
    write("class_names", "numbers", b"1 bee\r\n0 ant\r\n");

    for format in [ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff, ImageFormat::Jpeg] {
        write("picture", &format!("{format:?}"), &[&[8, 8, 1][..], &picture(format)].concat());
    }
    write("picture", "Png", &[&[8, 3, 2][..], &png].concat());
    write("picture", "Pnm", &[&[3, 8, 132][..], &pgm].concat());
    write("picture", "text", b"\x04\x04\0P3 1 2 255 255 0 0 0 0 255");

    let tree: [(&str, &[u8]); 3] =
        [("set/train/ant/1.png", &png), ("set/train/bee/1.pgm", &pgm), ("set/test/ant/1.png", &png)];
    write("archive_zip", "pictures", &zipped(&tree));
    write("archive_zip", "table", &zipped(&[("set/train.csv", CSV.as_bytes())]));
    write("archive_tar", "pictures", &tarred(&tree));
    write("archive_tar", "table", &tarred(&[("train.csv", CSV.as_bytes())]));
    write("folder", "parts", b"0train/ant/1.pgm\n1train/bee/2.ppm\n0test/ant/1.pgm\n0val/bee/3.pgm");
    write("folder", "alone", b"4ant/1.pgm\n5bee/2.ppm\n6bee/10.png");

    for name in Recipe::built_in_names() {
        let recipe = Recipe::find(name).expect("a recipe that comes with the program");
        write("recipe", name, format!("\x1c\x1c\x01\x0a{}", recipe.to_toml()).as_bytes());
    }
    write("recipe", "small", format!("\x08\x08\x01\x02{SMALL}").as_bytes());
    let card = small_card();
    let network = card.network().expect("a network");
    let parameters = vec![0.5; network.parameter_count()];
    write("model", "small", &headed(&file(|path| model::save(path, &card, &network, &parameters, None))));
    write("weights", "small", &headed(&file(|path| model::save(path, &card, &network, &parameters, None))));
    let model = Model { card: card.clone(), network: network.clone(), parameters: parameters.clone(), familiarity: None };
    let exported = modiste_onnx::export(&model, &modiste_onnx::Options::default(), &[]);
    write("onnx", "small", &exported.expect("a small file"));
    write("checkpoint", "small", &headed(&file(|path| checkpoint(path, &network, &parameters))));
    write("cache", "small", &headed(&file(cache)));
    for (name, text) in RUN {
        write("run", name, text.as_bytes());
    }
    write("run", "recipe.toml", format!("\x03{SMALL}").as_bytes());
}

/// A small picture in a format.
fn picture(format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(9, 5, |column, row| Rgb([column as u8 * 28, row as u8 * 50, 7]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(image).write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn npy(kind: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    npy_in(kind, "False", shape, values)
}

fn npy_in(kind: &str, fortran_order: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': {fortran_order}, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), values].concat()
}

/// An archive whose files are stored and deflated in turn.
fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (at, (name, bytes)) in files.iter().enumerate() {
        let method = [CompressionMethod::Stored, CompressionMethod::Deflated][at % 2];
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).expect("an entry");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("an archive").into_inner()
}

fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, *bytes).expect("an entry");
    }
    archive.into_inner().expect("an archive")
}

fn parquet(images: &[&[u8]], codec: Codec) -> Vec<u8> {
    let schema = "message schema {
        optional group image { optional binary bytes; optional binary path (UTF8); }
        optional int64 label;
    }";
    let names = r#"{"info": {"features": {"label": {"names": ["ant", "bee"], "_type": "ClassLabel"}}}}"#;
    let names = vec![KeyValue::new("huggingface".to_owned(), names.to_owned())];
    let properties = WriterProperties::builder().set_compression(codec).set_key_value_metadata(Some(names)).build();
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).expect("memory");
    let mut group = writer.next_row_group().expect("a group");
    let values: Vec<ByteArray> = images.iter().map(|&image| ByteArray::from(image.to_vec())).collect();
    for (values, level) in [(&values[..], 2), (&[], 1)] {
        let mut column = group.next_column().expect("memory").expect("a column of bytes");
        column.typed::<ByteArrayType>().write_batch(values, Some(&vec![level; images.len()]), None).expect("bytes");
        column.close().expect("memory");
    }
    let mut column = group.next_column().expect("memory").expect("the column of labels");
    let labels: Vec<i64> = (0..images.len() as i64).collect();
    column.typed::<Int64Type>().write_batch(&labels, Some(&vec![1; images.len()]), None).expect("labels");
    column.close().expect("memory");
    group.close().expect("memory");
    writer.into_inner().expect("memory")
}

/// What `write` leaves at the path that it is given.
fn file(write: impl FnOnce(&Path) -> Result<(), FileError>) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("file");
    write(&path).expect("a file");
    fs::read(path).expect("a file")
}

fn checkpoint(path: &Path, network: &Network, parameters: &[f32]) -> Result<(), FileError> {
    let origin = format!(r#"{{"recipe": {SMALL:?}, "class_names": ["ant", "bee"], "isa": "avx2"}}"#);
    let texts = [("format", "modiste-checkpoint-2"), ("position", POSITION), ("origin", &origin)];
    let texts = texts.map(|(key, text)| (key, text.to_owned())).into();
    let of_prefix = |prefix: &&str| model::tensors(network, prefix, parameters);
    let all: Vec<_> = ["", "first_moment.", "second_moment.", "best."].iter().flat_map(of_prefix).collect();
    tensor_file::write(path, &texts, &all)
}

/// What the cache keeps of a set of one image. The target puts right of which content it was made.
fn cache(path: &Path) -> Result<(), FileError> {
    let stored = r#"{"count": 1, "shape": {"height": 1, "width": 1, "channels": 1}}"#;
    let set = format!(
        r#"{{"class_names": ["ant"], "notes": [], "left_out": [["a", "b"]], "train": {stored}, "validation": null, "test": {stored},
            "preparation": {{"height": 1, "width": 1, "channels": 1, "fit": "pad", "background": "white"}}}}"#
    );
    let texts = [("content", "0".repeat(64)), ("set", set)].into();
    let tensor = |part: &str, name: &str, rank: usize, value: &'static [u8]| Tensor {
        name: format!("{part}.{name}"),
        shape: vec![1; rank],
        values: Values::Bytes(value),
    };
    let all = ["train", "test"].map(|part| [tensor(part, "pixels", 4, &[7]), tensor(part, "labels", 1, &[0])]);
    tensor_file::write(path, &texts, &all.concat())
}

/// A tensor file as the targets take it: without the length in front, a zero byte behind the header.
fn headed(file: &[u8]) -> Vec<u8> {
    let (length, rest) = file.split_at(8);
    let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
    [&rest[..length], &[0], &rest[length..]].concat()
}
