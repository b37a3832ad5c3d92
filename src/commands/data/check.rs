//! `data check`: what is in a data set and what is wrong with it, before any training.

use anyhow::{Result, bail};
use modiste_data::{Check, ClassCounts, ImageShape};
use modiste_report::names;
use modiste_report::numbers::{counted, grouped};
use modiste_sources::{LeftOut, LoadOptions, Loaded};
use serde::Serialize;

use crate::cli::DataCheckArgs;
use crate::output;
use crate::output::download_display;
use crate::output::table::{self, Side};

/// Files that were left out and are named one by one for people.
const NAMED: usize = 10;
/// Columns that the name of a class takes at most.
const LONGEST_NAME: usize = 40;

/// `data check --json`
#[derive(Serialize)]
struct Checked<'a> {
    data: &'a str,
    form: &'a str,
    shape: ImageShape,
    left_out: &'a [LeftOut],
    #[serde(flatten)]
    check: Check,
}

/// Looks at the whole set. It fails where no network could be trained on it.
pub fn run(arguments: &DataCheckArgs) -> Result<()> {
    let source = arguments.reading.source(&arguments.data, &LoadOptions::default())?;
    let Loaded { dataset, form, left_out } =
        download_display::load_described(&source, arguments.place.data_dir.as_deref(), arguments.output.quiet)?;
    let check = Check::of(&dataset);
    let can_be_trained_on = check.can_be_trained_on();
    let checked = Checked { data: &dataset.name, form, shape: dataset.train.shape(), left_out: &left_out, check };
    if arguments.output.json {
        output::print_json(&checked)?;
    } else {
        output::print(&text(&checked))?;
    }
    if !can_be_trained_on {
        bail!("no network can be trained on {} as it is: see above", dataset.name);
    }
    Ok(())
}

fn text(checked: &Checked<'_>) -> String {
    let Checked { data, form, shape, left_out, check } = checked;
    let colour = if shape.channels == 1 { "grey" } else { "in colour" };
    let validation = match check.images.validation {
        0 => String::new(),
        count => format!("{}, ", counted(count as u64, "validation image")),
    };
    let mut lines = vec![
        format!(
            "{data} ({form}): {} of {}x{}, {colour}",
            counted(check.classes.len() as u64, "class"),
            shape.height,
            shape.width
        ),
        format!(
            "{}, {validation}{}",
            counted(check.images.train as u64, "training image"),
            counted(check.images.test as u64, "test image")
        ),
        String::new(),
    ];
    let class_names: Vec<String> = check.classes.iter().map(|class| class.name.clone()).collect();
    let class_names = names::distinct(&class_names, LONGEST_NAME, "…", |character| !character.is_control());
    let row = |(class, name): (&ClassCounts, String)| {
        let [train, validation, test] = [class.train, class.validation, class.test].map(|count| grouped(count as u64));
        [name, train, validation, test]
    };
    let rows: Vec<[String; 4]> = check.classes.iter().zip(class_names).map(row).collect();
    let columns =
        [("class", Side::Left), ("training", Side::Right), ("validation", Side::Right), ("test", Side::Right)];
    lines.push(table::text(columns, &rows));
    if !left_out.is_empty() {
        lines.push(format!("\n{} left out:", counted(left_out.len() as u64, "file")));
        lines.extend(left_out.iter().take(NAMED).map(|LeftOut { path, why }| format!("  {path}: {why}")));
        if left_out.len() > NAMED {
            lines.push(format!("  and {} more", left_out.len() - NAMED));
        }
    }
    lines.push(String::new());
    if check.notes.is_empty() {
        lines.push("nothing is wrong with it that could be found".to_owned());
    }
    lines.extend(check.notes.iter().map(|note| format!("- {}", note.text)));
    lines.join("\n")
}
