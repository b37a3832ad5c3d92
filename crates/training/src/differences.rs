//! In which fields two recipes differ.

use toml::{Table, Value};

/// Too long to be quoted.
const LAYERS: &str = "layers";

/// A field that two recipes have other values in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// As in `optimiser.learning_rate`.
    pub(super) field: String,
    one: String,
    other: String,
}

impl Difference {
    /// `optimiser.learning_rate was 0.1 and is 0.2`, with these words before both values.
    pub(super) fn text(&self, before_one: &str, before_other: &str) -> String {
        let Self { field, one, other } = self;
        match field.as_str() {
            LAYERS => "layers are others".to_owned(),
            _ => format!("{field} {before_one} {one} and {before_other} {other}"),
        }
    }

    /// Whether the layers differ.
    pub(super) fn is_of_layers(&self) -> bool {
        self.field == LAYERS
    }
}

/// Between two recipes as TOML, by field. The number of epochs is not among them: more of them are asked for aloud.
pub(super) fn differences(one: &str, other: &str) -> Vec<Difference> {
    let [one, other] = [one, other].map(|text| text.parse::<Table>().unwrap_or_default());
    let mut differences = Vec::new();
    compare("", &one, &other, &mut differences);
    differences
}

fn compare(path: &str, one: &Table, other: &Table, differences: &mut Vec<Difference>) {
    let mut keys: Vec<&String> = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key))).collect();
    keys.sort();
    for key in keys {
        let field = format!("{path}{key}");
        match (one.get(key), other.get(key)) {
            (one, other) if one == other || field == "training.epochs" => {}
            (Some(Value::Table(one)), Some(Value::Table(other))) => {
                compare(&format!("{field}."), one, other, differences);
            }
            (one, other) => differences.push(Difference { field, one: written(one), other: written(other) }),
        }
    }
}

fn written(value: Option<&Value>) -> String {
    match value {
        None => "not there".to_owned(),
        // TOML has no other form for large and small ones than all their digits.
        Some(Value::Float(number)) => format!("{number:?}"),
        Some(value) => value.to_string(),
    }
}
