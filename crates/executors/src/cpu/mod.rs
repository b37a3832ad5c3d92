//! The executor for processors.
//!
//! | place | what is there |
//! | --- | --- |
//! | `executor` | the passes through a network, and the memory that its stages share |
//! | `roofline` | what the machine can do at most |
//! | `input_resolver` | what a stage reads along its edges |
//! | `compile` | from a network to its stages' operations and the memory that they need |
//! | `optimiser/` | what training changes, and how a step changes it |
//! | `stages/` | the operations: convolutions, dense products, none; what they read and write |
//! | `kernels/` | the computations over vectors that stages and optimisers are made of |
//! | `plan/` | stages and edges as data, how values lie, where gradients wait |
//! | `context`, `options` | where a computation runs, and with which threads and instruction set |
//! | `simd/` | vectors in each instruction set |
//! | `runtime/` | threads, memory, the recorder of time |
//!
//! Each place imports only from those below it, and no files of a place import each other in a circle.
//!
//! A network becomes stages and edges between them (`plan/`, made by its `planner`); each stage is a convolution, a dense
//! product or nothing (`stages/`), and an epilogue that runs while an image is in cache; what an edge does (batch
//! normalisation, smooth activations) happens while the image is read (`kernels/prologue`). All memory is planned in
//! `compile`: parameters, their moments and gradient; the outputs of all stages but a stem; and scratch for each thread. On
//! its way back the gradient takes the place of the outputs where it can: what stands in a stage's place after a backward
//! pass is then the gradient towards what its activation took. Where it cannot, it waits in a slot (`plan/gradient_slots`).
//!
//! Every task's extent follows from the shapes alone and every sum has one order, so results are the same bits for any
//! number of threads.

#![warn(unreachable_pub)]

mod compile;
mod context;
mod executor;
mod input_resolver;
mod kernels;
#[cfg(test)]
mod noise;
mod optimiser;
mod options;
mod plan;
mod roofline;
mod runtime;
mod simd;
mod stages;

pub use self::executor::CpuExecutor;
pub use self::options::{ConvolutionAlgorithm, CpuOptions, InvalidOption};
pub use self::simd::Isa;
