//! Lines over two axes.

use plotters::prelude::{ChartBuilder, Circle, DrawingBackend, IntoFont, PathElement, Polygon, Text};
use plotters::style::Color;

use super::area::{Area, Drawn, rgb};
use super::axis::{Axis, Scale, number};
use crate::palette;
use crate::picture::{Colour, INK};

/// Of every chart.
const SIZE: (u32, u32) = (960, 640);
const TEXT: f64 = 32.0;
const LINE: i32 = 44;
/// Columns of a character, of a font whose characters are all as wide.
const CHARACTER: i32 = 18;
/// Columns at the left for numbers.
const NUMBERS: u32 = 132;
const GRID: Colour = [0xdd, 0xda, 0xd2];

/// Lines over two axes.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
    /// Whether a faint line shows where x is y.
    pub(crate) diagonal: bool,
}

/// A line through points, in the order of x.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Those that are finite are drawn.
    pub(crate) points: Vec<(f64, f64)>,
    /// The least and the most at some x, around the line.
    pub(crate) band: Vec<(f64, f64, f64)>,
    /// Which of the colours.
    pub(crate) colour: usize,
    /// Whether each point has a dot.
    pub(crate) dots: bool,
}

impl Chart {
    pub(super) fn size(&self) -> (u32, u32) {
        (SIZE.0, SIZE.1 + (self.legend().last().map_or(0, |entry| entry.row) * LINE) as u32)
    }

    pub(super) fn draw<B: DrawingBackend>(&self, root: &Area<B>) -> Drawn<B> {
        let ink = rgb(INK);
        let words = || ("sans-serif", TEXT).into_font().color(&ink);
        let legend = self.legend();
        let rows = legend.last().map_or(0, |entry| entry.row + 1);
        let (head, body) = root.split_vertically(LINE * (1 + rows) + 16);
        head.draw(&Text::new(self.y.label.clone(), (16, 8), words()))?;
        for Entry { line, row, left } in legend {
            let (top, colour) = (8 + LINE * (row + 1), rgb(palette::LINES[line.colour % palette::LINES.len()]));
            let sample = vec![(left, top + LINE / 2 - 6), (left + 48, top + LINE / 2 - 6)];
            head.draw(&PathElement::new(sample, colour.stroke_width(8)))?;
            head.draw(&Text::new(line.name.clone(), (left + 60, top), words()))?;
        }

        let (x, y) = (&self.x, &self.y);
        let mut chart = ChartBuilder::on(&body)
            .margin_right(48)
            .margin_top(16)
            .margin_bottom(12)
            .x_label_area_size(100)
            .y_label_area_size(NUMBERS)
            .build_cartesian_2d(Scale::of(x, 6), Scale::of(y, 5))?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(rgb(GRID).stroke_width(2))
            .light_line_style(rgb(GRID).mix(0.0))
            .axis_style(ink.stroke_width(2))
            .label_style(words())
            .x_label_formatter(&|value| number(*value))
            .y_label_formatter(&|value| number(*value))
            .x_desc(x.label.clone())
            .axis_desc_style(words())
            .draw()?;
        if self.diagonal {
            let ends = vec![(x.range.0, x.range.0), (x.range.1, x.range.1)];
            chart.draw_series([PathElement::new(ends, ink.mix(0.5).stroke_width(3))])?;
        }
        for line in &self.lines {
            let colour = rgb(palette::LINES[line.colour % palette::LINES.len()]);
            let finite = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
                points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
            };
            if line.band.len() > 1 {
                let least = line.band.iter().map(|&(x, least, _)| (x, least));
                let most = line.band.iter().rev().map(|&(x, _, most)| (x, most));
                let outline = finite(&least.chain(most).collect::<Vec<_>>());
                chart.draw_series([Polygon::new(outline, colour.mix(0.2).filled())])?;
            }
            let points = finite(&line.points);
            if line.dots || points.len() == 1 {
                chart.draw_series(points.iter().map(|&point| Circle::new(point, 9, colour.filled())))?;
            }
            chart.draw_series([PathElement::new(points, colour.stroke_width(5))])?;
        }
        Ok(())
    }

    /// Where the name of each line stands; a single line needs none.
    fn legend(&self) -> Vec<Entry<'_>> {
        let (mut entries, mut row, mut left) = (Vec::new(), 0, 16);
        if self.lines.len() < 2 {
            return entries;
        }
        for line in &self.lines {
            let width = 60 + line.name.chars().count() as i32 * CHARACTER + 40;
            if left > 16 && left + width > SIZE.0 as i32 {
                (row, left) = (row + 1, 16);
            }
            entries.push(Entry { line, row, left });
            left += width;
        }
        entries
    }
}

/// A name in the legend.
struct Entry<'a> {
    line: &'a Line,
    row: i32,
    left: i32,
}
