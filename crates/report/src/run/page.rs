//! The page of a run.

use std::io::{self, Write};

use askama::Template;
use serde::Serialize;

use super::samples::{chosen, least_certain, worst_mistakes};
use super::{Answer, RunPage, Scores, Test};
use crate::html::{json_in_html, png_address};
use crate::numbers::{counted, grouped};
use crate::picture::Picture;
use crate::sample_sheets::{Sample, SampleSheets};
use crate::sprites::Grid;
use crate::{shades, thumbnail};

const STYLE: &str = include_str!("../report.css");
const SCRIPT: &str = include_str!("page.js");

/// Bytes of pixels that a page has room for.
const MOST: usize = 8_000_000;
/// Images in a list of the worst or the least certain.
const LISTED: usize = 24;
/// Pairs of classes.
const PAIRS: usize = 10;
/// CSS pixels of the longer side of an image, about.
const SIDE: usize = 56;

#[derive(Template)]
#[template(path = "run/page.html")]
struct View<'a> {
    page: &'a RunPage,
    style: &'static str,
    shades: String,
    script: &'static str,
    curves: Vec<String>,
    test: Option<TestView<'a>>,
    filters: Option<(String, String)>,
    stages: Option<StagesView>,
}

/// What the page says of the test images.
struct TestView<'a> {
    test: &'a Test,
    facts: String,
    sheets: String,
    rows: Vec<MatrixRow<'a>>,
    scores: Vec<ScoreRow>,
    pairs: Vec<String>,
    worst: Vec<Sample>,
    unsure: Vec<Sample>,
    reliability: String,
    coverage: String,
}

/// A true class.
struct MatrixRow<'a> {
    class: usize,
    name: &'a str,
    cells: Vec<Cell>,
}

/// Images of a class that were taken for a class.
struct Cell {
    predicted: usize,
    count: String,
    share: String,
    /// What it is shaded with.
    shade: String,
    label: String,
}

struct ScoreRow {
    name: String,
    cells: [String; 4],
}

/// Images on their way through the network.
struct StagesView {
    /// Address and name of each.
    images: Vec<(String, String)>,
    rows: Vec<StageRow>,
}

struct StageRow {
    layer: String,
    shape: String,
    cells: Vec<String>,
}

/// What the script has to know.
#[derive(Serialize)]
struct Facts<'a> {
    classes: &'a [String],
    confusion: &'a [Vec<u64>],
    grid: Grid,
    /// CSS pixels for each of an image.
    scale: f64,
    /// Of each image on the sheets: its number among the test images, its class, what it was taken for, and the confidence.
    images: Vec<(u32, u8, u8, f32)>,
}

/// Writes the page. One of 10,000 grey images of 28x28 is smaller than 3 MB.
///
/// # Errors
/// When `out` refuses.
pub fn write(page: &RunPage, mut out: impl Write) -> io::Result<()> {
    let test = page.test.as_ref().map(|test| test_view(page, test)).transpose()?;
    let filters = match (&page.filters, page.filters_figure()) {
        (Some(filters), Some(figure)) => Some((filters.described(), figure.to_element()?)),
        _ => None,
    };
    let stages = page.test.as_ref().map_or(Ok(None), |test| stages_view(page, test))?;
    let view = View {
        page,
        style: STYLE,
        shades: shades::style_sheet(),
        script: SCRIPT,
        curves: page.curves().iter().map(crate::figures::Figure::to_element).collect::<io::Result<_>>()?,
        test,
        filters,
        stages,
    };
    out.write_all(view.render().map_err(io::Error::other)?.as_bytes())?;
    out.flush()
}

fn test_view<'a>(page: &'a RunPage, test: &'a Test) -> io::Result<TestView<'a>> {
    let classes = &page.classes;
    let places = chosen(&test.answers, classes.len(), MOST / test.images.images.shape().len().max(1));
    let sheets = SampleSheets::new(&test.images, &places)?;
    let fact = |&place: &usize| {
        let Answer { truth, predicted, confidence } = test.answers[place];
        (place as u32, truth, predicted, (confidence * 1e4).round() / 1e4)
    };
    let facts = Facts {
        classes,
        confusion: &test.confusion,
        grid: sheets.grid,
        scale: sheets.scale,
        images: places.iter().map(fact).collect(),
    };
    let sample = |slot: usize| {
        let (place, answer) = (places[slot], &test.answers[places[slot]]);
        let caption = caption(classes, answer);
        sheets.sample(slot, format!("Test image {place}: {caption}"), caption)
    };
    let samples = |slots: Vec<usize>| slots.into_iter().map(sample).collect();
    Ok(TestView {
        test,
        facts: json_in_html(&facts)?,
        sheets: sheets.style_sheet(),
        rows: matrix_rows(classes, &test.confusion),
        scores: score_rows(classes, test),
        pairs: pairs(classes, test),
        worst: samples(worst_mistakes(&test.answers, &places, LISTED)),
        unsure: samples(least_certain(&test.answers, &places, LISTED)),
        reliability: test.reliability_figure().to_element()?,
        coverage: test.coverage_figure().to_element()?,
    })
}

