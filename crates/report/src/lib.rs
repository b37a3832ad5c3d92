//! Pictures of data sets and results.
