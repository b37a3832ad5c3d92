//! The shades of a confusion matrix in a page: steps from paper to full colour, on light and on dark paper, with words that can be
//! read on each.

use std::fmt::Write;

use crate::figures::{is_dark, strength};
use crate::palette::{LINES, css, mixed};
use crate::picture::Colour;

const STEPS: usize = 10;
const PAPERS: [Colour; 2] = [[0xff; 3], [0x1e, 0x1f, 0x24]];

/// The class, in the style sheet, of a share of right or wrong images.
pub(crate) fn class(share: f64, is_right: bool) -> String {
    let step = (strength(share, is_right) * STEPS as f64).ceil() as usize;
    format!("{}{step}", if is_right { 'r' } else { 'w' })
}

/// The rules for all of them.
pub(crate) fn style_sheet() -> String {
    let [light, dark] = PAPERS.map(rules);
    format!("{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
}

fn rules(paper: Colour) -> String {
    let mut rules = String::new();
    for (kind, colour) in [('r', LINES[0]), ('w', LINES[1])] {
        for step in 0..=STEPS {
            let back = mixed(paper, colour, step as f32 / STEPS as f32);
            let ink = if is_dark(back) { "#fff" } else { "#000" };
            // Of a String this cannot fail.
            let _ = writeln!(rules, ".{kind}{step} {{ background: {}; color: {ink}; }}", css(back));
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::to_linear;

    #[test]
    fn words_can_be_read_on_every_shade() {
        let light = |colour: Colour| {
            let [red, green, blue] = colour.map(to_linear);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        for (paper, colour, step) in PAPERS
            .iter()
            .flat_map(|paper| [LINES[0], LINES[1]].into_iter().map(move |colour| (paper, colour)))
            .flat_map(|(paper, colour)| (0..=STEPS).map(move |step| (*paper, colour, step)))
        {
            let back = mixed(paper, colour, step as f32 / STEPS as f32);
            let contrast = if is_dark(back) { 1.05 / (light(back) + 0.05) } else { (light(back) + 0.05) / 0.05 };
            assert!(contrast >= 4.5, "{back:?}: {contrast}");
        }
        assert_eq!([class(0.0, false), class(0.1, false), class(0.95, true)], ["w0", "w10", "r10"]);
    }
}
