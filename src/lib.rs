//! modiste: classifiers of small images, from raw bytes to a trained and measured network.
//!
//! The work is done by four crates, each useful alone; this one only gives them under one name.

pub use modiste_data as data;
pub use modiste_nn as nn;
pub use modiste_report as report;
pub use modiste_tsne as tsne;
