#![doc = include_str!("../README.md")]

mod cpu;
mod device;

pub use cpu::{ConvolutionAlgorithm, CpuExecutor, CpuOptions, InvalidOption, Isa};
pub use device::Device;
