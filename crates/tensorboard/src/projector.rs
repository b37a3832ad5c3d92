//! Files of the Embedding Projector: points as rows of a table, what is known of each, a picture of them, and a text that names
//! these.

use std::fmt::Write;

/// The tables and pictures by name.
pub const CONFIG: &str = "projector_config.pbtxt";
/// The points.
pub const TENSORS: &str = "tensors.tsv";
/// What is known of each.
pub const METADATA: &str = "metadata.tsv";
/// Their images.
pub const SPRITE: &str = "sprite.png";

/// The largest side of a picture that the projector shows: what every browser's graphics can hold.
pub const LARGEST_SPRITE: usize = 8192;

/// The config of points of this name, which are in [`TENSORS`] with [`METADATA`]; with the columns and rows of each image if there
/// is a [`SPRITE`].
pub fn config(name: &str, image: Option<(usize, usize)>) -> String {
    let mut text = format!("embeddings {{\n  tensor_name: {}\n", quoted(name));
    let _ = writeln!(text, "  tensor_path: \"{TENSORS}\"\n  metadata_path: \"{METADATA}\"");
    if let Some((width, height)) = image {
        let _ = writeln!(text, "  sprite {{\n    image_path: \"{SPRITE}\"");
        let _ = writeln!(text, "    single_image_dim: {width}\n    single_image_dim: {height}\n  }}");
    }
    text.push_str("}\n");
    text
}

/// Points, each a row.
pub fn tensors<'a>(points: impl IntoIterator<Item = &'a [f32]>) -> String {
    let mut text = String::new();
    for point in points {
        for (column, value) in point.iter().enumerate() {
            let separator = if column == 0 { "" } else { "\t" };
            let _ = write!(text, "{separator}{value}");
        }
        text.push('\n');
    }
    text
}

/// What is known of each point, a row each below the names of the columns. The table has no way to escape anything: tabs and ends of
/// lines become spaces.
pub fn metadata<const COLUMNS: usize>(
    names: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut text = names.join("\t") + "\n";
    for row in rows {
        let cells = row.map(|cell| cell.replace(char::is_control, " "));
        text.push_str(&cells.join("\t"));
        text.push('\n');
    }
    text
}

/// As protobuf's text format has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if character.is_control() => quoted.push(' '),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_cells() {
        let table = metadata(["index", "label"], [["0".to_owned(), "Trouser\t\"wide\"\nnew".to_owned()]]);
        assert_eq!(table, "index\tlabel\n0\tTrouser \"wide\" new\n");
        assert!(config("a \"b\"\\\n", None).contains("tensor_name: \"a \\\"b\\\"\\\\ \"\n"));
    }

    #[test]
    fn numbers_come_back_to_the_last_bit() {
        let point = [0.1_f32, -3.0, 1.0e-30, f32::MAX];
        let text = tensors([&point[..]]);
        let read: Vec<f32> = text.trim_end().split('\t').map(|number| number.parse().unwrap()).collect();
        assert_eq!(read, point);
    }
}
