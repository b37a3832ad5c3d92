//! `--font`: what names are drawn in.

use std::fs;

use anyhow::{Context, Result};
use modiste_report::text;

use crate::cli::FontOptions;
use crate::output;

/// How many characters a note names.
const NAMED: usize = 5;

/// Has pictures take characters from the font that is named.
pub fn use_font(options: &FontOptions) -> Result<()> {
    let Some(path) = &options.font else { return Ok(()) };
    let bytes = fs::read(path).with_context(|| format!("cannot read the font {}", path.display()))?;
    text::add_font(bytes).with_context(|| format!("cannot use {} as a font: name a .ttf or .otf file", path.display()))
}

/// Says which characters of the names of classes are drawn as question marks.
pub fn note_undrawn<'a>(names: impl IntoIterator<Item = &'a String>, options: &FontOptions) {
    let is_undrawn = |character: &char| !character.is_control() && !text::is_drawn(*character);
    let mut undrawn: Vec<char> = names.into_iter().flat_map(|name| name.chars()).filter(is_undrawn).collect();
    undrawn.sort_unstable();
    undrawn.dedup();
    if undrawn.is_empty() {
        return;
    }
    let first: String = undrawn.iter().take(NAMED).collect();
    let more = if undrawn.len() > NAMED { "…" } else { "" };
    let what = if options.font.is_some() {
        "the font of --font lacks them too"
    } else {
        "--font FILE names a font that has them"
    };
    output::note(&format!("note: names have characters that are drawn as question marks, {first}{more}; {what}"));
}
