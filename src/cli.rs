//! What can be typed: verbs, arguments and the values they take.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use modiste_data::Source;

/// Largest batch of a recipe as well.
const LARGEST_BATCH: u64 = 65_536;
/// TOML, in which a run keeps its recipe, has no larger numbers.
const LARGEST_SEED: u64 = i64::MAX as u64;

/// Trains, measures and keeps classifiers of small images.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const EXIT_STATUS: &str = "Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted with the state saved.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List, fetch, verify and look at data sets
    #[command(subcommand)]
    Data(DataVerb),
    /// Print a network: layers, output shapes, parameters, multiply-adds
    Summary(SummaryArgs),
    /// Fit a network and keep it in a run directory
    Train(TrainArgs),
    /// Measure a trained network: accuracy, loss, every class, confusions
    Evaluate(EvaluateArgs),
    /// Time this machine
    #[command(subcommand)]
    Bench(BenchVerb),
}

/// What can be done with data sets.
#[derive(Debug, Subcommand)]
pub enum DataVerb {
    /// List the known data sets and say which are here
    List(DataListArgs),
    /// Download known data sets, checking every file
    Fetch(DataFetchArgs),
    /// Check the files that are here against their known checksums
    Verify(DataVerifyArgs),
    /// Write the snapshot: a PNG grid of samples, a row for each class
    Show(DataShowArgs),
}

/// What can be timed.
#[derive(Debug, Subcommand)]
pub enum BenchVerb {
    /// Time training steps
    Step(BenchArgs),
    /// Time inference
    Infer(BenchArgs),
    /// Show where a training step's time goes, kernel by kernel, against what the machine could do
    Kernels(BenchArgs),
}

/// Which images.
#[derive(Clone, Debug, Args)]
pub struct DataOptions {
    /// Data set: auto, fashion-mnist, mnist, kmnist, drawn-garments, or a directory of IDX files
    #[arg(long, value_name = "NAME|PATH", help_heading = "Data")]
    pub data: Option<String>,
    #[command(flatten)]
    pub place: DataPlace,
}

impl DataOptions {
    /// What `--data` names; `auto` where it is not given.
    pub fn source(&self) -> Source {
        let Ok(source) = self.data.as_deref().unwrap_or("auto").parse();
        source
    }

    /// The directory of `--data-dir`.
    pub fn place(&self) -> Option<&Path> {
        self.place.data_dir.as_deref()
    }
}

/// Where data sets are kept.
#[derive(Clone, Debug, Args)]
pub struct DataPlace {
    /// Where data sets are kept [default: $MODISTE_DATA, else the cache directory]
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    pub data_dir: Option<PathBuf>,
}

/// What computes.
#[derive(Clone, Debug, Args)]
pub struct ComputeOptions {
    /// Threads that compute; results do not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1024), help_heading = "Machine")]
    pub threads: Option<u64>,
    /// What computes
    #[arg(long, value_enum, default_value_t = DeviceKind::Cpu, help_heading = "Machine")]
    pub device: DeviceKind,
}

/// Kinds of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeviceKind {
    /// The processor
    Cpu,
    /// An NVIDIA GPU
    Cuda,
}

/// How results are told.
#[derive(Clone, Copy, Debug, Args)]
pub struct OutputOptions {
    /// Print JSON on standard output, and nothing else there
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Print the result and nothing on the way to it
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}

/// `data list`
#[derive(Debug, Args)]
pub struct DataListArgs {
    #[command(flatten)]
    pub place: DataPlace,
    /// Print JSON on standard output, and nothing else there
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// `data fetch`
#[derive(Debug, Args)]
pub struct DataFetchArgs {
    /// Data sets to download; `data list` names them
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    #[command(flatten)]
    pub place: DataPlace,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `data verify`
#[derive(Debug, Args)]
pub struct DataVerifyArgs {
    /// Data sets to check [default: all that are here]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub place: DataPlace,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `data show`
#[derive(Debug, Args)]
pub struct DataShowArgs {
    #[command(flatten)]
    pub data: DataOptions,
    /// Which images
    #[arg(long, value_enum, default_value_t = ShownSplit::Train)]
    pub split: ShownSplit,
    /// The picture to write [default: the data set's name with .png]
    #[arg(long, value_name = "FILE.png")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// Parts of a data set as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShownSplit {
    /// Images to learn from
    Train,
    /// Images kept for the final measurement
    Test,
}

/// `summary`
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// A recipe's built-in name or TOML file
    pub recipe: String,
    #[command(flatten)]
    pub data: DataOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `train`
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// A recipe's built-in name or TOML file [default: seed-vgg]
    #[arg(conflicts_with = "resume")]
    pub recipe: Option<String>,
    /// Passes over the training images [default: the recipe's]; with --resume, the new total
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub epochs: Option<u64>,
    /// Images per step [default: the recipe's]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=LARGEST_BATCH), conflicts_with = "resume")]
    pub batch: Option<u64>,
    /// Use only the first N training images
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..), conflicts_with = "resume")]
    pub limit: Option<u64>,
    /// Everything random follows from it [default: the recipe's]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(..=LARGEST_SEED), conflicts_with = "resume")]
    pub seed: Option<u64>,
    /// The run directory to write [default: runs/NAME-1, -2, …]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with an interrupted run; needs nothing else
    #[arg(long, value_name = "RUN", conflicts_with = "data")]
    pub resume: Option<PathBuf>,
    #[command(flatten)]
    pub data: DataOptions,
    #[command(flatten)]
    pub compute: ComputeOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `evaluate`
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// A run directory or model file [default: the newest run]
    #[arg(value_name = "RUN or MODEL")]
    pub model: Option<PathBuf>,
    /// Which images
    #[arg(long, value_enum, default_value_t = Split::Test)]
    pub split: Split,
    #[command(flatten)]
    pub data: DataOptions,
    #[command(flatten)]
    pub compute: ComputeOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// Parts of a data set as a run used it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Split {
    /// Images the network learned from
    Train,
    /// Images measured after each epoch
    Validation,
    /// Images kept for the final measurement
    Test,
}

/// `bench step`, `bench infer` and `bench kernels`
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// A recipe's built-in name or TOML file
    #[arg(long, value_name = "RECIPE", default_value = "seed-vgg")]
    pub recipe: String,
    /// Images per step [default: the recipe's]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=LARGEST_BATCH))]
    pub batch: Option<u64>,
    /// Steps to time, after the warm-up
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1_000_000), default_value_t = 8)]
    pub steps: u64,
    #[command(flatten)]
    pub data: DataOptions,
    #[command(flatten)]
    pub compute: ComputeOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
