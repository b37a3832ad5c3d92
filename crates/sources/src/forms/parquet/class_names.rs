//! What the classes of a file are called, as the library `datasets` writes it beside the rows.

use ::parquet::file::metadata::FileMetaData;
use serde_json::Value;

/// The key of what that library knows of the columns.
const KEY: &str = "huggingface";
/// A label is a byte.
const MOST_CLASSES: usize = 256;

/// The names of the classes of a column of labels, by number, if the file has them.
pub(super) fn find(file: &FileMetaData, column: &str) -> Result<Option<Vec<String>>, String> {
    let values = file.key_value_metadata().into_iter().flatten();
    let Some(text) = values.filter(|value| value.key == KEY).find_map(|value| value.value.as_deref()) else {
        return Ok(None);
    };
    // Rows and labels are whole without it.
    let Ok(known) = serde_json::from_str::<Value>(text) else { return Ok(None) };
    let Some(names) = known["info"]["features"][column]["names"].as_array() else { return Ok(None) };
    if names.len() > MOST_CLASSES {
        return Err(format!("it has {} classes, where {MOST_CLASSES} can be told apart; leave some out", names.len()));
    }
    let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    let Some(names) = names else { return Ok(None) };
    let is_doubled = |(at, name): (usize, &String)| names[..at].contains(name);
    if let Some((_, name)) = names.iter().enumerate().find(|&named| is_doubled(named)) {
        return Err(format!("two of its classes are called '{name}'; give each a name of its own"));
    }
    Ok((!names.is_empty()).then_some(names))
}
