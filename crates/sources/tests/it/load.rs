//! Data sets by name and by directory.

use std::fs;
use std::path::Path;
use std::process::Command;

use modiste_data::{Dataset, ImageShape, Loader, Scaling};
use modiste_sources::{Error, FileState, LoadOptions, Silent, Source, find_dir, known_sets, load, verify};
#[cfg(not(feature = "download"))]
use modiste_sources::{RetryPolicy, fetch};

use crate::support::{NAMES, Notes, closed_address, gzip, idx, put_files, small_files, small_set};

fn source(words: &str) -> Source {
    words.parse().unwrap()
}

fn load_directory(dir: &Path) -> Result<Dataset, Error> {
    load(&source(dir.to_str().unwrap()), None, &Silent)
}

/// The message of an error, which names the file and keeps to one sentence.
fn complaint(dir: &Path, file: &str) -> String {
    let text = load_directory(dir).unwrap_err().to_string();
    assert!(text.contains(&dir.join(file).display().to_string()), "{file} is not named: {text}");
    assert!(!text.contains('\n'), "{text}");
    text
}

#[test]
fn words_become_sources_and_sources_words() {
    for words in ["auto", "drawn-garments", "fashion-mnist", "mnist", "kmnist", "some/where"] {
        assert_eq!(source(words).to_string(), words);
    }
    assert_eq!(source("auto"), Source::Auto);
    assert_eq!(source("./x"), Source::Own("./x".into(), LoadOptions::default()));
    for set in known_sets() {
        assert_eq!(source(set.name), Source::Known(set));
    }
}

#[test]
fn a_misspelt_name_lists_the_right_ones() {
    let error = load(&source("fashon-mnist"), None, &Silent).unwrap_err();
    assert!(matches!(error, Error::UnknownSet { .. }));
    assert!(error.to_string().contains("'fashon-mnist'") && error.to_string().contains("kmnist"), "{error}");
    let error = load(&source(""), None, &Silent).unwrap_err().to_string();
    assert!(error.contains("no data set and no file or folder called ''"), "{error}");
}

