//! Folders of pictures by class: `train/CLASS/…` with `test/` and `val/` beside it, or `CLASS/…` alone.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::Error;
use crate::natural_order;
use crate::part_name::PartName;
use crate::parts::{Parts, PictureEntry, Pictures, ReadPicture};
use crate::tree::FileTree;
use crate::tree::listing::is_hidden;

/// What names of pictures that can be read end with.
const ENDINGS: [&str; 17] = [
    "apng", "bmp", "dib", "gif", "jfif", "jpe", "jpeg", "jpg", "pam", "pbm", "pgm", "png", "pnm", "ppm", "tif", "tiff",
    "webp",
];
/// Labels are bytes.
const MOST_CLASSES: usize = 256;
/// How many kinds of files, or classes, a note names.
const NAMED: usize = 5;

/// Tells the pictures of a tree by the folders that they are in. None of them is read yet.
///
/// # Errors
/// When the tree has no training pictures in folders of classes, or too many classes.
pub(crate) fn read(tree: &Arc<dyn FileTree>) -> Result<Parts<Pictures>, Error> {
    let layout = |why: String| Error::layout(tree.place(), why);
    let listing = tree.listing();
    let has_parts = has_parts(tree.as_ref()).map_err(|why| layout(why.to_owned()))?;
    let mut sorted = Sorted::default();
    for (index, file) in listing.files.iter().enumerate() {
        match place_of(&file.path, has_parts) {
            _ if file.path.split('/').any(is_hidden) => sorted.leave_out(&file.path, "hidden".to_owned()),
            _ if !is_picture(&file.path) => sorted.leave_out(&file.path, kind_of(&file.path)),
            Ok((part, class)) => sorted.found.push((part, class, index)),
            Err(why) => sorted.leave_out(&file.path, why.to_owned()),
        }
    }
    let empty = listing.empty_folders.iter().filter(|folder| !folder.split('/').any(is_hidden));
    // What stands behind an empty folder's name makes it a class even if no picture follows.
    let inside: Vec<String> = empty.map(|folder| format!("{folder}/")).collect();
    let empty = inside.iter().filter_map(|inside| place_of(inside, has_parts).ok());
    let named = sorted.found.iter().map(|&(part, class, _)| (part, class)).chain(empty);
    let named: Vec<(PartName, &str)> = named.collect();

    if sorted.found.is_empty() {
        let loose = sorted.left_out.iter().filter(|(_, why)| why == IN_NO_CLASS).count();
        return Err(layout(match loose {
            0 => format!("holds no picture (PNG, JPEG, WebP, BMP, GIF, TIFF, PNM){}", sorted.instead()),
            loose => format!("holds pictures ({loose}), but none in a folder of its class"),
        }));
    }
    if !sorted.found.iter().any(|(part, ..)| *part == PartName::Train) {
        return Err(layout("holds no training picture".to_owned()));
    }
    let mut class_names: Vec<&str> = named.iter().map(|(_, class)| *class).collect();
    class_names.sort_by(|left, right| natural_order::compare(left, right));
    class_names.dedup();
    if class_names.len() > MOST_CLASSES {
        return Err(Error::TooManyClasses { place: tree.place().to_owned(), classes: class_names.len() });
    }

    let labels: BTreeMap<&str, u8> = class_names.iter().copied().zip(0..=u8::MAX).collect();
    let pictures = |wanted: PartName| {
        let found = sorted.found.iter().filter(|(part, ..)| *part == wanted);
        let entry = |&(_, class, index): &(PartName, &str, usize)| {
            (PictureEntry { name: listing.files[index].path.clone(), label: labels[class] }, index)
        };
        let (entries, indices): (Vec<_>, Vec<_>) = found.map(entry).unzip();
        Pictures { entries, source: Box::new(TreePictures { tree: Arc::clone(tree), indices }) }
    };
    let kept = |wanted: PartName| named.iter().any(|(part, _)| *part == wanted).then(|| pictures(wanted));
    let mut notes = listing.notes.clone();
    notes.extend(sorted.note());
    notes.extend(untrained(&class_names, &sorted.found));
    Ok(Parts {
        train: pictures(PartName::Train),
        validation: kept(PartName::Validation),
        test: kept(PartName::Test),
        notes,
        class_names: class_names.into_iter().map(str::to_owned).collect(),
        left_out: sorted.left_out,
    })
}

const IN_NO_CLASS: &str = "in no class";

