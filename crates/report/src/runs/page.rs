//! The page of several runs.

use std::io::{self, Write};

use askama::Template;

use super::{Answered, RunsPage};
use crate::figures::Figure;
use crate::sample_sheets::{Sample, SampleSheets};

const STYLE: &str = include_str!("../report.css");
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
    count: String,
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
        let shown = if samples.len() < all.len() { format!("; {} are shown", samples.len()) } else { String::new() };
        let (count, whole) = (all.len(), answered.images.len());
        disputed = Some(Disputed { count: format!("{count} of {whole} test images{shown}"), samples });
    }
    let figures = page.figures().iter().map(Figure::to_element).collect::<io::Result<_>>()?;
    let view = View { page, style: STYLE, sheets, figures, disputed };
    out.write_all(view.render().map_err(io::Error::other)?.as_bytes())?;
    out.flush()
}

/// `Shirt; a: Coat, b: Shirt`
fn caption(answered: &Answered, place: usize) -> String {
    let name = |class: u8| answered.classes.get(usize::from(class)).map_or("", String::as_str);
    let truth =
        answered.runs.first().and_then(|(_, answers)| answers.get(place)).map_or("", |answer| name(answer.truth));
    let said = answered.runs.iter().filter_map(|(run, answers)| Some((run, answers.get(place)?)));
    let said: Vec<String> = said.map(|(run, answer)| format!("{run}: {}", name(answer.predicted))).collect();
    format!("{truth}; {}", said.join(", "))
}
