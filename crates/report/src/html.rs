//! What stands in a page: text that shows as it is, documents for scripts, and files within the file.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// Text as HTML that shows it.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A document for an element of a script to hold.
pub(crate) fn json_in_html(document: &impl Serialize) -> io::Result<String> {
    // In a string of JSON `<` may be written as its number; then nothing in it can end the element it stands in.
    Ok(serde_json::to_string(document)?.replace('<', "\\u003c"))
}

/// Writes bytes as base64.
pub(crate) fn write_base64(out: &mut impl Write, bytes: impl IntoIterator<Item = u8>) -> io::Result<()> {
    let bytes: Vec<u8> = bytes.into_iter().collect();
    out.write_all(STANDARD.encode(bytes).as_bytes())
}

/// A PNG file as an address of itself.
pub(crate) fn png_address(file: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(file))
}
