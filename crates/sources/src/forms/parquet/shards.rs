//! The files of a set, of which each part may have several: `train-00000-of-00002.parquet` and so on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::part_name::PartName;

/// A file and the part it belongs to.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shard {
    pub(super) part: PartName,
    pub(super) path: PathBuf,
}

impl Shard {
    pub(super) fn name(&self) -> String {
        file_name(&self.path)
    }
}

/// The files of a folder or of its folder `data`, or a file alone; in the order of parts, then of names.
pub(super) fn shards(path: &Path, left_out: &mut Vec<(String, String)>) -> Result<Vec<Shard>, Error> {
    let alone = |path: &Path| Ok(vec![Shard { part: PartName::Train, path: path.to_owned() }]);
    if !path.is_dir() {
        return alone(path);
    }
    let mut paths = files(path)?;
    let data = path.join("data");
    if paths.is_empty() && data.is_dir() {
        paths = files(&data)?;
    }
    if let [path] = &paths[..] {
        return alone(path);
    }
    let mut shards = Vec::new();
    for path in paths {
        match part(&file_name(&path)) {
            Some(part) => shards.push(Shard { part, path }),
            None => left_out.push((file_name(&path), "its name has that of no part".to_owned())),
        }
    }
    shards.sort();
    if shards.first().is_none_or(|shard| shard.part != PartName::Train) {
        let why = "it has no file of training images; call it train.parquet, or train-00000-of-00001.parquet and so on";
        return Err(Error::form(path, why));
    }
    check_whole(path, &shards)?;
    Ok(shards)
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(dir).map_err(|source| Error::io("read", dir, source))?;
    let is_it = |path: &PathBuf| {
        let name = file_name(path).to_ascii_lowercase();
        name.ends_with(".parquet") && !name.starts_with('.')
    };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(is_it).collect();
    files.sort();
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The first word of a name that is that of a part.
fn part(name: &str) -> Option<PartName> {
    name.split(['-', '_', '.', ' ']).find_map(PartName::of)
}

/// Refuses parts that lack files which their names count.
fn check_whole(dir: &Path, shards: &[Shard]) -> Result<(), Error> {
    for shard in shards {
        let name = shard.name();
        let Some((before, number, all)) = numbered(&name) else { continue };
        let width = number.len();
        let is_there = |at: usize| {
            let wanted = format!("{before}{at:0width$}-of-{all}.");
            shards.iter().any(|shard| shard.name().starts_with(&wanted))
        };
        // As many as there are files can be there, whatever a name says.
        let count = all.parse().unwrap_or(usize::MAX).min(shards.len() + 1);
        if let Some(missing) = (0..count).find(|&at| !is_there(at)) {
            let why = format!("{before}{missing:0width$}-of-{all}.parquet is not there; fetch it too");
            return Err(Error::form(dir, why));
        }
    }
    Ok(())
}

/// `train-00000-of-00002.parquet` as `train-`, `00000` and `00002`.
fn numbered(name: &str) -> Option<(&str, &str, &str)> {
    let (before, after) = name.split_once("-of-")?;
    let (before, number) = before.split_at(before.rfind('-')? + 1);
    let (all, _) = after.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(number) && is_number(all)).then_some((before, number, all))
}
