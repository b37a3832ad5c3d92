//! Lines on a terminal that are drawn again while work goes on.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::OutputOptions;

/// Whether somebody wants to see them, and standard error is a terminal.
pub fn is_wanted(options: OutputOptions) -> bool {
    !options.quiet && std::io::stderr().is_terminal()
}

/// How far work has come: a prefix, a bar, a message.
pub fn new(length: u64) -> ProgressBar {
    ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr()).with_style(counting())
}

/// A line for work whose end is known.
pub fn counting() -> ProgressStyle {
    style("{prefix}  {bar:10.cyan} {pos}/{len}  {wide_msg}").progress_chars("━╸─")
}

/// A line for work whose end is known, with a message of several lines above it.
pub fn below() -> ProgressStyle {
    style("{msg}{prefix}  {bar:10.cyan} {pos}/{len}").progress_chars("━╸─")
}

/// A line for work that takes as long as it takes.
pub fn waiting() -> ProgressStyle {
    style("{prefix}  {spinner:.cyan}  {wide_msg}")
}

fn style(template: &'static str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant that indicatif accepts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_accepted() {
        let _ = (counting(), below(), waiting());
    }
}
