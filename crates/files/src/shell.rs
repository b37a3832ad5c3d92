//! Paths as a shell takes them, for commands that are suggested.

use std::path::Path;

/// The path as one word of a command line: quoted where a shell would see more in it, and never taken for an option.
pub fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let text = if text.starts_with('-') { format!("./{text}") } else { text };
    let is_plain = |character: char| character.is_alphanumeric() || "/._-+:@%,".contains(character);
    match () {
        () if !text.is_empty() && text.chars().all(is_plain) => text,
        () if cfg!(windows) => format!("\"{text}\""),
        () => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    #[test]
    fn a_shell_sees_one_word() {
        for (path, expected) in [
            ("runs/mlp-1", "runs/mlp-1"),
            ("/home/anna/größe", "/home/anna/größe"),
            ("my runs/mlp-1", "'my runs/mlp-1'"),
            ("it's $HOME", "'it'\\''s $HOME'"),
            ("~/runs", "'~/runs'"),
            ("-1", "./-1"),
            ("", "''"),
        ] {
            assert_eq!(word(Path::new(path)), expected);
        }
    }
}
