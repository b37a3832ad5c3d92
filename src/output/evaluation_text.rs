//! An evaluation as a page of text.

use modiste_inference::calibration::CALIBRATION_BINS;
use modiste_inference::{ClassScore, Coverage, MetricsAccumulator};
use modiste_report::names;
use modiste_report::numbers::{counted, grouped};
use unicode_width::UnicodeWidthStr;

use super::table::{self, Side, padded};
use crate::output;

/// Columns a page may have.
const WIDTH: usize = 100;
/// A class name takes no more columns than these at the left of a table.
const LONGEST_NAME: usize = 20;
/// Confusions that are listed where there are too many classes for a table.
const LISTED: usize = 20;

/// Columns that a shade takes: with one, ten classes fit into a terminal of eighty.
const SHADE: usize = 1;

/// What was measured.
pub struct Header<'a> {
    /// The run or file.
    pub model: String,
    /// The recipe's name.
    pub recipe: &'a str,
    /// Complete epochs of its training.
    pub epochs: usize,
}

/// Everything there is to say; to a terminal of so many columns, if it is one.
pub fn all(
    header: &Header<'_>,
    data: &str,
    split: &str,
    classes: &[String],
    metrics: &MetricsAccumulator,
    columns: Option<usize>,
) -> String {
    let images = counted(metrics.count(), &format!("{split} image"));
    let Header { model, recipe, epochs } = header;
    let epochs = output::count(*epochs, "epoch");
    let title = format!("{recipe} ({model}, {epochs}) on the {images} of {data}");
    let short = names::distinct(classes, LONGEST_NAME, "…", |character| !character.is_control());
    let confusions = confusions(&short, metrics.confusion(), columns);
    let summary = summary(metrics) + &temperature(metrics);
    [title, summary, coverage(metrics), scores(&short, metrics), confusions].join("\n\n")
}

/// One line. The balanced accuracy is another one only where classes are of unequal size.
pub fn summary(metrics: &MetricsAccumulator) -> String {
    let sizes: Vec<u64> = metrics.class_scores().iter().map(|score| score.support).filter(|&size| size > 0).collect();
    let balanced = if sizes.windows(2).all(|pair| pair[0] == pair[1]) {
        String::new()
    } else {
        format!("  balanced accuracy {:.4}", metrics.balanced_accuracy())
    };
    format!(
        "accuracy {:.4}{balanced}  loss {:.4}  calibration error {:.4} ({CALIBRATION_BINS} bins)",
        metrics.accuracy(),
        metrics.loss(),
        metrics.calibration_error()
    )
}

/// What the temperature does, where the model has one that does anything.
fn temperature(metrics: &MetricsAccumulator) -> String {
    match metrics.temperature() {
        1.0 => String::new(),
        temperature => {
            let raw = metrics.raw_calibration_error();
            format!("\nwithout its temperature of {temperature:.2} the calibration error would be {raw:.4}")
        }
    }
}

/// How many images are left where more and more confidence is asked for, and how many of those are right.
fn coverage(metrics: &MetricsAccumulator) -> String {
    let row = |Coverage { confidence, share, accuracy }: &Coverage| {
        let least = if *confidence == 0.0 { "any".to_owned() } else { format!("{confidence:.2}") };
        let accuracy = accuracy.map_or_else(|| "-".to_owned(), |accuracy| format!("{accuracy:.4}"));
        [least, format!("{share:.4}"), accuracy]
    };
    let rows: Vec<[String; 3]> = metrics.coverage().iter().map(row).collect();
    table::text([("confidence", Side::Right), ("share", Side::Right), ("accuracy", Side::Right)], &rows)
}

/// Precision, recall and F1 of each class.
fn scores(classes: &[String], metrics: &MetricsAccumulator) -> String {
    let width = name_width(classes).max("macro average".len());
    let row = |name: &str, score: ClassScore| {
        let ClassScore { precision, recall, f1, support } = score;
        // A dash where a class does not occur.
        let [precision, recall, f1] =
            [precision, recall, f1].map(|share| share.map_or_else(|| "-".to_owned(), |share| format!("{share:.4}")));
        let name = padded(name, width, Side::Left);
        format!("{name}  {precision:>9}  {recall:>9}  {f1:>9}  {:>8}", grouped(support))
    };
    let mut lines =
        vec![format!("{:<width$}  {:>9}  {:>9}  {:>9}  {:>8}", "class", "precision", "recall", "F1", "images")];
    lines.extend(classes.iter().zip(metrics.class_scores()).map(|(name, score)| row(name, score)));
    lines.push(row("macro average", metrics.macro_average()));
    lines.join("\n")
}

/// The table of confusions, or where that is too wide, the most frequent of them. A terminal that is wide enough has shades before
/// the counts.
fn confusions(classes: &[String], confusion: &[Vec<u64>], columns: Option<usize>) -> String {
    let digits = confusion.iter().flatten().max().map_or(1, |largest| largest.to_string().len());
    let left = name_width(classes);
    let cell = digits.max(4);
    if columns.is_some_and(|columns| left + classes.len() * (cell + 1 + SHADE) <= columns) {
        table(classes, confusion, left, cell + SHADE, shade)
    } else if left + classes.len() * (cell + 1) <= WIDTH {
        table(classes, confusion, left, cell, |_| "")
    } else {
        list(classes, confusion)
    }
}

