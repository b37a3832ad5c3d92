//! The page of a run.

use std::io::{self, Write};

use askama::Template;
use modiste_data::ImageShape;
use serde::Serialize;

use super::samples::{chosen, least_certain, worst_mistakes};
use super::{Answer, RunPage, Scores, Test};
use crate::html::{json_in_html, png_address};
use crate::numbers::{counted, grouped};
use crate::picture::Picture;
use crate::sprites::{Grid, Sprites};
use crate::{shades, thumbnail};

const STYLE: &str = include_str!("../report.css");
const SCRIPT: &str = include_str!("page.js");

/// Bytes of pixels that a page has room for, and up to how many of them all levels are kept.
const MOST: usize = 8_000_000;
const EXACT: usize = 2_400_000;
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
    sheets: Vec<String>,
    /// Width and height of an image, and width of a sheet, in CSS pixels.
    size: [f64; 3],
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

/// An image and what it was taken for.
struct Sample {
    sheet: usize,
    /// CSS pixels on it.
    left: f64,
    top: f64,
    label: String,
    caption: String,
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
    grid: Option<Grid>,
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
    let layout = page.test.as_ref().map(|test| Layout::of(test, page.classes.len()));
    let test = match (&page.test, &layout) {
        (Some(test), Some(layout)) => Some(test_view(page, test, layout)?),
        _ => None,
    };
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

/// Where the images of the page are.
struct Layout {
    shape: ImageShape,
    /// As places in the answers, in the order of the sheets.
    places: Vec<usize>,
    /// CSS pixels for each of an image.
    scale: f64,
    grid: Option<Grid>,
}

impl Layout {
    fn of(test: &Test, classes: usize) -> Self {
        let shape = test.images.images.shape();
        let places = chosen(&test.answers, classes, MOST / shape.len().max(1));
        let mut layout = Self { shape, places, scale: 1.0, grid: None };
        layout.grid = layout.sprites(&layout.pixels(test)).map(|sprites| sprites.grid());
        if let Some(grid) = layout.grid {
            let longest = grid.height.max(grid.width);
            let wanted =
                if longest > SIDE { 1.5 * SIDE as f64 / longest as f64 } else { SIDE.div_ceil(longest) as f64 };
            // A whole number of pixels wide.
            layout.scale = (grid.width as f64 * wanted).round().max(1.0) / grid.width as f64;
        }
        layout
    }

    fn pixels<'a>(&self, test: &'a Test) -> Vec<&'a [u8]> {
        self.places.iter().map(|&place| test.images.images.image(test.images.indices[place] as usize)).collect()
    }

    fn sprites<'a>(&self, pixels: &'a [&'a [u8]]) -> Option<Sprites<'a>> {
        Sprites::new(self.shape, pixels, EXACT)
    }

    /// An image of the page, by its place on the sheets.
    fn sample(&self, slot: usize, classes: &[String], answers: &[Answer]) -> Sample {
        let grid = self.grid.unwrap_or(Grid { width: 1, height: 1, columns: 1, images: 1 });
        let within = slot % grid.images;
        let css = |pixels: usize| (pixels as f64 * self.scale * 100.0).round() / 100.0;
        let answer = &answers[self.places[slot]];
        let name = |class: u8| classes.get(usize::from(class)).map_or("", String::as_str);
        let caption = if answer.is_right() {
            format!("{}, {:.2}", name(answer.truth), answer.confidence)
        } else {
            format!("{}, taken for {}, {:.2}", name(answer.truth), name(answer.predicted), answer.confidence)
        };
        Sample {
            sheet: slot / grid.images,
            left: css(within % grid.columns * grid.width),
            top: css(within / grid.columns * grid.height),
            label: format!("Test image {}: {caption}", self.places[slot]),
            caption,
        }
    }
}

fn test_view<'a>(page: &'a RunPage, test: &'a Test, layout: &Layout) -> io::Result<TestView<'a>> {
    let classes = &page.classes;
    let pixels = layout.pixels(test);
    let sheets = match layout.sprites(&pixels) {
        Some(sprites) => (0..sprites.sheets())
            .map(|sheet| sprites.sheet(sheet).map(|file| png_address(&file)).map_err(io::Error::other))
            .collect::<io::Result<Vec<String>>>()?,
        None => Vec::new(),
    };
    let fact = |&place: &usize| {
        let Answer { truth, predicted, confidence } = test.answers[place];
        (place as u32, truth, predicted, (confidence * 1e4).round() / 1e4)
    };
    let facts = Facts {
        classes,
        confusion: &test.confusion,
        grid: layout.grid,
        scale: layout.scale,
        images: layout.places.iter().map(fact).collect(),
    };
    let size = layout.grid.map_or([1.0; 3], |grid| {
        [grid.width, grid.height, grid.columns * grid.width].map(|pixels| pixels as f64 * layout.scale)
    });
    let samples =
        |slots: Vec<usize>| slots.into_iter().map(|slot| layout.sample(slot, classes, &test.answers)).collect();
    Ok(TestView {
        test,
        facts: json_in_html(&facts)?,
        sheets,
        size,
        rows: matrix_rows(classes, &test.confusion),
        scores: score_rows(classes, test),
        pairs: pairs(classes, &test.confusion),
        worst: samples(worst_mistakes(&test.answers, &layout.places, LISTED)),
        unsure: samples(least_certain(&test.answers, &layout.places, LISTED)),
        reliability: test.reliability_figure().to_element()?,
        coverage: test.coverage_figure().to_element()?,
    })
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

/// The pairs of classes that are taken for each other most often.
fn pairs(classes: &[String], confusion: &[Vec<u64>]) -> Vec<String> {
    let mut pairs: Vec<(u64, usize, usize)> = (0..classes.len())
        .flat_map(|one| (0..one).map(move |other| (other, one)))
        .map(|(one, other)| (confusion[one][other] + confusion[other][one], one, other))
        .filter(|&(count, _, _)| count > 0)
        .collect();
    pairs.sort_by_key(|&(count, _, _)| std::cmp::Reverse(count));
    let text = |&(count, one, other): &(u64, usize, usize)| {
        let (first, second) = (&classes[one], &classes[other]);
        let (there, back) = (grouped(confusion[one][other]), grouped(confusion[other][one]));
        format!("{first} and {second}: {}, {there} and {back} by true class", counted(count, "mistake"))
    };
    pairs.iter().take(PAIRS).map(text).collect()
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
