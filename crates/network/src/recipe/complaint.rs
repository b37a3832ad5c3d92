//! What is wrong with the text of a recipe, in the recipe's words: which field, what it is, and what it must be.
//!
//! Serde says what a value is not, in Rust's words, and within layers not even where. Both are found by trial: the field whose
//! absence changes the complaint is the one complained of, and what a field may be is what serde offers where a word stands in
//! its place that nothing is called.

use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// What no field and no choice is called.
const NOBODY: &str = "?";
/// Characters of a value that are quoted.
const LONGEST_VALUE: usize = 60;

/// A step from a value to one in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// One line: what is wrong with a text from which no `T` can be read, and where.
pub(super) fn of<T: DeserializeOwned>(text: &str, error: &toml::de::Error) -> String {
    let message = in_one_line(error.message());
    let Ok(spanned) = DeTable::parse(text) else {
        let key = error.span().and_then(|span| text.get(span)).filter(|_| message == "duplicate key");
        let message = key.map_or(message, |key| format!("'{}' is there twice", key.trim()));
        return at_line(text, error.span().map(|span| span.start), &message);
    };
    let mut path = error.span().and_then(|span| path_to(spanned.get_ref(), &span)).unwrap_or_default();
    let sentence = match text.parse::<Table>() {
        Ok(table) => {
            let trial = Trial { root: Value::Table(table), attempt: complaint::<T> };
            path = trial.narrowed(path);
            trial.sentence(&path, &message)
        }
        // As where a number is too large for any field.
        Err(_) => wrong_value(&path, "too large", &expected(&message)),
    };
    let start = start_of(spanned.get_ref(), &path).or(error.span().map(|span| span.start));
    at_line(text, start, &sentence)
}

/// One line: which list of a text was read as what it is not. Serde takes the values of a list for the fields of a table in
/// their order, and leaves out those that are too many.
pub(super) fn of_lists<T: DeserializeOwned + Serialize>(text: &str, read: &T) -> Option<String> {
    let (table, read) = (Value::Table(text.parse().ok()?), Value::try_from(read).ok()?);
    let (path, expected) = misread(&table, &read)?;
    let trial = Trial { root: table, attempt: complaint::<T> };
    let start = DeTable::parse(text).ok().and_then(|spanned| start_of(spanned.get_ref(), &path));
    Some(at_line(text, start, &trial.sentence(&path, &expected)))
}

/// The first list that was read as something else, and what serde expected there.
fn misread(value: &Value, read: &Value) -> Option<(Vec<Step>, String)> {
    let within = |step: Step, found: (Vec<Step>, String)| ([vec![step], found.0].concat(), found.1);
    match (value, read) {
        (Value::Array(_), Value::Table(_)) => Some((Vec::new(), String::new())),
        (Value::Array(values), Value::Array(read)) if values.len() != read.len() => {
            Some((Vec::new(), format!("expected an array of length {}", read.len())))
        }
        (Value::Array(values), Value::Array(read)) => {
            let mut pairs = values.iter().zip(read).enumerate();
            pairs.find_map(|(index, (value, read))| Some(within(Step::Index(index), misread(value, read)?)))
        }
        (Value::Table(values), Value::Table(read)) => {
            values.iter().find_map(|(key, value)| Some(within(Step::Key(key.clone()), misread(value, read.get(key)?)?)))
        }
        _ => None,
    }
}

fn at_line(text: &str, start: Option<usize>, sentence: &str) -> String {
    match start {
        Some(start) => {
            format!("line {}: {sentence}", text[..start.min(text.len())].matches('\n').count() + 1)
        }
        None => sentence.to_owned(),
    }
}

fn in_one_line(message: &str) -> String {
    message.trim().replace('\n', " ")
}

/// What serde says of a value of which no `T` can be made.
fn complaint<T: DeserializeOwned>(value: Value) -> Option<String> {
    T::deserialize(value).err().map(|error| in_one_line(error.message()))
}

/// Tries changes of a recipe that is not valid.
struct Trial {
    root: Value,
    attempt: fn(Value) -> Option<String>,
}

impl Trial {
    /// What is said where the value at `path` is changed.
    fn with(&self, path: &[Step], change: impl FnOnce(&mut Value)) -> Option<String> {
        let mut root = self.root.clone();
        let value = path.iter().try_fold(&mut root, |value, step| match step {
            Step::Key(key) => value.get_mut(key.as_str()),
            Step::Index(index) => value.get_mut(*index),
        });
        value.map(change);
        (self.attempt)(root)
    }