/// How much of its class a cell is, as a block that is the darker the more: those of a percent can be told from those of none.
fn shade(share: f64) -> &'static str {
    match share {
        0.5.. => "█",
        0.2.. => "▓",
        0.05.. => "▒",
        0.01.. => "░",
        _ => " ",
    }
}

fn table(
    classes: &[String],
    confusion: &[Vec<u64>],
    left: usize,
    cell: usize,
    shade: impl Fn(f64) -> &'static str,
) -> String {
    let heads = heads(classes, cell);
    let mut lines = vec!["confusions: true classes down, predicted classes across".to_owned()];
    lines.push(format!(
        "{:left$}{}",
        "",
        heads.iter().map(|head| format!(" {}", padded(head, cell, Side::Right))).collect::<String>()
    ));
    for (name, row) in classes.iter().zip(confusion) {
        let total = row.iter().sum::<u64>().max(1) as f64;
        let text = |&count: &u64| {
            let shade = shade(count as f64 / total);
            let width = cell - shade.width();
            if count == 0 { format!(" {:>cell$}", "·") } else { format!(" {shade}{count:>width$}") }
        };
        let counts: String = row.iter().map(text).collect();
        lines.push(padded(name, left, Side::Left) + &counts);
    }
    lines.join("\n")
}

/// Names short enough for the columns; numbers where short names would be the same.
fn heads(classes: &[String], cell: usize) -> Vec<String> {
    let beginning = |name: &String| {
        let fits = |start: &String| start.width() <= cell;
        (0..=cell).rev().map(|length| name.chars().take(length).collect()).find(fits).unwrap_or_default()
    };
    let short: Vec<String> = classes.iter().map(beginning).collect();
    let distinct = short.iter().enumerate().all(|(index, name)| !short[..index].contains(name));
    if distinct { short } else { (0..classes.len()).map(|class| class.to_string()).collect() }
}

fn list(classes: &[String], confusion: &[Vec<u64>]) -> String {
    let mut mistakes: Vec<(u64, &str, &str)> = Vec::new();
    for (truth, row) in confusion.iter().enumerate() {
        for (guess, &count) in row.iter().enumerate() {
            if count > 0 && guess != truth {
                mistakes.push((count, &classes[truth], &classes[guess]));
            }
        }
    }
    mistakes.sort_by_key(|&(count, _, _)| std::cmp::Reverse(count));
    let mut lines = vec!["most frequent confusions (all of them with --json)".to_owned()];
    lines.extend(
        mistakes
            .iter()
            .take(LISTED)
            .map(|(count, truth, guess)| format!("{:>8}  {truth} taken for {guess}", grouped(*count))),
    );
    lines.join("\n")
}

fn name_width(classes: &[String]) -> usize {
    classes.iter().map(|name| name.width()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn confusions_stand_under_their_names() {
        let text = confusions(&names(&["T-shirt/top", "Bag"]), &[vec![812, 3], vec![0, 1000]], None);
        let expected = "\
confusions: true classes down, predicted classes across
            T-sh  Bag
T-shirt/top  812    3
Bag            · 1000";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_wide_terminal_has_shades() {
        let text =
            |columns| confusions(&names(&["T-shirt/top", "Bag"]), &[vec![812, 90], vec![0, 1000]], Some(columns));
        let expected = "\
confusions: true classes down, predicted classes across
            T-shi   Bag
T-shirt/top █ 812 ▒  90
Bag             · █1000";
        assert_eq!(text(23), expected);
        assert!(!text(22).contains('█'));
    }

    #[test]
    fn columns_whose_short_names_agree_are_numbered() {
        assert_eq!(heads(&names(&["sandal", "sandals", "bag"]), 4), ["0", "1", "2"]);
        assert_eq!(heads(&names(&["犬と猫と鳥", "к"]), 4), ["犬と", "к"]);
        assert_eq!(heads(&names(&["sandal", "sneaker", "bag"]), 4), ["sand", "snea", "bag"]);
    }

    #[test]
    fn many_classes_are_listed_by_their_worst_confusions() {
        let classes: Vec<String> = (0..40).map(|class| format!("class {class}")).collect();
        let mut confusion = vec![vec![0; 40]; 40];
        confusion[3][3] = 50;
        confusion[7][9] = 4;
        confusion[2][1] = 6;
        let text = confusions(&classes, &confusion, None);
        assert_eq!(
            text.lines().skip(1).map(str::trim).collect::<Vec<_>>(),
            ["6  class 2 taken for class 1", "4  class 7 taken for class 9"]
        );
    }

    #[test]
    fn no_page_is_wider_than_a_terminal() {
        for classes in [2, 10, 17, 18, 60] {
            let classes: Vec<String> = (0..classes).map(|class| format!("a class with a long name {class}")).collect();
            let mut metrics = MetricsAccumulator::new(classes.len(), 0.5);
            for class in 0..classes.len() {
                metrics.add(&vec![0.0; classes.len()], &[class as u8]);
            }
            let header = Header { model: "runs/a-1".to_owned(), recipe: "a", epochs: 1 };
            let page = all(&header, "drawn-garments", "test", &classes, &metrics, None);
            assert!(page.lines().all(|line| line.chars().count() <= WIDTH), "{page}");
        }
    }
}
