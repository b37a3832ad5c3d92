#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

pub mod executor;
pub mod familiarity;
pub mod model;
pub mod network;
pub mod recipe;
pub mod reference;
pub mod views;

pub use executor::dropout::Mask;
pub use executor::loss::Targets;
pub use executor::muon::Matrix;
pub use executor::profile::{KernelTime, Limits, Profile, Section};
pub use executor::{Batch, DeviceInfo, Executor, Mixed, State, StepOptions, StepResult};
pub use familiarity::Familiarity;
pub use model::{DataReference, Model, ModelCard};
pub use network::{Layer, Network, NetworkError, Operation, Parameter, Pooling, Role, Shape, Value, Window};
pub use recipe::{
    Activation, Adam, Adamw, ClassWeights, Comment, DataRecipe, EvaluationRecipe, Freeze, Keep, LayerRecipe, Muon,
    NamedFreeze, NamedValidation, Optimiser, OutOfSight, Padding, Recipe, RecipeError, Schedule, Sgd, TrainingRecipe,
    Validation,
};
pub use reference::ReferenceExecutor;
pub use views::View;