/// Whether the folders at the top are parts. Without one for training all are classes, which may be called `valid` too.
fn has_parts(tree: &dyn FileTree) -> Result<bool, &'static str> {
    let listing = tree.listing();
    let paths = listing.files.iter().filter_map(|file| file.path.split_once('/')).map(|(top, _)| top);
    let empty =
        listing.empty_folders.iter().map(|folder| folder.split_once('/').map_or(folder.as_str(), |(top, _)| top));
    let tops: BTreeSet<&str> = paths.chain(empty).filter(|top| !is_hidden(top)).collect();
    let parts = || tops.iter().map(|top| PartName::of(top));
    if parts().any(|part| part == Some(PartName::Train)) {
        return Ok(true);
    }
    let is_test_alone =
        parts().any(|part| part == Some(PartName::Test)) || (!tops.is_empty() && parts().all(|part| part.is_some()));
    if is_test_alone { Err("has a folder for a part of the set, but none for training") } else { Ok(false) }
}

/// The part and class that a path is in.
fn place_of(path: &str, has_parts: bool) -> Result<(PartName, &str), &'static str> {
    let (part, rest) = match path.split_once('/') {
        Some((top, rest)) if has_parts => (PartName::of(top).ok_or("in no part")?, rest),
        _ => (PartName::Train, path),
    };
    rest.split_once('/').map(|(class, _)| (part, class)).ok_or(IN_NO_CLASS)
}

fn ending(path: &str) -> Option<String> {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase())
}

/// Whether a path is that of a picture, by its end.
pub(crate) fn is_picture(path: &str) -> bool {
    ending(path).is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// What a file is that is no picture.
fn kind_of(path: &str) -> String {
    ending(path).map_or_else(|| "without ending".to_owned(), |ending| format!(".{ending}"))
}

/// The files of a tree, told apart.
#[derive(Default)]
struct Sorted<'a> {
    /// Part, class, and index in the tree.
    found: Vec<(PartName, &'a str, usize)>,
    /// Path, and why.
    left_out: Vec<(String, String)>,
}

impl Sorted<'_> {
    fn leave_out(&mut self, path: &str, why: String) {
        self.left_out.push((path.to_owned(), why));
    }

    /// What there is in place of pictures.
    fn instead(&self) -> String {
        match self.left_out.len() {
            0 => String::new(),
            _ => format!(", but {}", self.kinds()),
        }
    }

    /// How many files of which kinds are left out.
    fn note(&self) -> Option<String> {
        let count = self.left_out.len();
        let files = if count == 1 { "1 file is" } else { &format!("{count} files are") };
        (count > 0).then(|| format!("{files} left out: {}", self.kinds()))
    }

    /// `3 .txt, 1 hidden`
    fn kinds(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, why) in &self.left_out {
            *counts.entry(why).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        some_of(counts.iter().map(|(why, count)| format!("{count} {why}")).collect())
    }
}

/// Says which classes cannot be learned.
fn untrained(class_names: &[&str], found: &[(PartName, &str, usize)]) -> Option<String> {
    let trained: BTreeSet<&str> =
        found.iter().filter(|(part, ..)| *part == PartName::Train).map(|&(_, class, _)| class).collect();
    let untrained: Vec<_> =
        class_names.iter().filter(|class| !trained.contains(**class)).map(ToString::to_string).collect();
    (!untrained.is_empty()).then(|| format!("there is no training picture of {}", some_of(untrained)))
}