    fn at(&self, path: &[Step]) -> Option<&Value> {
        path.iter().try_fold(&self.root, |value, step| match step {
            Step::Key(key) => value.get(key.as_str()),
            Step::Index(index) => value.get(*index),
        })
    }

    /// The path of what is complained of, from that of something in which it is.
    fn narrowed(&self, mut path: Vec<Step>) -> Vec<Step> {
        let Some(said) = (self.attempt)(self.root.clone()) else { return path };
        // What is missing is in nothing; other fields must not be taken away then, since they would be missing too.
        let missing = said.starts_with("missing field");
        // Where a table belongs, the values of a list are taken for those of its fields.
        let is_for_table = |path: &[Step]| {
            matches!(self.at(path), Some(Value::Array(_)))
                && self.fields(path).is_some_and(|(complaint, _)| complaint != said)
        };
        if let Some(length) = (0..path.len()).find(|&length| is_for_table(&path[..length])) {
            path.truncate(length);
        }
        loop {
            let step = match self.at(&path) {
                Some(Value::Array(_)) if is_for_table(&path) => None,
                Some(Value::Array(values)) if !said.starts_with("invalid length") => {
                    let cut = |length: usize| {
                        self.with(&path, |value| {
                            value.as_array_mut().into_iter().for_each(|values| values.truncate(length));
                        })
                    };
                    let wrong = |length: &usize| cut(*length).as_ref() == Some(&said);
                    // What is wrong stays so, whatever follows it. Where nothing in it is wrong, it is wrong as a whole.
                    let lengths: Vec<usize> = (0..=values.len()).collect();
                    let first = lengths.get(lengths.partition_point(|length| !wrong(length)));
                    first.and_then(|length| length.checked_sub(1)).map(Step::Index)
                }
                Some(Value::Table(table)) => {
                    let matters = |key: &str| {
                        let without = self.with(&path, |value| match value.get_mut(key) {
                            Some(Value::Array(values)) if missing => values.clear(),
                            _ => drop(value.as_table_mut().and_then(|table| table.remove(key))),
                        });
                        without.as_ref() != Some(&said)
                    };
                    // The kind of a table is looked at last, since without it all else is complained of.
                    let kind = !missing && said.contains("variant");
                    let others = table.iter().filter(|(key, value)| *key != "type" && (!missing || value.is_array()));
                    let other = others.map(|(key, _)| key.as_str()).find(|key| matters(key));
                    let key = other.or_else(|| (kind && table.contains_key("type")).then_some("type"));
                    key.map(|key| Step::Key(key.to_owned()))
                }
                _ => None,
            };
            match step {
                Some(step) => path.push(step),
                None => return path,
            }
        }
    }

    /// What a table must have at `path`, if one belongs there, after what serde says of a table that has nothing of it.
    fn fields(&self, path: &[Step]) -> Option<(String, String)> {
        let table = Table::from_iter([(NOBODY.to_owned(), Value::Boolean(true))]);
        let said = self.with(path, |value| *value = Value::Table(table))?;
        let has = if said.starts_with("missing field `type`") {
            "a table with a 'type'".to_owned()
        } else {
            let fields = choices(&said).filter(|_| said.starts_with(&format!("unknown field `{NOBODY}`")))?;
            format!("a table of {}", listed(&fields, "'", "and"))
        };
        Some((said, has))
    }

    /// What is wrong with the value at `path`, of which serde says `message`.
    fn sentence(&self, path: &[Step], message: &str) -> String {
        let value = self.at(path);
        if let Some(list @ Value::Array(_)) = value
            && let Some((_, has)) = self.fields(path)
        {
            return wrong_value(path, &written(list), &has);
        }
        if let Some(field) = quoted(message).filter(|_| message.starts_with("missing field")) {
            return format!("{} lacks the field '{field}'", name_of(path));
        }
        if let Some(field) = quoted(message).filter(|_| message.starts_with("unknown field")) {
            let holder = path.split_last().map_or(path, |(_, holder)| holder);
            let fields = choices(message).map(|fields| format!("; its fields are {}", listed(&fields, "'", "and")));
            let fields = fields.unwrap_or_else(|| ", only 'type'".to_owned());
            return format!("{} has no field '{field}'{fields}", name_of(holder));
        }
        let value = value.map_or_else(String::new, written);
        // What is offered in place of a word that nothing is called.
        let offered = || {
            let said = self.with(path, |value| *value = Value::String(NOBODY.to_owned()))?;
            choices(&said).filter(|_| said.starts_with(&format!("unknown variant `{NOBODY}`")))
        };
        let allowed = match (offered(), self.fields(path)) {
            (Some(choices), _) => listed(&choices, "\"", "or"),
            (None, Some((_, has))) => has,
            (None, None) => expected(message),
        };
        wrong_value(path, &value, &allowed)
    }
}

