//! The program as its users meet it: what it prints, what it leaves behind, how it ends.

mod bench;
mod data;
mod embed;
mod evaluate;
mod format;
mod garments;
mod recipes;
mod runner;
mod seeds;
mod summary;
mod train;
mod wrong_input;
