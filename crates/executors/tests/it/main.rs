//! The executor for processors against plain arithmetic in f64 and against values computed elsewhere.

mod cases;
mod optimisers;
mod random_networks;
mod reference;
