//! Somebody's own images: which form they have at a path, by names and content, and the reader for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use modiste_data::{Images, Preparation};

use crate::cache::place::place_of;
use crate::complete_set::complete;
use crate::error::Error;
#[cfg(feature = "parquet")]
use crate::forms::parquet;
use crate::forms::{cifar, csv, folder, npz};
use crate::idx::directory::{is_idx_name, name_of};
use crate::options::LoadOptions;
use crate::parts::Parts;
use crate::pictures::arrays;
use crate::pictures::prepare::prepare;
use crate::tree::{self, FileTree};

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A directory of IDX files.
    Idx,
    /// An `.npz` file.
    Npz(PathBuf),
    /// A `.csv` file, or a directory of them.
    Csv(PathBuf),
    /// A `.parquet` file, or a directory of them.
    Parquet(PathBuf),
    /// A directory of CIFAR's binary batches.
    Cifar,
    /// A directory of folders of pictures, or an archive of one.
    Folder,
}

impl Form {
    /// What outputs call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Idx => "idx",
            Self::Npz(_) => "npz",
            Self::Csv(_) => "csv",
            Self::Parquet(_) => "parquet",
            Self::Cifar => "cifar",
            Self::Folder => "folder",
        }
    }

    /// The form of what lies at `path`. A directory with one `.npz` file and no folder means that file.
    ///
    /// # Errors
    /// When the system does not let it be looked at.
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        if !path.is_dir() {
            return Ok(of_file(path).unwrap_or(Self::Folder));
        }
        let entries = fs::read_dir(path).map_err(|source| Error::io("read", path, source))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        if paths.iter().any(|path| is_idx_name(&name_of(path))) {
            return Ok(Self::Idx);
        }
        let files: Vec<&PathBuf> = paths.iter().filter(|path| path.is_file()).collect();
        if files.iter().any(|path| cifar::is_name(&name_of(path))) {
            return Ok(Self::Cifar);
        }
        let of_kind = |form: fn(PathBuf) -> Self| -> Vec<&PathBuf> {
            files.iter().copied().filter(|path| of_file(path) == Some(form(path.to_path_buf()))).collect()
        };
        let (arrays, tables) = (of_kind(Self::Npz), of_kind(Self::Csv));
        let is_parquet = |path: &Path| matches!(of_file(path), Some(Self::Parquet(_)));
        let below =
            |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_parquet(&entry.path()));
        if files.iter().any(|path| is_parquet(path)) || below(&path.join("data")) {
            return Ok(Self::Parquet(path.to_owned()));
        }
        let has_folders = paths.iter().any(|path| path.is_dir() && !name_of(path).starts_with('.'));
        Ok(match (&arrays[..], &tables[..]) {
            ([array], _) if !has_folders => Self::Npz(array.to_path_buf()),
            ([], [_, ..]) if !has_folders => Self::Csv(path.to_owned()),
            _ => Self::Folder,
        })
    }
}

/// The form of a file, by the end of its name.
pub(crate) fn of_file(path: &Path) -> Option<Form> {
    let name = name_of(path).to_ascii_lowercase();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    match stem.rsplit_once('.')?.1 {
        "npz" => Some(Form::Npz(path.to_owned())),
        "parquet" if stem.len() == name.len() => Some(Form::Parquet(path.to_owned())),
        "csv" | "tsv" => Some(Form::Csv(path.to_owned())),
        _ => None,
    }
}

/// A data set that was read, and what is known of how.
pub(crate) struct Own {
    pub(crate) dataset: modiste_data::Dataset,
    pub(crate) left_out: Vec<(String, String)>,
    /// A sentence each.
    pub(crate) notes: Vec<String>,
}

/// Reads a set that is not one of IDX files.
///
/// # Errors
/// When it is not what it should be.
pub(crate) fn read(path: &Path, form: &Form, options: &LoadOptions) -> Result<Own, Error> {
    let (parts, preparation) = match form {
        Form::Npz(file) => arrays::prepare(npz::read(file, options)?, options),
        Form::Csv(tables) => arrays::prepare(csv::read(tables, options)?, options),
        #[cfg(feature = "parquet")]
        Form::Parquet(shards) => prepare(parquet::read(shards, options)?, options, path)?,
        #[cfg(not(feature = "parquet"))]
        Form::Parquet(path) => return Err(Error::WithoutParquet { path: path.clone() }),
        Form::Cifar => arrays::prepare(cifar::read(path, options)?, options),
        Form::Idx | Form::Folder => return read_pictures(&open(path)?, options),
    };
    Ok(whole(path, parts, preparation))
}

/// The directory or archive at `path`.
///
/// # Errors
/// When it is neither, or cannot be read.
pub(crate) fn open(path: &Path) -> Result<Arc<dyn FileTree>, Error> {
    tree::open::open(path)?.ok_or_else(|| Error::UnknownForm { path: path.to_owned() })
}

/// Reads folders of pictures.
///
/// # Errors
/// When they are not what they should be.
pub(crate) fn read_pictures(tree: &Arc<dyn FileTree>, options: &LoadOptions) -> Result<Own, Error> {
    let (parts, preparation) = pictures(tree, options)?;
    Ok(whole(tree.place(), parts, preparation))
}

fn whole(path: &Path, mut parts: Parts<Images>, preparation: Preparation) -> Own {
    let left_out = std::mem::take(&mut parts.left_out);
    let (dataset, notes) = complete(path.display().to_string(), parts, preparation);
    Own { dataset, left_out, notes }
}

/// The images of a tree of pictures, from the cache where it has them.
fn pictures(tree: &Arc<dyn FileTree>, options: &LoadOptions) -> Result<(Parts<Images>, Preparation), Error> {
    let place = if options.no_cache { None } else { place_of(tree.as_ref(), options) };
    if let Some(found) = place.as_ref().and_then(|place| place.read()) {
        return Ok(found);
    }
    let (parts, preparation) = prepare(folder::read(tree)?, options, tree.place())?;
    if let Some(place) = place {
        place.write(&parts, &preparation);
    }
    Ok((parts, preparation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_known_by_names() {
        let directory = tempfile::tempdir().unwrap();
        let form = |name: &str, files: &[&str]| {
            let set = directory.path().join(name);
            for file in files {
                let path = set.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            Form::of(&set).unwrap().name()
        };
        assert_eq!(form("idx", &["emnist-letters-train-images-idx3-ubyte.gz", "a.csv"]), "idx");
        assert_eq!(form("cifar", &["data_batch_1.bin", "readme.html"]), "cifar");
        assert_eq!(form("table", &["train.csv", "test.csv.gz"]), "csv");
        assert_eq!(form("arrays", &["mnist.npz", "about.txt"]), "npz");
        assert_eq!(form("shards", &["data/train-00000-of-00001.parquet", "README.md"]), "parquet");
        // Tables beside folders of pictures tell of them.
        assert_eq!(form("pictures", &["train/a/1.png", "labels.csv"]), "folder");
        assert_eq!(form("empty", &["nothing/x"]), "folder");
        let of = |name: &str| Form::of(Path::new(name)).unwrap().name();
        assert_eq!(
            ["a.NPZ", "a.csv.gz", "b.parquet", "set.zip", "set.tar.gz"].map(of),
            ["npz", "csv", "parquet", "folder", "folder"]
        );
    }
}
