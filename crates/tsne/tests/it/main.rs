//! Tests of the library from outside, all in one program.

mod affinities;
mod awkward_input;
mod clusters;
mod digits;
mod gradients;
mod neighbours;
mod new_points;
mod optimiser;
mod quality;
mod runaway;
mod same_bits;
mod scikit_learn;
mod support;
