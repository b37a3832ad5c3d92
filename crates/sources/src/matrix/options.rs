//! How a table is to be read, where its file does not say it.

/// How a table is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// The first line is a point, whatever it looks like.
    pub no_header: bool,
    /// Names of columns that are no numbers of points.
    pub drop: Vec<String>,
}
