//! What the cache keeps of a set, which is large enough to be kept and costs nothing to read: a picture with zeros behind it.
#![no_main]

use std::fs::File;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};
use std::{env, fs};

use libfuzzer_sys::fuzz_target;
use modiste_files::tensor_file::TensorFile;
use modiste_fuzz::{Place, load_with, tensor_file};
use modiste_sources::LoadOptions;

/// What stands in a file before the digits that say what the set was made of.
const CONTENT: &[u8] = b"\"content\":\"";

struct Kept {
    place: Place,
    /// The set's file in the cache.
    file: PathBuf,
    /// The digits that it has to have.
    content: Vec<u8>,
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let place = Place::new();
    // SAFETY: nothing that reads the environment has begun yet, on any thread.
    unsafe { env::set_var("XDG_CACHE_HOME", place.path()) };
    let picture = File::options().write(true).open(place.file("set/train/ant/1.pgm", b"P5 1 1 255 \x07"));
    let picture = picture.expect("the picture");
    picture.set_len(16 << 20).expect("zeros behind it");
    picture.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).expect("a time of long ago");
    load_with(&place.path().join("set"), LoadOptions::default());
    let mut kept = fs::read_dir(place.path().join("modiste/images")).expect("the cache");
    let file = kept.next().expect("the set in the cache").expect("its entry").path();
    let content = TensorFile::read(&file, "cache").expect("a sound file").text("content").expect("its text").into();
    Kept { place, file, content }
});

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if let Some(at) = bytes.windows(CONTENT.len()).position(|window| window == CONTENT)
        && let Some(digits) = bytes[at + CONTENT.len()..].get_mut(..KEPT.content.len())
    {
        digits.copy_from_slice(&KEPT.content);
    }
    fs::write(&KEPT.file, tensor_file(&bytes)).expect("a file with the bytes");
    load_with(&KEPT.place.path().join("set"), LoadOptions::default());
});
