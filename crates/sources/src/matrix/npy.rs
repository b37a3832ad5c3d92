//! A table from an array of numbers: its first dimension counts the points, the others their numbers.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::table::{Table, Values};
use crate::error::Error;
use crate::npy::array::Array;
use crate::npy::flaw::Flaw;
use crate::npy::kind::Kind;

/// Whole numbers up to this are held by f64.
const WHOLE: f64 = 9_007_199_254_740_992.0;

pub(super) fn read(file: File, stored: u64, path: &Path) -> Result<Table, Error> {
    let mut stream = BufReader::with_capacity(1 << 16, file);
    decode(&mut stream, stored).map_err(|flaw| match flaw {
        Flaw::Format(why) => Error::matrix(path, why),
        Flaw::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
            Error::matrix(path, "it ends within its header")
        }
        Flaw::Io(source) => Error::io("read", path, source),
    })
}

fn decode(stream: &mut impl Read, stored: u64) -> Result<Table, Flaw> {
    let mut array = Array::of_numbers(stream, stored)?;
    let Kind { letter, is_single, .. } = array.values;
    let shape = array.shape_text();
    let Some(&rows) = array.shape.first() else {
        return Err("it is a single number without dimensions".to_owned().into());
    };
    if let Some(nothing) = array.shape.iter().position(|&dim| dim == 0) {
        let what = if nothing == 0 { "rows" } else { "columns" };
        return Err(format!("it has no {what} (its shape is {shape})").into());
    }
    // What f32 holds takes half the memory.
    let values = if is_single {
        values(&mut array, |value| value as f32)?.map(Values::Single)
    } else {
        values(&mut array, |value| value)?.map(Values::Double)
    };
    let values = values.ok_or_else(|| Flaw::Format(format!("{shape} values do not fit into memory")))?;
    let mut table = Table::new(rows, array.count() / rows, values);
    if let (Values::Double(values), 'i' | 'u') = (&table.values, letter)
        && values.iter().any(|value| value.abs() > WHOLE)
    {
        table.notes.push("it has whole numbers beyond 2^53, which are rounded".into());
    }
    Ok(table)
}

/// All values in C's order; `None` if they do not fit into memory.
fn values<T: Copy + Default>(
    array: &mut Array<impl Read, Kind>,
    convert: impl Fn(f64) -> T,
) -> Result<Option<Vec<T>>, Flaw> {
    let mut values = Vec::new();
    if values.try_reserve_exact(array.count()).is_err() {
        return Ok(None);
    }
    values.resize(array.count(), T::default());
    array.each(|place, value| values[place] = convert(value))?;
    Ok(Some(values))
}