/// `Shirt, taken for Coat, 0.98`
fn caption(classes: &[String], answer: &Answer) -> String {
    let name = |class: u8| classes.get(usize::from(class)).map_or("", String::as_str);
    let (truth, confidence) = (name(answer.truth), answer.confidence);
    match answer.is_right() {
        true => format!("{truth}, {confidence:.2}"),
        false => format!("{truth}, taken for {}, {confidence:.2}", name(answer.predicted)),
    }
}

fn matrix_rows<'a>(classes: &'a [String], confusion: &[Vec<u64>]) -> Vec<MatrixRow<'a>> {
    let row = |(class, (name, counts)): (usize, (&'a String, &Vec<u64>))| {
        let total: u64 = counts.iter().sum();
        let cell = |(predicted, &count): (usize, &u64)| {
            let share = count as f64 / total.max(1) as f64;
            let images = counted(count, "image");
            let label = if predicted == class {
                format!("{images} of {name}, found")
            } else {
                format!("{images} of {name}, taken for {}", classes[predicted])
            };
            let shade = shades::class(share, predicted == class);
            Cell { predicted, count: grouped(count), share: percent(share), shade, label }
        };
        // Most cells of many classes are empty, and need nothing.
        let cells = counts.iter().enumerate().map(cell).collect();
        MatrixRow { class, name, cells }
    };
    classes.iter().zip(confusion).enumerate().map(row).collect()
}

/// `95`, `0.3`, without the sign, which the table says once.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 9.95 || percent == 0.0 { format!("{percent:.0}") } else { format!("{percent:.1}") }
}

fn score_rows(classes: &[String], test: &Test) -> Vec<ScoreRow> {
    let row = |name: &str, Scores { precision, recall, f1, support }: &Scores| {
        let [precision, recall, f1] =
            [precision, recall, f1].map(|share| share.map_or_else(|| "–".to_owned(), |share| format!("{share:.4}")));
        ScoreRow { name: name.to_owned(), cells: [precision, recall, f1, grouped(*support)] }
    };
    let mut rows: Vec<ScoreRow> = classes.iter().zip(&test.scores).map(|(name, scores)| row(name, scores)).collect();
    rows.push(row("Mean of the classes", &test.average));
    rows
}

/// `Pullover and Coat: 308 mistakes, 270 and 38 by true class`
fn pairs(classes: &[String], test: &Test) -> Vec<String> {
    let text = |&(one, other, count): &(usize, usize, u64)| {
        let (there, back) = (grouped(test.confusion[one][other]), grouped(test.confusion[other][one]));
        let (first, second, mistakes) = (&classes[one], &classes[other], counted(count, "mistake"));
        format!("{first} and {second}: {mistakes}, {there} and {back} by true class")
    };
    test.hardest_pairs().iter().take(PAIRS).map(text).collect()
}

fn stages_view(page: &RunPage, test: &Test) -> io::Result<Option<StagesView>> {
    let Some(stages) = page.stages.as_ref().filter(|stages| !stages.images.is_empty()) else { return Ok(None) };
    let address = |picture: Picture| Ok(png_address(&picture.to_png().map_err(io::Error::other)?));
    let shape = test.images.images.shape();
    let image = |&place: &usize| {
        let (width, height) = thumbnail::size(shape, SIDE, SIDE * 2);
        let mut picture = Picture::new(width, height, [0; 3]);
        let image = test.images.images.image(test.images.indices[place] as usize);
        picture.paste((0, 0), width, thumbnail::scaled(shape, image, (width, height)));
        let name = page.classes.get(usize::from(test.answers[place].truth)).cloned().unwrap_or_default();
        Ok((address(picture)?, name))
    };
    let row = |stage: &super::Stage| {
        let cells = (0..stages.images.len()).map(|image| address(stage.picture(image))).collect::<io::Result<_>>()?;
        Ok(StageRow { layer: stage.layer.clone(), shape: stage.described(), cells })
    };
    Ok(Some(StagesView {
        images: stages.images.iter().map(image).collect::<io::Result<_>>()?,
        rows: stages.stages.iter().map(row).collect::<io::Result<_>>()?,
    }))
}
