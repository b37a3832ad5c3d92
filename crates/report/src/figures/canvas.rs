//! A picture as something that `plotters` draws on: smooth lines and discs, and words in the font of all pictures.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use crate::coverage;
use crate::picture::{Colour, Picture};
use crate::text::Style;

/// What is drawn on.
pub(super) struct Canvas<'a>(pub(super) &'a mut Picture);

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl Canvas<'_> {
    /// Lays a colour over the pixels of a shape.
    fn shape(&mut self, pixels: impl Iterator<Item = coverage::Covered>, colour: BackendColor) {
        for (x, y, coverage) in pixels {
            self.0.blend(x, y, rgb(colour), (f64::from(coverage) * colour.alpha * 255.0).round() as u8);
        }
    }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.0.width() as u32, self.0.height() as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        if let (Ok(x), Ok(y)) = (x.try_into(), y.try_into()) {
            self.0.blend(x, y, rgb(colour), (colour.alpha * 255.0).round() as u8);
        }
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        let width = style.stroke_width() as f32;
        self.shape(coverage::line(place(from), place(to), width), style.color());
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let points: Vec<BackendCoord> = path.into_iter().collect();
        points.windows(2).try_for_each(|pair| self.draw_line(pair[0], pair[1], style))
    }

    fn draw_circle<S: BackendStyle>(&mut self, middle: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        let (middle, radius) = (place(middle), radius as f32);
        match fill {
            true => self.shape(coverage::disc(middle, radius), style.color()),
            false => self.shape(coverage::ring(middle, radius, style.stroke_width() as f32), style.color()),
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let words = Style::figure(rgb(style.color()));
        let (width, height) = (words.width(text) as i32, words.line_height() as i32);
        let left = match style.anchor().h_pos {
            HPos::Left => x,
            HPos::Center => x - width / 2,
            HPos::Right => x - width,
        };
        let top = match style.anchor().v_pos {
            VPos::Top => y,
            VPos::Center => y - height / 2,
            VPos::Bottom => y - height,
        };
        words.draw(self.0, left.max(0) as usize, top.max(0) as usize, text);
        Ok(())
    }
}

fn rgb(colour: BackendColor) -> Colour {
    let (red, green, blue) = colour.rgb;
    [red, green, blue]
}

/// The middle of a pixel.
fn place((x, y): BackendCoord) -> [f32; 2] {
    [x as f32 + 0.5, y as f32 + 0.5]
}
