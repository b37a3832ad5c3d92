#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod cpu;
mod device;

pub use cpu::{ConvolutionAlgorithm, CpuExecutor, CpuOptions, InvalidOption, Isa};
pub use device::Device;