#[test]
fn a_directory_is_read_raw_or_gzipped() {
    let dir = tempfile::tempdir().unwrap();
    put_files(dir.path());
    let gzipped = load_directory(dir.path()).unwrap();
    assert_eq!(gzipped.name, dir.path().to_str().unwrap());
    assert_eq!(gzipped.class_names, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!((gzipped.train.len(), gzipped.test.len(), gzipped.train.shape().width), (600, 100, 8));

    let raw = tempfile::tempdir().unwrap();
    for name in NAMES {
        let mut bytes = Vec::new();
        let file = fs::File::open(dir.path().join(name)).unwrap();
        std::io::copy(&mut flate2::read::GzDecoder::new(file), &mut bytes).unwrap();
        fs::write(raw.path().join(name.trim_end_matches(".gz")), bytes).unwrap();
    }
    let raw = load_directory(raw.path()).unwrap();
    assert_eq!((raw.train, raw.test), (gzipped.train, gzipped.test));
}

#[test]
fn class_names_come_from_their_file() {
    let dir = tempfile::tempdir().unwrap();
    put_files(dir.path());
    let names = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibis", "jay"];
    fs::write(dir.path().join("classes.txt"), names.join("\n") + "\n").unwrap();
    assert_eq!(load_directory(dir.path()).unwrap().class_names, names);
    fs::write(dir.path().join("classes.txt"), "ant\nbee\n").unwrap();
    // The label that has no name, and where both are.
    let text = complaint(dir.path(), "classes.txt");
    assert!(text.contains("has 2 names, but label 9 is in ") && text.contains(NAMES[1]), "{text}");
    assert!(text.contains("would be on line 10"), "{text}");
    fs::write(dir.path().join("classes.txt"), "\n".to_owned() + &names.join("\n")).unwrap();
    assert!(complaint(dir.path(), "classes.txt").contains("line 1 is empty"));
    fs::write(dir.path().join("classes.txt"), "Label\n".to_owned() + &names.join("\n")).unwrap();
    assert!(complaint(dir.path(), "classes.txt").contains("line 1, 'Label', seems to say what the others are"));
    fs::write(dir.path().join("Classes.TXT"), names.join("\n")).unwrap();
    fs::remove_file(dir.path().join("classes.txt")).unwrap();
    assert_eq!(load_directory(dir.path()).unwrap().class_names, names);
    fs::write(dir.path().join("classes.txt"), "name\n".repeat(257)).unwrap();
    assert!(complaint(dir.path(), "classes.txt").contains("257 names"));
    fs::write(dir.path().join("classes.txt"), b"caf\xe9\n").unwrap();
    assert!(complaint(dir.path(), "classes.txt").contains("UTF-8"));
    fs::remove_file(dir.path().join("classes.txt")).unwrap();
    fs::create_dir(dir.path().join("classes.txt")).unwrap();
    assert!(complaint(dir.path(), "classes.txt").contains("not a file"));
}

/// Puts the four files under other names.
fn put_as(dir: &Path, names: [&str; 4]) {
    for (name, (_, bytes)) in names.iter().zip(small_files()) {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn files_are_read_under_the_names_that_people_have() {
    let kaggle = "train-images-idx3-ubyte/train-images-idx3-ubyte";
    for names in [
        ["train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"],
        [
            kaggle,
            "train-labels.idx1-ubyte.gz",
            "t10k-images.idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte.gz/t10k-labels-idx1-ubyte",
        ],
        [
            "TRAIN-IMAGES-IDX3-UBYTE.GZ",
            "Train-Labels-idx1-ubyte.gz",
            "T10K-images-idx3-ubyte.GZ",
            "test-labels-idx1-ubyte",
        ],
        [
            "emnist-letters-train-images-idx3-ubyte.gz",
            "emnist-letters-train-labels-idx1-ubyte",
            "emnist-letters-test-images-idx3-ubyte.gz",
            "emnist-letters-test-labels-idx1-ubyte.gz",
        ],
    ] {
        let dir = tempfile::tempdir().unwrap();
        put_as(dir.path(), names);
        let data = load_directory(dir.path()).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (600, 100), "{names:?}");
    }
}

#[test]
fn files_that_are_nearly_there_are_named() {
    let near = |change: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        put_files(dir.path());
        change(dir.path());
        load_directory(dir.path()).unwrap_err().to_string()
    };
    let rename = |dir: &Path, at: usize, name: &str| fs::rename(dir.join(NAMES[at]), dir.join(name)).unwrap();
    let text = near(&|dir| rename(dir, 2, "t10k-images-idx3-ubyte.zip"));
    assert!(text.contains("; t10k-images-idx3-ubyte.zip is there"), "{text}");
    let text = near(&|dir| rename(dir, 1, "qmnist-train-labels-idx2-int.gz"));
    assert!(text.contains("; qmnist-train-labels-idx2-int.gz is there"), "{text}");
    let text = near(&|dir| {
        fs::create_dir_all(dir.join("MNIST/raw")).unwrap();
        (0..4).for_each(|at| rename(dir, at, &format!("MNIST/raw/{}", NAMES[at])));
    });
    assert!(text.contains("; there are such files in ") && text.contains("MNIST/raw"), "{text}");
    let text = near(&|dir| {
        for (at, name) in ["train/images-idx3-ubyte", "train/labels-idx1-ubyte", "test/images.gz", "test/labels.gz"]
            .into_iter()
            .enumerate()
        {
            fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
            rename(dir, at, name);
        }
    });
    assert!(text.contains("; train/images-idx3-ubyte is there"), "{text}");
    let text = near(&|dir| {
        for set in ["emnist-mnist", "emnist-letters"] {
            put_as(dir, NAMES.map(|name| format!("{set}-{name}")).each_ref().map(String::as_str));
        }
        (0..4).for_each(|at| fs::remove_file(dir.join(NAMES[at])).unwrap());
    });
    assert!(text.contains("several data sets (emnist-letters, emnist-mnist)"), "{text}");
    let text = near(&|dir| {
        (0..3).for_each(|at| rename(dir, at, &format!("emnist-letters-{}", NAMES[at])));
        fs::remove_file(dir.join(NAMES[3])).unwrap();
    });
    assert!(text.contains("neither emnist-letters-t10k-labels-idx1-ubyte nor"), "{text}");
}

#[test]
fn swapped_images_are_said() {
    let said = |set: &str| {
        let (dir, notes) = (tempfile::tempdir().unwrap(), Notes::default());
        put_as(dir.path(), NAMES.map(|name| format!("{set}{name}")).each_ref().map(String::as_str));
        load(&source(dir.path().to_str().unwrap()), None, &notes).unwrap();
        notes.text()
    };
    assert!(said("emnist-letters-").contains("rows and columns swapped"));
    assert_eq!(said("qmnist-"), "");
}

#[test]
fn a_sound_file_beside_a_broken_one_is_read_and_said() {
    let (dir, notes) = (tempfile::tempdir().unwrap(), Notes::default());
    put_files(dir.path());
    let broken = dir.path().join(NAMES[0]);
    let whole = fs::read(&broken).unwrap();
    fs::write(dir.path().join("train-images.idx3-ubyte"), &whole).unwrap();
    fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let data = load(&source(dir.path().to_str().unwrap()), None, &notes).unwrap();
    assert_eq!(data.train.len(), 600);
    let text = notes.text();
    assert!(
        text.contains(NAMES[0]) && text.contains("reading") && text.contains("train-images.idx3-ubyte instead"),
        "{text}"
    );
    fs::remove_file(dir.path().join("train-images.idx3-ubyte")).unwrap();
    complaint(dir.path(), NAMES[0]);
}

#[test]
fn images_of_four_dimensions_are_in_colour() {
    let noise = |count: u32| (0..count * 32 * 32 * 3).map(|index| (index * 7 % 251) as u8).collect::<Vec<_>>();
    for dims in ["idx3", "idx4"] {
        let dir = tempfile::tempdir().unwrap();
        for (part, count) in [("train", 20), ("t10k", 10)] {
            let images = idx(&[count, 32, 32, 3], &noise(count));
            let labels = idx(&[count], &(0..count as u8).map(|index| index % 4).collect::<Vec<_>>());
            fs::write(dir.path().join(format!("{part}-images-{dims}-ubyte.gz")), gzip(&images)).unwrap();
            fs::write(dir.path().join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
        }
        let data = load_directory(dir.path()).unwrap();
        let shape = ImageShape { height: 32, width: 32, channels: 3 };
        assert_eq!((data.train.shape(), data.train.len(), data.test.len()), (shape, 20, 10));
        // A pixel's red, green and blue are neighbours.
        assert_eq!(data.train.image(1)[..3], noise(20)[32 * 32 * 3..][..3]);
        assert_eq!((data.class_names.len(), data.train.labels()[5]), (4, 1));
    }
}

#[test]
fn images_and_labels_must_belong_together() {
    let changes: [(usize, Vec<u8>, &str); 9] = [
        (1, idx(&[599], &[1; 599]), "the images are 600, but the labels 599"),
        (2, idx(&[100, 9, 8], &[0; 7200]), "8x8 and of 9x8"),
        (2, idx(&[100, 8, 8, 3], &[0; 19_200]), "8x8 and of 8x8x3"),
        (2, idx(&[100, 3, 8, 8], &[0; 19_200]), "its last dimension is 8"),
        (2, idx(&[100, 8, 4, 2], &[0; 6400]), "its last dimension is 2"),
        (2, idx(&[100, 8], &[0; 800]), "2 dimensions"),
        (3, idx(&[10, 10], &[0; 100]), "2 dimensions"),
        (0, idx(&[0, 8, 8], &[]), "holds no images; put a file there that has at least one"),
        (0, idx(&[600, 0, 8], &[]), "images without pixels"),
    ];
    for (file, bytes, why) in changes {
        let dir = tempfile::tempdir().unwrap();
        put_files(dir.path());
        fs::write(dir.path().join(NAMES[file]), gzip(&bytes)).unwrap();
        let text = complaint(dir.path(), NAMES[file]);
        assert!(text.contains(why), "expected '{why}' in: {text}");
    }
}

#[test]
fn missing_files_and_directories_are_named() {
    let dir = tempfile::tempdir().unwrap();
    put_files(dir.path());
    fs::remove_file(dir.path().join(NAMES[2])).unwrap();
    let text = load_directory(dir.path()).unwrap_err().to_string();
    assert!(text.contains("t10k-images-idx3-ubyte.gz") && text.contains(dir.path().to_str().unwrap()), "{text}");
    assert!(load_directory(&dir.path().join("none")).unwrap_err().to_string().contains("none"));
    assert!(load_directory(&dir.path().join(NAMES[0])).is_err(), "a file is not a directory");
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    put_files(dir.path());
    let pipe = dir.path().join(NAMES[1]);
    fs::remove_file(&pipe).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(complaint(dir.path(), NAMES[1]).contains("not a file"));
    let reports = verify(small_set(&[]), dir.path());
    assert_eq!(reports[1].state, FileState::Unreadable("it is a named pipe, not a file".into()));
}

#[test]
fn known_sets_are_described_in_full() {
    for set in known_sets() {
        assert!(set.mirrors.iter().all(|mirror| mirror.ends_with('/')), "{}", set.name);
        let mut hosts: Vec<_> = set.mirrors.iter().filter_map(|mirror| mirror.split('/').nth(2)).collect();
        hosts.dedup();
        // One institute alone publishes KMNIST.
        assert_eq!(hosts.len(), if set.name == "kmnist" { 1 } else { 2 }, "{}", set.name);
        for (file, name) in set.files.iter().zip(NAMES) {
            assert_eq!(file.name, name);
            assert!(file.size > 4000 && file.sha256.len() == 64, "{} {name}", set.name);
        }
    }
    let fashion = known_sets()[0];
    assert_eq!(fashion.mirrors[0], "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/");
}

#[cfg(not(feature = "download"))]
#[test]
fn a_program_built_without_downloads_says_so() {
    let (dir, set) = (tempfile::tempdir().unwrap(), small_set(&["http://example.invalid/"]));
    let problem = fetch(set, Some(dir.path()), &RetryPolicy::default(), &Silent).unwrap_err().to_string();
    assert!(problem.starts_with("cannot download small: this program is built without downloads; put "), "{problem}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is written");
    put_files(dir.path());
    assert_eq!(load(&Source::Known(set), Some(dir.path()), &Silent).unwrap().train.len(), 600);
}

/// What [`without_network_auto_says_so_and_goes_on`] runs in a process of its own, where nothing can be reached.
#[test]
#[ignore = "is run by another test"]
fn load_auto_in_this_environment() {
    let notes = Notes::default();
    let data = load(&Source::Auto, None, &notes).unwrap();
    // Once for each address: more would keep people waiting.
    assert!(notes.text().matches("Retrying").count() <= 2, "{}", notes.text());
    println!("took {} of {} images, saying: {}", data.name, data.train.len(), notes.text());
    println!("{}", load(&source("fashion-mnist"), None, &Silent).unwrap_err());
}

/// What it says where no address can be reached and `$MODISTE_DATA` is `dir`.
fn load_auto_without_network(dir: &Path) -> String {
    let nowhere = closed_address();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "load::load_auto_in_this_environment", "--nocapture"])
        .envs(
            ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
                .map(|name| (name, nowhere)),
        )
        .env("NO_PROXY", "")
        .env("no_proxy", "")
        .env("MODISTE_DATA", dir)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn without_network_auto_says_so_and_goes_on() {
    let said = load_auto_without_network(tempfile::tempdir().unwrap().path());
    assert!(said.contains("took drawn-garments of 10000 images"), "{said}");
    assert!(said.contains("fashion-mnist cannot be had, going on with drawn-garments instead"), "{said}");
    let why = if cfg!(feature = "download") { "no network" } else { "built without downloads" };
    assert!(said.contains(why) && said.contains("--data-dir"), "{said}");
    assert!(!said.contains("is missing") && !said.contains("is damaged"), "{said}");
}

#[cfg(feature = "download")]
#[test]
fn what_is_wrong_with_a_copy_is_said_before_going_on_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("fashion-mnist");
    fs::create_dir(&place).unwrap();
    fs::write(place.join(NAMES[1]), "other bytes").unwrap();
    let said = load_auto_without_network(dir.path());
    assert!(said.contains(&format!("{} is missing", place.join(NAMES[0]).display())), "{said}");
    assert!(said.contains("going on with drawn-garments"), "{said}");

    fs::write(place.join(NAMES[0]), "other bytes").unwrap();
    let said = load_auto_without_network(dir.path());
    assert!(said.contains(&format!("{} is damaged (11 bytes", place.join(NAMES[0]).display())), "{said}");
}

