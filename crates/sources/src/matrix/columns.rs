//! What the columns of a table are: which are numbers of a point, and which say something about it.

use super::options::TableOptions;

/// What columns that hold each row's class are called, in any case; the first that is there and holds words does, or else
/// the first that is there.
const LABELS: [&str; 17] = [
    "label",
    "labels",
    "class",
    "target",
    "species",
    "category",
    "classes",
    "targets",
    "class_id",
    "label_id",
    "y_true",
    "variety",
    "diagnosis",
    "digit",
    "group",
    "cluster",
    "outcome",
];
/// What it is called beside numbers of which none is called `x`: then it is no coordinate.
const Y: &str = "y";
/// What columns that number the rows are called, in any case.
const INDICES: [&str; 16] = [
    "index",
    "idx",
    "id",
    "row",
    "row_id",
    "rowid",
    "row.names",
    "rownames",
    "row_number",
    "sample_id",
    "level_0",
    "no",
    "nr",
    "#",
    "obs",
    "key",
];
/// How pandas calls a column whose name was empty when it was written.
const UNNAMED: &str = "unnamed: ";

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A number of each point.
    Number,
    /// The class of each point.
    Label,
    /// Nothing.
    Left,
}

/// Which columns are wanted of a file.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// All, whatever they are called.
    All,
    /// Those that are numbers of points, and their classes.
    Points(&'a TableOptions),
    /// The two places on a map.
    Map,
}

/// What each of `columns` columns is for. `names` are what the header calls them; `are_words` says which of some columns hold
/// words.
pub(super) fn roles(
    names: Option<&[String]>,
    columns: usize,
    wanted: Wanted<'_>,
    are_words: impl Fn(&[usize]) -> Vec<bool>,
    notes: &mut Vec<String>,
) -> Result<Vec<Role>, String> {
    let mut roles = vec![Role::Number; columns];
    match (wanted, names) {
        (Wanted::Map, Some(names)) if ["x", "y"].iter().all(|axis| names.iter().any(|name| name == axis)) => {
            let is_axis = |name: &String| name == "x" || name == "y";
            roles = names.iter().map(|name| if is_axis(name) { Role::Number } else { Role::Left }).collect();
        }
        (Wanted::Points(options), _) => {
            drop_columns(names, &options.drop, &mut roles)?;
            if let Some(names) = names {
                recognise(names, are_words, &mut roles, notes);
            }
            if !roles.contains(&Role::Number) {
                return Err("has no column of numbers left: drop fewer".into());
            }
        }
        _ => {}
    }
    Ok(roles)
}

fn drop_columns(names: Option<&[String]>, drop: &[String], roles: &mut [Role]) -> Result<(), String> {
    for dropped in drop {
        let Some(names) = names else {
            return Err(format!("has no header that calls a column '{dropped}': give it one, or drop nothing"));
        };
        if !names.contains(dropped) {
            let known = names.iter().take(20).map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
            return Err(format!("has no column '{dropped}' to drop: its columns are {known}"));
        }
        let is_dropped = |name: &String| name == dropped;
        roles.iter_mut().zip(names).filter(|(_, name)| is_dropped(name)).for_each(|(role, _)| *role = Role::Left);
    }
    Ok(())
}

/// Finds the column of classes and those that number the rows by their names. All columns may be called so, and there may be a
/// million of them.
fn recognise(names: &[String], are_words: impl Fn(&[usize]) -> Vec<bool>, roles: &mut [Role], notes: &mut Vec<String>) {
    let is_called = |column: usize, name: &str| names[column].eq_ignore_ascii_case(name);
    let numbers = |roles: &[Role]| (0..names.len()).filter(|&at| roles[at] == Role::Number).collect::<Vec<_>>();
    let has_x = (0..names.len()).any(|column| is_called(column, "x"));
    let mut known: Vec<usize> = Vec::new();
    for label in LABELS.iter().chain((!has_x).then_some(&Y)) {
        known.extend(numbers(roles).into_iter().filter(|&column| is_called(column, label)));
    }
    // Words say more than the numbers that stand for them beside them.
    if let Some(words) =
        (known.len() > 1).then(|| are_words(&known).into_iter().position(|is_words| is_words)).flatten()
    {
        known[..=words].rotate_right(1);
    }
    let mut left = numbers(roles).len();
    for (at, &column) in known.iter().enumerate() {
        if left == 1 {
            break;
        }
        left -= 1;
        let name = &names[column];
        roles[column] = if at == 0 { Role::Label } else { Role::Left };
        notes.push(if at == 0 {
            format!("column '{name}' is taken for the classes, not for a number of each point")
        } else {
            format!("column '{name}' may be classes too and is left out, since '{}' is taken for them", names[known[0]])
        });
    }
    for column in numbers(roles) {
        let is_nameless =
            (column == 0 && names[0].is_empty()) || names[column].to_ascii_lowercase().starts_with(UNNAMED);
        let is_index = is_nameless || INDICES.iter().any(|index| is_called(column, index));
        if is_index && left > 1 {
            left -= 1;
            roles[column] = Role::Left;
            let name =
                if names[column].is_empty() { "1, which has no name,".into() } else { format!("'{}'", names[column]) };
            notes.push(format!("column {name} is taken for the numbers of rows and left out"));
        }
    }
}
