//! A tree of pictures: each line is the path of a file, after a byte that says which content it has.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::{Place, load_with};
use modiste_sources::LoadOptions;

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

const CONTENTS: [&[u8]; 4] = [b"P5 1 1 255 \x07", b"P6 2 1 255 \x07\x08\x09\x0a\x0b\x0c", b"", b"GIF89a"];

fuzz_target!(|bytes: &[u8]| {
    let mut archive = tar::Builder::new(Vec::new());
    for line in bytes.split(|&byte| byte == b'\n') {
        let Some((kind, path)) = line.split_first() else { continue };
        let Ok(path) = str::from_utf8(path) else { continue };
        let content = CONTENTS[usize::from(*kind) % CONTENTS.len()];
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        // What the library itself would not write stays out.
        let _ = archive.append_data(&mut header, path, Cursor::new(content));
    }
    let path = PLACE.file("set.tar", &archive.into_inner().expect("an archive in memory"));
    let skip_bad = bytes.first().is_some_and(|byte| byte & 4 != 0);
    load_with(&path, LoadOptions { skip_bad, no_cache: true, ..LoadOptions::default() });
});
