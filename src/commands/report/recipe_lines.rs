//! A recipe beside the built-in one of its name.

use std::collections::{HashMap, HashSet};

use modiste_network::Recipe;
use modiste_report::run::RecipeLine;
use modiste_training::AUTOMATIC;

/// The lines of a recipe as its file has them, those marked that the built-in recipe of its name does not have; and what they are
/// marked against.
pub fn lines(recipe: &Recipe, text: &str) -> (Vec<RecipeLine>, String) {
    let name = &recipe.name;
    let plain = |text: &str| RecipeLine { text: text.to_owned(), differs: None };
    if !Recipe::built_in_names().contains(&name.as_str()) {
        let note = match name.as_str() {
            AUTOMATIC => "It was chosen for these images, so there is nothing to compare it with.".to_owned(),
            _ => format!("{name} is none of the built-in recipes, so there is nothing to compare it with."),
        };
        return (text.lines().map(plain).collect(), note);
    }
    let Ok(built_in) = Recipe::find(name) else { return (text.lines().map(plain).collect(), String::new()) };
    let built_in = built_in.to_toml();
    let theirs: HashSet<(String, &str)> = placed(&built_in).collect();
    let values: HashMap<(String, &str), &str> =
        placed(&built_in).filter_map(|(place, line)| Some(((place, key(line)?), line))).collect();
    let lines: Vec<RecipeLine> = placed(text)
        .map(|(place, line)| {
            let is_said = !line.trim().is_empty() && !line.trim_start().starts_with('#');
            let differs = is_said && !theirs.contains(&(place.clone(), line));
            let other = || key(line).and_then(|key| values.get(&(place, key))).map(|line| (*line).to_owned());
            RecipeLine { text: line.to_owned(), differs: differs.then(other) }
        })
        .collect();
    let note = match lines.iter().filter(|line| line.differs.is_some()).count() {
        0 => format!("It is the built-in recipe {name} as it comes."),
        _ => format!("Marked is what differs from the built-in recipe {name}."),
    };
    (lines, note)
}

/// Each line with the table that it stands in, of layers with its number.
fn placed(text: &str) -> impl Iterator<Item = (String, &str)> {
    let (mut table, mut tables) = (String::new(), 0);
    text.lines().map(move |line| {
        if line.starts_with('[') {
            tables += usize::from(line.starts_with("[["));
            table = if line.starts_with("[[") { format!("{line} {tables}") } else { line.to_owned() };
        }
        (table.clone(), line)
    })
}

/// What a line gives a value to.
fn key(line: &str) -> Option<&str> {
    line.split_once('=').map(|(key, _)| key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_the_built_in_recipe_is_marked() {
        let mut recipe = Recipe::find("seed-mlp").unwrap();
        let (unchanged, note) = lines(&recipe, &recipe.to_toml());
        assert!(unchanged.iter().all(|line| line.differs.is_none()) && note.contains("as it comes"), "{note}");
        recipe.training.epochs = 3;
        let (changed, note) = lines(&recipe, &format!("# short\n{}", recipe.to_toml()));
        let marked: Vec<_> = changed.iter().filter(|line| line.differs.is_some()).collect();
        assert_eq!(marked.len(), 1, "{marked:?}");
        assert_eq!(marked[0].text, "epochs = 3");
        assert!(marked[0].differs.as_ref().unwrap().as_ref().unwrap().starts_with("epochs = "));
        assert!(note.starts_with("Marked"), "{note}");
        recipe.name = "mine".to_owned();
        assert!(lines(&recipe, "a = 1").1.contains("none of the built-in"));
    }
}
