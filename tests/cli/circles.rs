//! No files import each other in a circle: what ARCHITECTURE.md promises of folders and files within a crate.
//!
//! Imports are read as text. That is enough to find a circle, as long as names come from `use` or from paths that begin with
//! `crate`, `self` or `super`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module's place in its crate: `["cpu", "plan", "layout"]`.
type Module = Vec<String>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The modules of a crate and what they import of each other, tests aside.
struct House {
    texts: BTreeMap<Module, String>,
}

impl House {
    fn read(source: &Path) -> Self {
        let mut texts = BTreeMap::new();
        let mut folders = vec![source.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    texts.insert(module_of(source, &path), without_tests(&fs::read_to_string(&path).unwrap()));
                }
            }
        }
        Self { texts }
    }

    /// Paths that a module names, from the crate's root on; `exports` picks those that it only passes on.
    fn paths(&self, module: &Module, exports: bool) -> Vec<Module> {
        let mut found = Vec::new();
        for statement in self.texts[module].split(';') {
            let (import, text) = match statement.rfind("use ") {
                Some(at) if statement[..at].chars().next_back().is_none_or(|before| before.is_whitespace()) => {
                    (true, &statement[at + 4..])
                }
                _ => (false, statement),
            };
            let passes_on = import && statement[..statement.len() - text.len()].trim_end().ends_with("pub use");
            if import && passes_on == exports {
                leaves(text, &mut Vec::new(), &mut found);
            }
            if !exports {
                let body = if import { &statement[..statement.len() - text.len()] } else { text };
                found.extend(inline_paths(body));
            }
        }
        found.into_iter().filter_map(|path| self.absolute(module, path)).collect()
    }

    fn absolute(&self, module: &Module, mut path: Module) -> Option<Module> {
        let mut base = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => module.clone(),
            child => {
                let mut child_path = module.clone();
                child_path.push(child.to_owned());
                return self.texts.contains_key(&child_path).then(|| [module.clone(), path].concat());
            }
        };
        while let Some(first @ ("crate" | "self" | "super")) = path.first().map(String::as_str) {
            if first == "super" {
                base.pop();
            }
            path.remove(0);
        }
        Some([base, path].concat())
    }

    /// The module that defines what a path names: re-exports are followed.
    fn definition(&self, path: &[String]) -> Module {
        let known = (0..=path.len()).rev().find(|&length| self.texts.contains_key(&path[..length])).unwrap_or(0);
        let (module, rest) = (path[..known].to_vec(), &path[known..]);
        if let Some(name) = rest.first() {
            for export in self.paths(&module, true) {
                if export.last() == Some(name) && export[..export.len() - 1] != module[..] {
                    return self.definition(&export);
                }
            }
        }
        module
    }

    fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let defined = self.paths(module, false).iter().map(|path| self.definition(path)).collect::<BTreeSet<_>>();
        defined.into_iter().filter(|other| other != module).collect()
    }

    /// Files that import each other in a circle, the first found.
    fn circle(&self) -> Option<Vec<Module>> {
        let arrows: BTreeMap<_, _> = self.texts.keys().map(|module| (module.clone(), self.imports(module))).collect();
        let mut done = BTreeSet::new();
        arrows.keys().find_map(|module| visit(module, &arrows, &mut Vec::new(), &mut done))
    }
}

/// Depth first; a module that is met again on the way to itself closes a circle.
fn visit(
    module: &Module,
    arrows: &BTreeMap<Module, BTreeSet<Module>>,
    way: &mut Vec<Module>,
    done: &mut BTreeSet<Module>,
) -> Option<Vec<Module>> {
    if let Some(start) = way.iter().position(|earlier| earlier == module) {
        return Some(way[start..].to_vec());
    }
    if done.contains(module) {
        return None;
    }
    way.push(module.clone());
    let circle = arrows[module].iter().find_map(|next| visit(next, arrows, way, done));
    way.pop();
    done.insert(module.clone());
    circle
}

fn module_of(source: &Path, path: &Path) -> Module {
    let relative = path.strip_prefix(source).unwrap().with_extension("");
    let mut module: Module = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

/// The code alone: neither the tests at its end nor comments.
fn without_tests(text: &str) -> String {
    let tests = text
        .match_indices("#[cfg(test)]\n")
        .find(|(at, _)| text[*at..].lines().nth(1).is_some_and(|line| line.ends_with("mod tests {")));
    text[..tests.map_or(text.len(), |(at, _)| at)]
        .lines()
        .map(|line| line.split("//").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The leaves of an import such as `a::{b, c::{self, d}}`.
fn leaves(tree: &str, before: &mut Module, found: &mut Vec<Module>) {
    let (head, branches) = match tree.split_once('{') {
        Some((head, branches)) => (head, Some(branches.trim_end().strip_suffix('}').unwrap_or(branches))),
        None => (tree.split(" as ").next().unwrap(), None),
    };
    let depth = before.len();
    before.extend(head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
    match branches {
        None => found.push(before.clone()),
        Some(branches) => {
            let mut open = 0;
            let branch_ends = |letter: char| {
                open += i32::from(letter == '{') - i32::from(letter == '}');
                letter == ',' && open == 0
            };
            for branch in branches.split(branch_ends).filter(|branch| !branch.trim().is_empty()) {
                leaves(branch.trim(), before, found);
            }
        }
    }
    before.truncate(depth);
    if let Some(path) = found.last_mut()
        && path.last().is_some_and(|last| last == "self")
        && path.len() > 1
    {
        path.pop();
    }
}

/// Paths such as `super::memory::padded` in the midst of code.
fn inline_paths(code: &str) -> Vec<Module> {
    let words = code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
    words
        .filter(|word| ["crate::", "super::", "self::"].iter().any(|start| word.starts_with(start)))
        .map(|word| word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect())
        .collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut sources: Vec<PathBuf> = vec![root().join("src")];
    sources.extend(fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path().join("src")));
    for source in sources {
        let circle = House::read(&source).circle();
        let names = circle.map(|modules| modules.iter().map(|module| module.join("/")).collect::<Vec<_>>());
        assert_eq!(names, None, "in {}", source.strip_prefix(root()).unwrap().display());
    }
}

#[test]
fn a_circle_is_seen_through_re_exports() {
    let house = |files: &[(&[&str], &str)]| House {
        texts: files
            .iter()
            .map(|(module, text)| (module.iter().map(|&part| part.to_owned()).collect(), (*text).to_owned()))
            .collect(),
    };
    let open: &[(&[&str], &str)] =
        &[(&[], "mod a; mod b; pub use a::A;"), (&["a"], "use crate::b::{self, B};"), (&["b"], "")];
    assert_eq!(house(open).circle(), None);
    let closed: &[(&[&str], &str)] = &[open[0], open[1], (&["b"], "use crate::A;")];
    assert_eq!(house(closed).circle().unwrap().len(), 2);
    let inline: &[(&[&str], &str)] = &[open[0], open[1], (&["b"], "fn f() { super::a::g(); }")];
    assert_eq!(house(inline).circle().unwrap().len(), 2);
}
