//! Where decoded pictures are kept: a file for each set, in a directory that stays below a size.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use modiste_data::{Images, Preparation};

use super::{content, key};
use crate::known::place::cache_dir;
use crate::options::LoadOptions;
use crate::parts::Parts;
use crate::tree::FileTree;

/// Bytes of all that is kept. The oldest files make room.
const MOST_BYTES: u64 = 2 << 30;
/// A set of fewer files than this, and fewer bytes, is decoded before anybody notices.
const MANY_FILES: usize = 1_000;
const MANY_BYTES: u64 = 16 << 20;

/// The place of a set in the cache.
pub(crate) struct Place {
    path: PathBuf,
    /// What the set is made of.
    content: String,
}

/// The place of a set that is worth keeping; none where there is no cache directory, or a change could go unseen.
pub(crate) fn place_of(tree: &dyn FileTree, options: &LoadOptions) -> Option<Place> {
    let files = &tree.listing().files;
    if files.len() < MANY_FILES && files.iter().map(|file| file.size).sum::<u64>() < MANY_BYTES {
        return None;
    }
    Place::within(&cache_dir()?.join("modiste").join("images"), tree, options, SystemTime::now())
}

impl Place {
    fn within(directory: &Path, tree: &dyn FileTree, options: &LoadOptions, now: SystemTime) -> Option<Self> {
        let name = format!("{}.safetensors", key::of_set(tree.place(), options)?);
        Some(Self { path: directory.join(name), content: key::of_content(tree, now)? })
    }

    /// What is kept of the set as it is now. What is damaged is as good as nothing: it will be replaced.
    pub(crate) fn read(&self) -> Option<(Parts<Images>, Preparation)> {
        content::read(&self.path, &self.content).ok().flatten()
    }

    /// Keeps a set. If that fails, it is decoded again the next time, and no harm is done.
    pub(crate) fn write(&self, parts: &Parts<Images>, preparation: &Preparation) {
        let Some(directory) = self.path.parent() else { return };
        let all = [Some(&parts.train), parts.validation.as_ref(), parts.test.as_ref()];
        let bytes: usize = all.into_iter().flatten().map(|images| images.pixels().len()).sum();
        if bytes as u64 <= MOST_BYTES / 2 && fs::create_dir_all(directory).is_ok() {
            let _ = content::write(&self.path, &self.content, parts, preparation);
            shrink(directory, &self.path, MOST_BYTES);
        }
    }
}

/// Removes the oldest files, but not `kept`, until the rest has no more than `most` bytes.
fn shrink(directory: &Path, kept: &Path, most: u64) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(|entry| {
            let found = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((found.modified().ok()?, found.len(), entry.path()))
        })
        .collect();
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, size, _)| size).sum();
    for (_, size, path) in files.iter().filter(|(.., path)| path != kept) {
        if bytes <= most {
            break;
        }
        if fs::remove_file(path).is_ok() {
            bytes -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::forms::folder;
    use crate::pictures::prepare::prepare;
    use crate::tree::open::open;

    /// Two pictures, and a directory to keep them in.
    struct World {
        directory: TempDir,
    }

    impl World {
        fn new() -> Self {
            let world = Self { directory: tempfile::tempdir().unwrap() };
            world.picture("train/ant/1.pgm", 7);
            world.picture("test/bee/1.pgm", 9);
            world
        }

        fn set(&self) -> PathBuf {
            self.directory.path().join("set")
        }

        fn picture(&self, name: &str, value: u8) {
            let path = self.set().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, [b"P5 1 1 255 ".as_slice(), &[value]].concat()).unwrap();
        }

        /// The place of the set some time from now.
        fn place(&self, options: &LoadOptions, later: u64) -> Option<Place> {
            let tree = open(&self.set()).unwrap().unwrap();
            let now = SystemTime::now() + Duration::from_secs(later);
            Place::within(&self.directory.path().join("cache"), tree.as_ref(), options, now)
        }

        fn decoded(&self) -> (Parts<Images>, Preparation) {
            let tree: Arc<dyn FileTree> = open(&self.set()).unwrap().unwrap();
            let (mut parts, preparation) =
                prepare(folder::read(&tree).unwrap(), &LoadOptions::default(), &self.set()).unwrap();
            parts.notes.push("a note".to_owned());
            parts.left_out.push(("a".to_owned(), "b".to_owned()));
            (parts, preparation)
        }

        fn keep(&self) -> Place {
            let (parts, preparation) = self.decoded();
            let place = self.place(&LoadOptions::default(), 10).unwrap();
            place.write(&parts, &preparation);
            place
        }
    }

    #[test]
    fn what_is_kept_is_what_was_decoded() {
        let world = World::new();
        let ((kept, how), (decoded, preparation)) = (world.keep().read().unwrap(), world.decoded());
        assert_eq!((&kept.train, &kept.validation, &kept.test), (&decoded.train, &None, &decoded.test));
        assert_eq!((&kept.class_names, how), (&decoded.class_names, preparation));
        assert_eq!((kept.notes, kept.left_out), (decoded.notes, decoded.left_out));
    }

    #[test]
    fn another_content_or_another_way_of_reading_is_not_taken_for_it() {
        let world = World::new();
        world.keep();
        let plain = LoadOptions::default();
        assert!(world.place(&plain, 10).unwrap().read().is_some());
        let sized = LoadOptions { size: Some((2, 2)), ..plain.clone() };
        assert!(world.place(&sized, 10).unwrap().read().is_none());
        let before = SystemTime::now() - Duration::from_secs(1_000);
        let picture = fs::File::options().write(true).open(world.set().join("train/ant/1.pgm")).unwrap();
        picture.set_modified(before).unwrap();
        assert!(world.place(&plain, 10).unwrap().read().is_none(), "another time");
        world.keep();
        fs::create_dir(world.set().join("train/cat")).unwrap();
        assert!(world.place(&plain, 10).unwrap().read().is_none(), "another class");
        let names = fs::read_dir(world.directory.path().join("cache")).unwrap().count();
        assert_eq!(names, 1, "a set has one file");
    }

    #[test]
    fn a_set_that_has_just_changed_has_no_place() {
        let world = World::new();
        assert!(world.place(&LoadOptions::default(), 0).is_none());
    }

    #[test]
    fn a_damaged_file_is_not_believed_and_replaced() {
        let world = World::new();
        let place = world.keep();
        let whole = fs::read(&place.path).unwrap();
        for at in [0, 20, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&place.path, bytes).unwrap();
            assert!(place.read().is_none(), "byte {at}");
        }
        fs::write(&place.path, &whole[..whole.len() - 1]).unwrap();
        assert!(place.read().is_none());
        assert!(world.keep().read().is_some());
    }

    #[test]
    fn where_nothing_can_be_written_nothing_is_kept() {
        let world = World::new();
        fs::write(world.directory.path().join("cache"), "in the way").unwrap();
        assert!(world.keep().read().is_none());
    }

    #[test]
    fn the_oldest_files_make_room() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for (age, name) in ["new", "old", "oldest"].iter().enumerate() {
            fs::write(at(name), [0; 10]).unwrap();
            let time = SystemTime::now() - Duration::from_secs(100 * age as u64);
            fs::File::options().write(true).open(at(name)).unwrap().set_modified(time).unwrap();
        }
        shrink(directory.path(), &at("oldest"), 20);
        assert_eq!(["new", "old", "oldest"].map(|name| at(name).exists()), [true, false, true]);
    }
}
