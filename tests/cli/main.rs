//! The program as its users meet it: what it prints, what it leaves behind, how it ends.

mod architecture;
mod automatic;
mod bench;
mod certainty;
mod circles;
mod class_weights;
mod data;
mod embed;
mod embed_directory;
mod embed_points;
mod evaluate;
mod faults;
mod format;
mod garments;
mod library;
mod odd_data;
mod own_cache;
mod own_images;
mod predict;
mod recipes;
mod runner;
mod seeds;
mod summary;
mod train;
mod words;
mod wrong_input;