/// The first few of some names.
fn some_of(mut names: Vec<String>) -> String {
    if names.len() > NAMED + 1 {
        let more = names.len() - NAMED;
        names.truncate(NAMED);
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

/// Pictures that lie in a tree.
struct TreePictures {
    tree: Arc<dyn FileTree>,
    /// Which file of the tree each picture is.
    indices: Vec<usize>,
}

impl ReadPicture for TreePictures {
    fn read(&self, index: usize) -> Result<Cow<'_, [u8]>, Error> {
        self.tree.read(self.indices[index]).map(Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::tree::listing::{Listing, TreeFile};

    /// Files whose bytes are their paths.
    struct Names(Listing);

    impl FileTree for Names {
        fn place(&self) -> &Path {
            Path::new("set")
        }
        fn listing(&self) -> &Listing {
            &self.0
        }
        fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
            Ok(self.0.files[index].path.clone().into_bytes())
        }
    }

    fn parts(paths: &[&str]) -> Result<Parts<Pictures>, String> {
        let (folders, files): (Vec<&str>, Vec<&str>) = paths.iter().partition(|path| path.ends_with('/'));
        let file = |path: &&str| (TreeFile { path: (*path).to_owned(), size: 1, modified: None }, ());
        let folders = folders.iter().map(ToString::to_string).collect();
        let (listing, _) = Listing::new(files.iter().map(file).collect(), folders, Vec::new());
        let tree: Arc<dyn FileTree> = Arc::new(Names(listing));
        read(&tree).map_err(|error| error.to_string())
    }

    fn labelled(pictures: &Pictures) -> Vec<(String, u8)> {
        let read = |(at, entry): (usize, &PictureEntry)| {
            assert_eq!(*pictures.source.read(at).unwrap(), *entry.name.as_bytes());
            (entry.name.clone(), entry.label)
        };
        pictures.entries.iter().enumerate().map(read).collect()
    }

    fn names(expected: &[(&str, u8)]) -> Vec<(String, u8)> {
        expected.iter().map(|(name, label)| ((*name).to_owned(), *label)).collect()
    }

    #[test]
    fn folders_at_the_top_are_classes_in_natural_order() {
        let parts = parts(&["2/a.png", "10/b.JPG", "10/deep/er/c.webp", "valid/1.bmp", "3/"]).unwrap();
        assert_eq!(parts.class_names, ["2", "3", "10", "valid"]);
        let expected = [("2/a.png", 0), ("10/b.JPG", 2), ("10/deep/er/c.webp", 2), ("valid/1.bmp", 3)];
        assert_eq!(labelled(&parts.train), names(&expected));
        assert!(parts.test.is_none() && parts.validation.is_none() && parts.left_out.is_empty());
        assert_eq!(parts.notes, ["there is no training picture of 3"]);
    }

    #[test]
    fn parts_share_the_numbers_of_their_classes() {
        let parts =
            parts(&["set/Training/b/1.png", "set/test/a/2.png", "set/test/b/3.png", "set/VAL/b/4.png"]).unwrap();
        assert_eq!(parts.class_names, ["a", "b"]);
        assert_eq!(labelled(&parts.train), names(&[("Training/b/1.png", 1)]));
        assert_eq!(labelled(&parts.test.unwrap()), names(&[("test/a/2.png", 0), ("test/b/3.png", 1)]));
        assert_eq!(labelled(&parts.validation.unwrap()), names(&[("VAL/b/4.png", 1)]));
        assert_eq!(parts.notes, ["there is no training picture of a"]);
    }

    #[test]
    fn what_is_no_picture_of_a_class_is_left_out_in_one_note() {
        let parts = parts(&[
            "train/a/1.png",
            "train/a/.DS_Store",
            "train/a/Thumbs.db",
            "train/.ipynb_checkpoints/1.png",
            "train/a/notes.txt",
            "train/a/2.heic",
            "train/loose.png",
            "test/1.png",
            "extra/a/1.png",
            "README",
            "__MACOSX/train/a/1.png",
        ])
        .unwrap();
        assert_eq!((parts.train.entries.len(), parts.test.is_none(), parts.left_out.len()), (1, true, 10));
        assert_eq!(parts.class_names, ["a"]);
        let [note] = &parts.notes[..] else { panic!("{:?}", parts.notes) };
        assert!(note.starts_with("10 files are left out: 4 hidden, 2 in no class, "), "{note}");
        assert!(note.contains("1 .heic") && note.contains("1 in no part"), "{note}");
    }

    #[test]
    fn other_layouts_are_said_to_be_none() {
        for (paths, why) in [
            (&["1.png", "2.png"][..], "pictures (2), but none in a folder of its class"),
            (&["set/1.png"], "pictures (1), but none in"),
            (&["a/1.txt", "inner.zip"], "PNM), but 1 .txt, 1 .zip; give"),
            (&[], "no picture (PNG"),
            (&["test/a/1.png"], "none for training"),
            (&["a/1.png", "b/1.png", "test/1.png"], "none for training"),
            (&["train/", "test/a/1.png"], "no training picture"),
        ] {
            let error = parts(paths).err().unwrap();
            assert!(error.starts_with("set ") && error.contains(why) && error.contains("CLASS"), "{paths:?}: {error}");
        }
    }

    #[test]
    fn more_classes_than_labels_are_refused() {
        let paths: Vec<String> = (0..=256).map(|class| format!("{class}/1.png")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        assert_eq!(parts(&paths[1..]).unwrap().train.entries.last().unwrap().label, 255);
        assert!(parts(&paths).err().unwrap().contains("257 classes"));
    }
}
