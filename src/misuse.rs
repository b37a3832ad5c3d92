//! Wrong usage: a flag's value that it does not take is told in one sentence, and all else in clap's words.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::output;

/// Says what is wrong, or what was asked for by `--help` and `--version`; the exit status is clap's.
pub fn tell(error: &Error) -> u8 {
    match sentence(error) {
        Some(sentence) => output::note(&format!("error: {sentence}")),
        None => {
            // Nothing can be done, or said, if that fails.
            let _ = error.print();
        }
    }
    u8::try_from(error.exit_code()).unwrap_or(2)
}

/// `--limit takes a whole number of 1 or more, not '-1'`
fn sentence(error: &Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    // `--limit <N>`
    let flag = text(ContextKind::InvalidArg)?.split(' ').next()?;
    let value = text(ContextKind::InvalidValue).filter(|value| !value.is_empty());
    let takes = match error.kind() {
        ErrorKind::InvalidValue if value.is_none() => return Some(format!("{flag} needs a value behind it")),
        ErrorKind::ValueValidation => std::error::Error::source(error)?.to_string(),
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue)? {
            ContextValue::Strings(values) => one_of(values)?,
            _ => return None,
        },
        _ => return None,
    };
    Some(format!("{flag} takes {takes}{}", value.map_or_else(String::new, |value| format!(", not '{value}'"))))
}

/// `train, validation or test`
fn one_of(values: &[String]) -> Option<String> {
    let (last, others) = values.split_last()?;
    Some(if others.is_empty() { last.clone() } else { format!("{} or {last}", others.join(", ")) })
}
