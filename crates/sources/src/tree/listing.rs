//! Which files and empty folders a tree has, without a folder that stands around all of them.

use std::time::SystemTime;

use crate::natural_order;
use crate::part_name::PartName;

/// What stands in a tree.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// In natural order of their paths.
    pub(crate) files: Vec<TreeFile>,
    /// Folders with nothing in them, in natural order.
    pub(crate) empty_folders: Vec<String>,
    /// What was passed over, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeFile {
    /// Its place in the tree, with `/` between names.
    pub(crate) path: String,
    /// Bytes, as the tree says.
    pub(crate) size: u64,
    /// When it was last changed, where the tree says so.
    pub(crate) modified: Option<SystemTime>,
}

impl Listing {
    /// Sorts what was found and steps into a single folder at the top. With each file goes what its tree finds it by, which
    /// comes back in the order of the files. Of several files of one path the last counts, as in archives that were added to.
    pub(crate) fn new<T>(found: Vec<(TreeFile, T)>, folders: Vec<String>, notes: Vec<String>) -> (Self, Vec<T>) {
        let mut found: Vec<_> = found
            .into_iter()
            .filter_map(|(file, place)| Some((TreeFile { path: tidy(&file.path)?, ..file }, place)))
            .collect();
        let mut folders: Vec<String> = folders.iter().filter_map(|folder| tidy(folder)).collect();
        let top = top_folders(&found, &folders);
        found.retain_mut(|(file, _)| step_into(&top, &mut file.path));
        folders.retain_mut(|folder| step_into(&top, folder));
        found.reverse();
        found.sort_by(|(left, _), (right, _)| natural_order::compare(&left.path, &right.path));
        found.dedup_by(|(later, _), (first, _)| later.path == first.path);
        let (files, places): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        (Self { empty_folders: empty(folders, &files), files, notes }, places)
    }
}

/// Whether a name is one that systems and programs put beside what people have.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || ["__macosx", "thumbs.db", "desktop.ini"].contains(&name.to_ascii_lowercase().as_str())
}

/// A path without empty names, `.` and `..`: nothing is written, so that they lead nowhere.
fn tidy(path: &str) -> Option<String> {
    let names: Vec<_> = path.split('/').filter(|name| !["", ".", ".."].contains(name)).collect();
    (!names.is_empty()).then(|| names.join("/"))
}

/// The path to what holds everything, hidden files aside: empty, or folders with `/` behind each. A folder that is a part of a
/// set holds only that part. Paths are as deep as whoever made an archive likes, so each name is looked at once.
fn top_folders<T>(found: &[(TreeFile, T)], folders: &[String]) -> String {
    let files = found.iter().map(|(file, _)| (file.path.as_str(), true));
    let mut rests: Vec<(&str, bool)> = files.chain(folders.iter().map(|folder| (folder.as_str(), false))).collect();
    let mut path = String::new();
    while let Some(top) = top_folder(&rests) {
        path.push_str(top);
        path.push('/');
        rests.retain_mut(|(rest, _)| match rest.split_once('/') {
            Some((first, inside)) if first == top => {
                *rest = inside;
                true
            }
            _ => false,
        });
    }
    path
}

/// The folder that all paths are in, of which each is said whether it is a file's.
fn top_folder<'a>(paths: &[(&'a str, bool)]) -> Option<&'a str> {
    let mut seen = paths.iter().filter(|(path, _)| !is_hidden(first(path)));
    let top = first(seen.clone().next()?.0);
    let all_inside = seen.all(|&(path, is_file)| first(path) == top && !(is_file && path == top));
    (all_inside && PartName::of(top).is_none()).then_some(top)
}

fn first(path: &str) -> &str {
    path.split_once('/').map_or(path, |(first, _)| first)
}

/// Takes folders, with `/` behind them, off a path; false where it is beside them, or one of them.
fn step_into(top: &str, path: &mut String) -> bool {
    let is_inside = path.starts_with(top);
    if is_inside {
        path.drain(..top.len());
    }
    is_inside
}

/// The folders that neither a file nor another folder is in.
fn empty(folders: Vec<String>, files: &[TreeFile]) -> Vec<String> {
    let mut paths: Vec<&str> = files.iter().map(|file| &file.path).chain(&folders).map(String::as_str).collect();
    paths.sort_unstable();
    let is_filled = |folder: &str| {
        let inside = format!("{folder}/");
        let next = paths.partition_point(|path| *path < inside.as_str());
        paths.get(next).is_some_and(|path| path.starts_with(&inside))
    };
    let mut empty: Vec<String> = folders.iter().filter(|folder| !is_filled(folder)).cloned().collect();
    empty.sort_by(|left, right| natural_order::compare(left, right));
    empty.dedup();
    empty
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(paths: &[&str], folders: &[&str]) -> (Vec<String>, Vec<String>, Vec<usize>) {
        let file = |path: &&str| TreeFile { path: (*path).to_owned(), size: 0, modified: None };
        let found = paths.iter().map(file).zip(0..).collect();
        let (listing, places) = Listing::new(found, folders.iter().map(ToString::to_string).collect(), Vec::new());
        (listing.files.into_iter().map(|file| file.path).collect(), listing.empty_folders, places)
    }

    #[test]
    fn a_folder_around_everything_is_stepped_into() {
        let (files, ..) =
            listing(&["set/set/train/b/10.png", "set/set/train/b/9.png", "__MACOSX/set/x", ".a"], &["set"]);
        assert_eq!(files, ["train/b/9.png", "train/b/10.png"]);
        assert_eq!(listing(&["set/a", "b"], &[]).0, ["b", "set/a"]);
        assert_eq!(listing(&["set"], &[]).0, ["set"]);
        assert_eq!(listing(&["set/a/1"], &["other"]).0, ["set/a/1"]);
    }

    #[test]
    fn a_part_is_not_stepped_into() {
        assert_eq!(listing(&["set/Test/a/1.png"], &[]).0, ["Test/a/1.png"]);
    }

    #[test]
    fn folders_without_anything_are_told() {
        let (_, empty, _) = listing(&["a/1", "b/c/2"], &["a", "b", "b/c", "d", "e/f", "e/", "e10"]);
        assert_eq!(empty, ["d", "e/f", "e10"]);
    }

    #[test]
    fn paths_of_a_million_folders_take_no_time_to_speak_of() {
        let deep = "a/".repeat(1 << 20) + "1";
        let other = format!("b{deep}");
        assert_eq!(listing(&[&deep], &["a", &deep]).0, ["1"]);
        assert_eq!(listing(&[&deep, &other], &["c"]).1, ["c"]);
    }

    #[test]
    fn paths_that_lead_out_lead_nowhere() {
        let (files, _, places) = listing(&["../../a/./1", "/b//2", "..", "a/1"], &[]);
        assert_eq!(
            (files, places),
            (vec!["a/1".to_owned(), "b/2".to_owned()], vec![3, 1]),
            "the last of a path counts"
        );
    }
}
