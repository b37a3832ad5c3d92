//! A table of points, read as such and as a map; its first byte says how.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::Place;
use modiste_sources::{TableOptions, read_map, read_table};

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

fuzz_target!(|bytes: &[u8]| {
    let Some((how, text)) = bytes.split_first() else { return };
    let drop = if how & 2 != 0 { vec!["a".to_owned()] } else { Vec::new() };
    let options = TableOptions { no_header: how & 1 != 0, drop };
    let path = PLACE.file(if how & 4 != 0 { "points.txt" } else { "points.csv" }, text);
    let _ = read_table(&path, &options);
    if let Ok(map) = read_map(&path) {
        assert_eq!(map.rows * map.columns, map.values.len());
    }
});
