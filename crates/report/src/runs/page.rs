//! The page of several runs.

use std::io::{self, Write};

use askama::Template;

use super::{Answered, RunsPage};
use crate::figures::Figure;
use crate::numbers::{counted, grouped};
use crate::sample_sheets::{Sample, SampleSheets};

const STYLE: &str = include_str!("../report.css");
/// Runs that are named with what they take an image for; more of them are counted.
const NAMED: usize = 3;
/// Images on which runs disagree.
const LISTED: usize = 60;

#[derive(Template)]
#[template(path = "runs/page.html")]
struct View<'a> {
    page: &'a RunsPage,
    style: &'static str,
    sheets: String,
    figures: Vec<String>,
    disputed: Option<Disputed>,
}

struct Disputed {
    /// `997 of 2,000 test images`
    count: String,
    /// Whether some of them are not shown.
    is_part: bool,
    samples: Vec<Sample>,
}

/// Writes the page.
///
/// # Errors
/// When `out` refuses.
pub fn write(page: &RunsPage, mut out: impl Write) -> io::Result<()> {
    let mut sheets = String::new();
    let mut disputed = None;
    if let Some(answered) = &page.answered {
        let all = answered.disputed();
        let places = &all[..all.len().min(LISTED)];
        let images = SampleSheets::new(&answered.images, places)?;
        sheets = images.style_sheet();
        let sample = |(slot, &place): (usize, &usize)| {
            let caption = caption(answered, place);
            images.sample(slot, format!("Test image {place}: {caption}"), caption)
        };
        let samples: Vec<Sample> = places.iter().enumerate().map(sample).collect();
        let (count, whole) = (grouped(all.len() as u64), grouped(answered.images.len() as u64));
        let is_part = samples.len() < all.len();
        disputed = Some(Disputed { count: format!("{count} of {whole} test images"), is_part, samples });
    }
    let figures = page.figures().iter().map(Figure::to_element).collect::<io::Result<_>>()?;
    let view = View { page, style: STYLE, sheets, figures, disputed };
    out.write_all(view.render().map_err(io::Error::other)?.as_bytes())?;
    out.flush()
}

/// `Shirt; Coat: a, Shirt: b`, or of many runs `Shirt; Coat: 3 runs, Shirt: 1 run`.
fn caption(answered: &Answered, place: usize) -> String {
    let name = |class: u8| answered.classes.get(usize::from(class)).map_or("", String::as_str);
    let mut truth = "";
    let mut said: Vec<(u8, Vec<&str>)> = Vec::new();
    for (run, answers) in &answered.runs {
        let Some(answer) = answers.get(place) else { continue };
        truth = name(answer.truth);
        match said.iter_mut().find(|(class, _)| *class == answer.predicted) {
            Some((_, runs)) => runs.push(run),
            None => said.push((answer.predicted, vec![run])),
        }
    }
    let is_long = answered.runs.len() > NAMED;
    let text = |(class, runs): &(u8, Vec<&str>)| {
        let runs = if is_long { counted(runs.len() as u64, "run") } else { runs.join(" and ") };
        format!("{}: {runs}", name(*class))
    };
    format!("{truth}; {}", said.iter().map(text).collect::<Vec<_>>().join(", "))
}
