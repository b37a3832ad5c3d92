//! A recipe as TOML with the reasons for its values.

use super::Recipe;

/// Why a field has its value, for those who read the recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The field as in `training.epochs`, or a table as in `layers`.
    pub field: &'static str,
    /// One line.
    pub text: String,
}

impl Recipe {
    /// The recipe as TOML, every default written out, with each comment above its field.
    pub fn to_toml_with(&self, comments: &[Comment]) -> String {
        let mut left: Vec<&Comment> = comments.iter().collect();
        let (mut text, mut table) = (String::new(), String::new());
        for line in self.to_toml().lines() {
            let field = match line.strip_prefix('[') {
                Some(name) => {
                    table = name.trim_matches(['[', ']']).to_owned();
                    table.clone()
                }
                None => {
                    let name = line.split_once('=').map_or(line, |(name, _)| name).trim();
                    if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") }
                }
            };
            // Tables of a list have one name: the first of them takes the comment.
            for comment in left.extract_if(.., |comment| comment.field == field) {
                text += &format!("# {}\n", comment.text);
            }
            text += line;
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comment_stands_once_above_its_field_and_changes_nothing() {
        let recipe = Recipe::find("speedrun-95").unwrap();
        let comment = |field, text: &str| Comment { field, text: text.to_owned() };
        let comments = [
            comment("layers", "a network"),
            comment("training.epochs", "long enough"),
            comment("augmentation.erase", "little by heart"),
            comment("name", "first"),
        ];
        let text = recipe.to_toml_with(&comments);
        assert_eq!(Recipe::parse(&text, "text").unwrap(), recipe);
        let lines: Vec<&str> = text.lines().collect();
        let below = |comment: &str| {
            let places: Vec<_> = (0..lines.len()).filter(|&place| lines[place] == comment).collect();
            assert_eq!(places.len(), 1, "{text}");
            lines[places[0] + 1]
        };
        assert!(below("# first").starts_with("name ="));
        assert_eq!(below("# a network"), "[[layers]]");
        assert_eq!(below("# long enough"), "epochs = 24");
        assert_eq!(below("# little by heart"), "[augmentation.erase]");
        assert_eq!(recipe.to_toml_with(&[]), recipe.to_toml());
    }
}