/// What [`nothing_fails_where_the_system_gives_no_thread`] runs in a process of its own.
#[test]
#[ignore = "is run by another test"]
fn load_and_batch_in_this_environment() {
    assert!(std::thread::Builder::new().spawn(|| ()).is_err(), "this is to run where there are no threads");
    let dir = tempfile::tempdir().unwrap();
    put_files(dir.path());
    assert_eq!(load_directory(dir.path()).unwrap().train.len(), 600);
    let garments = load(&Source::DrawnGarments, None, &Silent).unwrap().train;
    let order: Vec<u32> = (0..garments.len() as u32).collect();
    let batches = Loader::new(garments, Scaling::SYMMETRIC, 250).batches(order.into(), 1);
    assert_eq!(batches.len(), 39);
    assert_eq!(batches.map(|batch| batch.len()).sum::<usize>(), 9_750);
    // An attempt to download, too, ends in a sentence, directly or through a proxy.
    for address in [closed_address(), "http://example.invalid/"] {
        let error = load(&Source::Known(small_set(&[address])), Some(&dir.path().join("none")), &Silent).unwrap_err();
        let expected = if cfg!(feature = "download") { "no network" } else { "built without downloads" };
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_fails_where_the_system_gives_no_thread() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "load::load_and_batch_in_this_environment", "--test-threads=1"])
        .env("HTTP_PROXY", closed_address())
        // No thread can have a stack as large as this.
        .env("RUST_MIN_STACK", (1_u64 << 47).to_string())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Runs where `$MODISTE_DATA` has the real files, and downloads nothing.
