//! How the program speaks: results on standard output, everything else on standard error.
//!
//! `println!` and `eprintln!` panic when nobody listens or the disk is full; these do not.

pub mod comparison_text;
pub mod curves;
pub mod download_display;
pub mod duration;
pub mod embedding_display;
pub mod evaluation_text;
pub mod prediction_text;
pub mod progress_bar;
pub mod table;
pub mod training_display;
pub mod training_text;

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

/// Standard output was closed by whoever reads it: there is nobody left to tell anything.
#[derive(Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("standard output was closed")
    }
}

impl std::error::Error for Closed {}

/// Writes text and a line end to standard output at once.
pub fn print(text: &str) -> anyhow::Result<()> {
    write_line(&visible(text))
}

fn write_line(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Closed.into()),
        Err(error) => Err(anyhow::anyhow!("cannot write to standard output: {error}")),
    }
}

/// Writes one JSON document, on one line, to standard output.
pub fn print_json(document: &impl Serialize) -> anyhow::Result<()> {
    // Outside of its texts a document has none of these characters.
    write_line(&with_escapes(&serde_json::to_string(document)?, |character| format!("\\u{:04x}", character as u32)))
}

/// Writes a line to standard error. Nothing can be done, or said, if that fails.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(text));
}

/// The text with control characters, but for line ends, as `\u{1b}`: names come from files, and a terminal would obey them.
fn visible(text: &str) -> Cow<'_, str> {
    with_escapes(text, |character| character.escape_unicode().to_string())
}

fn with_escapes(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    let is_obeyed = |character: char| character.is_control() && character != '\n' || is_bidirectional(character);
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let show = |character: char| if is_obeyed(character) { escape(character) } else { character.to_string() };
    Cow::Owned(text.chars().map(show).collect())
}

/// Whether it changes the direction of what follows, so that it reads as something else.
fn is_bidirectional(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An error and its causes as one line. Many errors quote their cause already; it is not said twice.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        let cause = cause.split_whitespace().collect::<Vec<_>>().join(" ");
        if sentence.is_empty() {
            sentence = cause;
        } else if !sentence.contains(&cause) {
            sentence = format!("{}: {cause}", sentence.trim_end_matches(['.', ':']));
        }
    }
    sentence
}

/// Columns of the terminal that standard output is; none where it is none.
pub fn terminal_columns() -> Option<usize> {
    let terminal = console::Term::stdout();
    terminal.is_term().then(|| usize::from(terminal.size().1))
}

/// `1 thread`, `2 threads`
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `87 MB`
pub fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn counts_are_plural_but_for_one() {
        assert_eq!([0, 1, 2].map(|number| count(number, "epoch")), ["0 epochs", "1 epoch", "2 epochs"]);
    }

    #[test]
    fn no_terminal_obeys_what_stands_in_a_name() {
        assert_eq!(visible("犬\u{1b}[31m\nred\r\u{7}\u{9b}2J"), "犬\\u{1b}[31m\nred\\u{d}\\u{7}\\u{9b}2J");
        assert_eq!(visible("a\u{202e}b"), "a\\u{202e}b");
        assert!(matches!(visible("plain\ntext"), Cow::Borrowed(_)));
    }

    #[test]
    fn causes_join_into_one_line_without_repeats() {
        let error = Err::<(), _>(io::Error::other("disk\n  gone"))
            .context("cannot read a: disk gone")
            .context("loading failed")
            .unwrap_err();
        assert_eq!(sentence(&error), "loading failed: cannot read a: disk gone");
    }
}
