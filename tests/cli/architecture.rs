//! The arrows between crates are those of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const DOCUMENT: &str = include_str!("../../ARCHITECTURE.md");

/// What each crate may depend on, by the table below the heading "Crates".
fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let table = DOCUMENT.split("| crate | may depend on |").nth(1).expect("the table of crates");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        let [name] = names(cells[1]).try_into().expect("one crate in a row");
        (name, names(cells[2]).into_iter().collect())
    })
    .collect()
}

/// What each crate of the workspace depends on of ours, in its tests and build scripts too.
fn real() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let metadata = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let ours: BTreeSet<_> = packages.iter().map(name).collect();
    let dependencies = |package: &Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter().map(name);
        all.filter(|dependency| ours.contains(dependency)).collect()
    };
    packages.iter().map(|package| (name(package), dependencies(package))).collect()
}

#[test]
fn crates_depend_on_what_the_architecture_lists_and_no_more() {
    let (listed, real) = (listed(), real());
    assert_eq!(listed.keys().collect::<Vec<_>>(), real.keys().collect::<Vec<_>>(), "rows and crates");
    for (name, dependencies) in &real {
        let more: Vec<_> = dependencies.difference(&listed[name]).collect();
        assert!(more.is_empty(), "{name} depends on {more:?}: ARCHITECTURE.md does not list that");
    }
}

#[test]
fn the_arrows_of_the_architecture_have_no_circle() {
    // A crate goes when all that it may depend on has gone.
    let mut left = listed();
    while !left.is_empty() {
        let before = left.len();
        let names: BTreeSet<_> = left.keys().cloned().collect();
        left.retain(|_, dependencies| !dependencies.is_disjoint(&names));
        assert!(left.len() < before, "a circle among {names:?}");
    }
}