/// `allowed` is what it must be.
fn wrong_value(path: &[Step], value: &str, allowed: &str) -> String {
    format!("{} is {value} and must be {allowed}", name_of(path))
}

/// A value as it would be written, cut where it is long.
fn written(value: &Value) -> String {
    if value.is_table() {
        return "a table".to_owned();
    }
    let text = value.to_string();
    if text.chars().count() <= LONGEST_VALUE { text } else { text.chars().take(LONGEST_VALUE).chain(['…']).collect() }
}

/// What a value must be, from what serde expected in Rust's words.
fn expected(message: &str) -> String {
    let Some((_, expected)) = message.rsplit_once("expected ") else {
        return message.trim_start_matches("must be ").to_owned();
    };
    let allowed = match expected {
        "usize" | "u64" | "u32" | "u8" => "a whole number from 0",
        "f64" | "f32" => "a number",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a sequence" => "a list in brackets",
        "an array of length 2" => "a list of 2 numbers",
        _ if expected.starts_with("struct ") || expected.contains("enum ") => "a table with a 'type'",
        other => other,
    };
    allowed.to_owned()
}

/// The first word between backquotes.
fn quoted(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

/// What serde offers instead of an unknown word.
fn choices(message: &str) -> Option<Vec<String>> {
    let (_, offered) = message.rsplit_once(", expected ")?;
    let choices: Vec<String> = offered.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    (!choices.is_empty()).then_some(choices)
}

/// `'a', 'b' and 'c'`
fn listed(words: &[String], quote: &str, last: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("{quote}{word}{quote}")).collect();
    match &words[..] {
        [first @ .., end] if !first.is_empty() => format!("{} {last} {end}", first.join(", ")),
        words => words.concat(),
    }
}

/// A place as people call it: `layer 2: filters`, counted from 1, or `augmentation.flip`.
fn name_of(path: &[Step]) -> String {
    let mut name = String::new();
    for (at, step) in path.iter().enumerate() {
        match (step, path.get(at + 1)) {
            (Step::Key(list), Some(Step::Index(index))) if list == "layers" || list == "shortcut" => {
                let what = if list == "layers" { "layer" } else { "layer of the shortcut" };
                name += &format!("{}{what} {}", if name.is_empty() { "" } else { ": " }, index + 1);
            }
            (Step::Key(key), _) => {
                let after_layer = at > 0 && matches!(path[at - 1], Step::Index(_));
                name += if name.is_empty() {
                    ""
                } else if after_layer {
                    ": "
                } else {
                    "."
                };
                name += key;
            }
            (Step::Index(index), _) => {
                let is_layer = matches!(&path[at - 1], Step::Key(list) if list == "layers" || list == "shortcut");
                if !is_layer {
                    name += &format!("[{index}]");
                }
            }
        }
    }
    if name.is_empty() { "the recipe".to_owned() } else { name }
}

/// The path of the innermost value that holds a span of the text, or whose key it is. The table of a header holds only that.
fn path_to(table: &DeTable, span: &Range<usize>) -> Option<Vec<Step>> {
    table.iter().find_map(|(key, value)| {
        let step = Step::Key(key.get_ref().to_string());
        if key.span() == *span { Some(vec![step]) } else { path_through(step, value, span) }
    })
}

fn path_through(step: Step, value: &Spanned<DeValue>, span: &Range<usize>) -> Option<Vec<Step>> {
    let further = match value.get_ref() {
        DeValue::Table(table) => path_to(table, span),
        DeValue::Array(values) => {
            values.iter().enumerate().find_map(|(index, value)| path_through(Step::Index(index), value, span))
        }
        _ => None,
    };
    let holds = value.span().start <= span.start && span.end <= value.span().end;
    let further = further.or(holds.then(Vec::new))?;
    Some([vec![step], further].concat())
}

/// Where in the text the value at a path begins, or the last one on the way that is there.
fn start_of(table: &DeTable, path: &[Step]) -> Option<usize> {
    let (Step::Key(first), rest) = path.split_first()? else { return None };
    let (_, mut value) = table.iter().find(|(key, _)| key.get_ref() == first.as_str())?;
    for step in rest {
        let next = match (step, value.get_ref()) {
            (Step::Key(name), DeValue::Table(table)) => {
                table.iter().find(|(key, _)| key.get_ref() == name.as_str()).map(|(_, value)| value)
            }
            (Step::Index(index), DeValue::Array(values)) => values.get(*index),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => break,
        }
    }
    Some(value.span().start)
}
