//! The numbers of a map as a table (CSV) for other programs.

use std::io::{self, Write};

use super::Map;

/// Writes a line for each point under the header `index,x,y,label,predicted`.
///
/// Label and prediction are the names of classes, and empty where unknown. Reading x and y as f32 gives the same bits.
///
/// # Errors
/// When `out` refuses.
pub fn write(map: &Map, out: impl Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(["index", "x", "y", "label", "predicted"])?;
    let name = |class: Option<u8>| class.map(|class| map.class_name(class)).unwrap_or_default();
    for (point, ([x, y], index)) in map.coordinates.iter().zip(map.indices).enumerate() {
        let (label, predicted) = (name(map.label(point)), name(map.prediction(point)));
        table.write_record([index.to_string(), x.to_string(), y.to_string(), label, predicted])?;
    }
    table.flush()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Drawn, GREY};
    use super::*;

    #[test]
    fn a_reader_finds_everything_again() {
        let mut drawn = Drawn::new(40, 3, GREY);
        drawn.class_names = vec!["Trouser, \"wide\"".into(), "two\nlines".into()];
        let mut bytes = Vec::new();
        drawn.with_map(|map| write(&map, &mut bytes)).unwrap();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        assert_eq!(reader.headers().unwrap(), vec!["index", "x", "y", "label", "predicted"]);
        let lines: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        assert_eq!(lines.len(), 40);
        for (point, line) in lines.iter().enumerate() {
            assert_eq!(line[0], drawn.indices[point].to_string());
            let coordinates = [&line[1], &line[2]].map(|number| number.parse::<f32>().unwrap());
            assert_eq!(coordinates, drawn.coordinates[point]);
            for (column, class) in [(3, drawn.labels[point]), (4, drawn.predicted[point])] {
                assert_eq!(&line[column], ["Trouser, \"wide\"", "two\nlines", "2"][usize::from(class)]);
            }
        }
    }

    #[test]
    fn what_is_unknown_is_empty() {
        let mut bytes = Vec::new();
        Drawn::new(1, 1, GREY)
            .with_map(|map| write(&Map { labels: None, predicted: None, ..map }, &mut bytes))
            .unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "index,x,y,label,predicted\n0,0,0,,\n");
    }
}