#[test]
fn the_real_fashion_mnist_is_loaded() {
    let Some(dir) = std::env::var_os("MODISTE_DATA").filter(|dir| !dir.is_empty()) else { return };
    // A relative path is meant from where `cargo test` was typed, which is not where tests run.
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join(dir);
    let set = known_sets()[0];
    let place = find_dir(&set, Some(Path::new(&dir))).unwrap();
    if !set.files.iter().all(|file| place.join(file.name).is_file()) {
        return;
    }
    let data = load(&source("fashion-mnist"), Some(Path::new(&dir)), &Silent).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (60_000, 10_000));
    assert_eq!((data.train.shape().height, data.train.shape().width, data.train.shape().channels), (28, 28, 1));
    assert_eq!(data.class_names[9], "Ankle boot");
    if let Ok(same) = load_directory(Path::new(&dir)) {
        assert_eq!(same.class_names, data.class_names, "the labels give away which set a directory holds");
    }
    // The first training image is an ankle boot, and each class has its 6,000 and 1,000 images.
    assert_eq!(data.train.labels()[..3], [9, 0, 0]);
    for class in 0..10 {
        let count = |labels: &[u8]| labels.iter().filter(|&&label| label == class).count();
        assert_eq!((count(data.train.labels()), count(data.test.labels())), (6_000, 1_000));
    }
    let mean =
        data.train.pixels().iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / data.train.pixels().len() as f64;
    assert!((mean / 255.0 - 0.2860).abs() < 1e-4, "the mean of its pixels is widely known");
}
