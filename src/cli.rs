//! What can be typed: commands, arguments and the values they take.

mod budget;
mod reading;

use std::ffi::OsString;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use modiste_network::{Freeze, Validation};
use modiste_report::numbers::grouped;
use modiste_sources::{LoadOptions, Source};
use serde::Serialize;

use self::reading::ReadingOptions;

/// Largest batch of a recipe as well.
const LARGEST_BATCH: u64 = 65_536;
/// TOML, in which a run keeps its recipe, has no larger numbers.
pub const LARGEST_SEED: u64 = i64::MAX as u64;

/// A probability.
fn probability(words: &str) -> Result<f64, &'static str> {
    match words.parse() {
        Ok(probability) if (0.0..=1.0).contains(&probability) => Ok(probability),
        _ => Err("give a probability from 0 to 1"),
    }
}

// What is wrong with a value is what its flag takes: `src/misuse.rs` makes a sentence of it.

/// Whole numbers of a range.
fn whole(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    let (least, most) = (grouped(*range.start()), grouped(*range.end()));
    let takes = match *range.end() {
        u64::MAX => format!("a whole number of {least} or more"),
        _ => format!("a whole number from {least} to {most}"),
    };
    move |words| words.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| takes.clone())
}

fn number(words: &str) -> Result<f64, &'static str> {
    words.parse().map_err(|_| "a number, or several with commas between them, as in 10,100")
}

fn address(words: &str) -> Result<SocketAddr, &'static str> {
    let expected = "an address of this machine and a port, as in 127.0.0.1:8080";
    words.to_socket_addrs().ok().and_then(|mut addresses| addresses.next()).ok_or(expected)
}

fn validation(words: &str) -> Result<Validation, &'static str> {
    words.parse().map_err(|_| "a share of the training images from 0 up to but without 1, or 'test'")
}

fn freeze(words: &str) -> Result<Freeze, &'static str> {
    words.parse().map_err(|_| "a number of layers of 1 or more, or 'all-but-last'")
}

/// Trains, measures and keeps classifiers of small images.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_STATUS: &str = "Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted with the state saved.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List, fetch, verify and look at data sets
    #[command(subcommand)]
    Data(DataCommand),
    /// Print a network: layers, output shapes, parameters, multiply-adds
    Summary(SummaryArgs),
    /// Fit a network and keep it in a run directory
    Train(TrainArgs),
    /// Measure a trained network: accuracy, loss, every class, confusions
    Evaluate(EvaluateArgs),
    /// Tell the class of pictures
    Predict(PredictArgs),
    /// Compare finished runs; those that differ in their seeds alone share a row
    Compare(CompareArgs),
    /// Write a page about a run, or about several: curves, confusions, mistakes
    Report(ReportArgs),
    /// Write a trained network for other programs: ONNX, PyTorch, or tensors alone
    Export(ExportArgs),
    /// Take weights from elsewhere into a model file
    Import(ImportArgs),
    /// Answer requests over HTTP: the Open Inference Protocol, pictures, and a page for people
    Serve(ServeArgs),
    /// Make a map of many images by t-SNE: a picture, an interactive page, and the coordinates
    Embed(EmbedArgs),
    /// Time this machine
    #[command(subcommand)]
    Bench(BenchCommand),
}

/// What can be done with data sets.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the known data sets and say which are here
    List(DataListArgs),
    /// Download known data sets, checking every file
    Fetch(DataFetchArgs),
    /// Check the files that are here against their known checksums
    Verify(DataVerifyArgs),
    /// Say what is in a data set and what is wrong with it, before any training
    Check(DataCheckArgs),
    /// Write the snapshot: a PNG grid of samples, a row for each class
    Show(DataShowArgs),
}

/// What can be timed.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Time training steps
    Step(BenchArgs),
    /// Time inference
    Infer(BenchArgs),
    /// Show where a training step's time goes, kernel by kernel, against what the machine could do
    Kernels(BenchArgs),
    /// Time a map, and judge it; or judge a map that somebody else has made
    Tsne(BenchTsneArgs),
}

/// Which images.
#[derive(Clone, Debug, Args)]
pub struct DataOptions {
    /// Data set: auto, fashion-mnist, mnist, kmnist, drawn-garments, or your own: a folder of pictures by class, a .zip or .tar
    /// of one, or .npz, .csv, .parquet, CIFAR or IDX files
    #[arg(long, value_name = "NAME|PATH", help_heading = "Data")]
    pub data: Option<String>,
    #[command(flatten)]
    pub place: DataPlace,
    #[command(flatten)]
    pub reading: ReadingOptions,
}

impl DataOptions {
    /// What `--data` names; `auto` where it is not given.
    ///
    /// # Errors
    /// When it is to be read in a way that does not go with it.
    pub fn source(&self) -> anyhow::Result<Source> {
        self.source_like(&LoadOptions::default())
    }

    /// The same, read as images were read before where nothing else is said.
    ///
    /// # Errors
    /// Those of [`source`](Self::source).
    pub fn source_like(&self, before: &LoadOptions) -> anyhow::Result<Source> {
        self.reading.source(self.data.as_deref().unwrap_or("auto"), before)
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
    /// Number of threads; results do not depend on it [default: all cores]
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole(1..=1024), help_heading = "Machine")]
    pub threads: Option<u64>,
    /// Device to run on
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

/// How results are printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct OutputOptions {
    /// Print JSON on standard output, and nothing else there
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Print only the result
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

/// `data check`
#[derive(Debug, Args)]
pub struct DataCheckArgs {
    /// Data set: a name, or a path of your own
    #[arg(value_name = "NAME|PATH")]
    pub data: String,
    #[command(flatten)]
    pub place: DataPlace,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// How names are drawn.
#[derive(Clone, Debug, Args)]
pub struct FontOptions {
    /// A TrueType or OpenType font, for characters that are neither Latin, Greek nor Cyrillic [default: a question mark each]
    #[arg(long, value_name = "FILE")]
    pub font: Option<PathBuf>,
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
    pub font: FontOptions,
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
    /// A recipe's built-in name or TOML file [default: speedrun-94 on known sets, auto on others]
    #[arg(conflicts_with = "resume")]
    pub recipe: Option<String>,
    /// Passes over the training images [default: the recipe's]; with --resume, the new total
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole(1..=1_000_000))]
    pub epochs: Option<u64>,
    /// Images per step [default: the recipe's]
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole(1..=LARGEST_BATCH), conflicts_with = "resume")]
    pub batch: Option<u64>,
    /// Train in at most so long, such as 60s or 5m: fewer epochs where the recipe's take longer on this machine; with --seeds, each
    /// seed
    #[arg(long, allow_negative_numbers = true, value_name = "TIME", value_parser = budget::time, conflicts_with_all = ["resume", "epochs"])]
    pub time: Option<Duration>,
    /// Use only N training images, drawn by the seed, of each class its part
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole(1..=u64::MAX), conflicts_with = "resume")]
    pub limit: Option<u64>,
    /// Everything random follows from it [default: the recipe's]
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole(0..=LARGEST_SEED), conflicts_with = "resume")]
    pub seed: Option<u64>,
    /// What is measured after each epoch: a share of the training images, held out; the test images; or 0 for nothing, to train
    /// on all images [default: the recipe's]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE|test|0", value_parser = validation, conflicts_with = "resume")]
    pub validation: Option<Validation>,
    /// Mirror no images, whatever the recipe says: for classes that are each other's mirror image
    #[arg(long, conflicts_with = "resume")]
    pub no_flip: bool,
    /// Train with N seeds, one after the other, and print mean and deviation; with --out, resume the series
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole(1..=10_000), conflicts_with = "resume")]
    pub seeds: Option<u64>,
    /// The run directory to write [default: runs/NAME-1, -2, …]; with --seeds, the directory of their runs, seed-0 and so on
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Write no report.html beside the result
    #[arg(long)]
    pub no_report: bool,
    /// Start from the weights of this run directory or model file, with a new last layer where the classes differ; without a
    /// recipe, with its layers
    #[arg(long, value_name = "RUN|MODEL", conflicts_with = "resume")]
    pub from: Option<PathBuf>,
    /// With --from, leave the first N layers of the recipe as they are, or all but the one that classifies
    #[arg(long, value_name = "N|all-but-last", value_parser = freeze, requires = "from", conflicts_with = "resume")]
    pub freeze: Option<Freeze>,
    /// Draw curves of loss and accuracy while it is trained; where there is no terminal, there are lines as always
    #[arg(long)]
    pub watch: bool,
    /// For TensorBoard, keep after each epoch how weights and gradients are distributed, layer by layer
    #[arg(long)]
    pub histograms: bool,
    /// Resume an interrupted run; needs nothing else, but --data where its data has moved
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    /// With --resume, begin the run anew: what it has learned is lost
    // The conflicts are said again, since what conflicts with --resume would count for it.
    #[arg(
        long,
        requires = "resume",
        conflicts_with_all = ["recipe", "epochs", "time", "batch", "limit", "seed", "validation", "no_flip", "seeds", "out", "from", "freeze"]
    )]
    pub restart: bool,
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

/// `predict`
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// A run directory or model file [default: the newest run], and what to classify: pictures, folders of them, patterns such
    /// as 'a/*.png', or - for standard input
    #[arg(value_name = "RUN or MODEL, INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Which images of the set that --data names
    #[arg(long, value_enum, default_value_t = Split::Test)]
    pub split: Split,
    /// Classes to tell of each picture, the likeliest first
    #[arg(long, allow_negative_numbers = true, value_name = "K", value_parser = whole(1..=256), default_value_t = 3)]
    pub top: u64,
    /// Answer 'unsure' where the likeliest class is less probable
    #[arg(long, allow_negative_numbers = true, value_name = "P", value_parser = probability)]
    pub min_confidence: Option<f64>,
    /// Names of classes to use instead of the model's: a text file with one on each line
    #[arg(long, value_name = "FILE")]
    pub names: Option<PathBuf>,
    /// Look at each picture once, whatever views the recipe has: faster
    #[arg(long)]
    pub single_view: bool,
    /// Write the answers to a file instead of printing them
    #[arg(long, value_name = "FILE.csv|.jsonl")]
    pub out: Option<PathBuf>,
    /// Copy each picture into a folder of its class in DIR
    #[arg(long, value_name = "DIR")]
    pub copy_to: Option<PathBuf>,
    /// Whether to make a picture look like those that the network has learned from: inverted, cropped to what it shows
    #[arg(long, value_enum, default_value_t = Prepare::Auto)]
    pub prepare: Prepare,
    /// Draw for each picture what the network sees of it, beside the original, in DIR
    #[arg(long, value_name = "DIR")]
    pub show_prepared: Option<PathBuf>,
    /// Draw for each picture which parts of it decided, in DIR
    #[arg(long, value_name = "DIR")]
    pub explain: Option<PathBuf>,
    #[command(flatten)]
    pub font: FontOptions,
    #[command(flatten)]
    pub data: DataOptions,
    #[command(flatten)]
    pub compute: ComputeOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// What is done to a picture beside bringing it to size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Prepare {
    /// What its border and the training images suggest
    Auto,
    /// Nothing
    None,
}

/// `export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A run directory or model file [default: the newest run]
    #[arg(value_name = "RUN or MODEL")]
    pub model: Option<PathBuf>,
    /// What to write [default: what the ending of --out says, else onnx]
    #[arg(long, value_enum)]
    pub format: Option<ExportFormat>,
    /// The file to write; with torch, FILE.py beside it [default: the recipe's name]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The order of an image's values in ONNX
    #[arg(long, value_enum, default_value_t = ExportLayout::Nchw, help_heading = "ONNX")]
    pub layout: ExportLayout,
    /// The type of pixels in ONNX, from 0 to 255 either way
    #[arg(long, value_enum, default_value_t = ExportInput::F32, help_heading = "ONNX")]
    pub input: ExportInput,
    /// Make the views of the recipe, such as the mirrored image, part of the graph: slower, and as accurate as `evaluate` says
    #[arg(long, help_heading = "ONNX")]
    pub views: bool,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Weights: tensors under PyTorch's names or ours, or an ONNX file of a network without branches
    #[arg(value_name = "FILE.safetensors|.onnx")]
    pub file: PathBuf,
    /// The recipe whose layers the weights are of: a built-in name or a TOML file
    #[arg(long, value_name = "RECIPE")]
    pub recipe: String,
    /// The model file to write [default: the recipe's name with .safetensors]
    #[arg(long, value_name = "MODEL")]
    pub out: Option<PathBuf>,
    /// Whose images and classes the weights are for, where FILE does not say
    #[command(flatten)]
    pub data: DataOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `serve`
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Run directories or model files [default: the newest run]
    #[arg(value_name = "RUN or MODEL")]
    pub models: Vec<PathBuf>,
    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address, default_value = "127.0.0.1:8080")]
    pub addr: SocketAddr,
    /// What clients call a model; once for each, in their order [default: the name of the run or file]
    #[arg(long = "name", value_name = "NAME")]
    pub names: Vec<String>,
    /// A file with the secret that clients send as 'Authorization: Bearer …'
    #[arg(long, value_name = "FILE", help_heading = "Safety")]
    pub token_file: Option<PathBuf>,
    /// The certificate for HTTPS, and those that vouch for it, as PEM
    #[arg(long, value_name = "FILE.pem", requires = "tls_key", help_heading = "Safety")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM
    #[arg(long, value_name = "FILE.pem", requires = "tls_cert", help_heading = "Safety")]
    pub tls_key: Option<PathBuf>,
    /// Look at tensors in all views of the recipe, as `export --views` has it: slower, and as accurate as `evaluate` says
    #[arg(long)]
    pub views: bool,
    /// Look at each picture once, whatever views the recipe has: faster
    #[arg(long)]
    pub single_view: bool,
    /// How long a request may wait for others, if some are expected
    #[arg(long, value_name = "TIME", value_parser = budget::time, default_value = "2ms", help_heading = "Load")]
    pub max_delay: Duration,
    /// Images that are computed together
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(1..=4096), default_value_t = 64, help_heading = "Load")]
    pub max_batch: u64,
    /// Images that may wait for a network; beyond them answers have the status 429
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(1..=1_000_000), default_value_t = 2048, help_heading = "Load")]
    pub max_waiting: u64,
    /// Megabytes of a request's body
    #[arg(long, value_name = "MB", allow_negative_numbers = true, value_parser = whole(1..=1024), default_value_t = 16, help_heading = "Load")]
    pub max_body: u64,
    /// Connections, idle ones among them
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(1..=1_000_000), default_value_t = 4096, help_heading = "Load")]
    pub max_connections: u64,
    /// Time for a request's head to arrive
    #[arg(long, value_name = "TIME", value_parser = budget::time, default_value = "10s", help_heading = "Load")]
    pub header_time: Duration,
    /// Time for a request's body to arrive
    #[arg(long, value_name = "TIME", value_parser = budget::time, default_value = "30s", help_heading = "Load")]
    pub body_time: Duration,
    /// Time that a connection stays open without a request
    #[arg(long, value_name = "TIME", value_parser = budget::time, default_value = "75s", help_heading = "Load")]
    pub idle_time: Duration,
    /// Time for requests to finish when the server is asked to end
    #[arg(long, value_name = "TIME", value_parser = budget::time, default_value = "10s", help_heading = "Load")]
    pub grace: Duration,
    #[command(flatten)]
    pub compute: ComputeOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// Formats of trained networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// A graph for ONNX Runtime, OpenVINO, tract, RTen and others
    Onnx,
    /// A model file of modiste, which other programs read as named tensors
    Safetensors,
    /// Tensors under PyTorch's names, and the Python that builds the network
    Torch,
}

/// Orders of an image's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportLayout {
    /// Images, channels, height, width
    Nchw,
    /// Images, height, width, channels
    Nhwc,
}

/// Types of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportInput {
    /// Floats
    F32,
    /// Bytes
    U8,
}

/// `compare`
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Run directories, or directories of runs that `train --seeds` has made
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Print JSON on standard output, and nothing else there
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// `report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Run directories, or directories of runs that `train --seeds` has made [default: the newest run]
    #[arg(value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The page to write [default: report.html in the run directory; of several runs, here]
    #[arg(long, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
    /// Write each figure in DIR, too, as SVG and PNG
    #[arg(long, value_name = "DIR")]
    pub figures: Option<PathBuf>,
    #[command(flatten)]
    pub font: FontOptions,
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
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole(1..=LARGEST_BATCH))]
    pub batch: Option<u64>,
    /// Steps to time, after the warm-up
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole(1..=1_000_000), default_value_t = 8)]
    pub steps: u64,
    #[command(flatten)]
    pub data: DataOptions,
    #[command(flatten)]
    pub compute: ComputeOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// What is put on a map.
#[derive(Clone, Debug, Args)]
pub struct PointOptions {
    /// Number of points, drawn at random: of the training images, or of all where those are too few [default: 1000; all of --input]
    #[arg(long, allow_negative_numbers = true, value_name = "N|all")]
    pub samples: Option<Samples>,
    /// Rows of numbers, a point in each, instead of images
    #[arg(long, value_name = "FILE.npy|.csv", conflicts_with_all = ["data", "data_dir"], help_heading = "Data")]
    pub input: Option<PathBuf>,
    /// Take the first line of --input for a point, whatever it looks like
    #[arg(long, requires = "input", conflicts_with_all = ["data", "data_dir"], help_heading = "Data")]
    pub no_header: bool,
    /// Leave out this column of --input; may be given several times
    #[arg(long, value_name = "NAME", requires = "input", conflicts_with_all = ["data", "data_dir"], help_heading = "Data")]
    pub drop: Vec<String>,
    #[command(flatten)]
    pub data: DataOptions,
}

/// How many points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// All there are.
    All,
    /// So many at most.
    Count(usize),
}

impl FromStr for Samples {
    type Err = &'static str;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        match (words, words.parse()) {
            ("all", _) => Ok(Self::All),
            (_, Ok(count @ 1..)) => Ok(Self::Count(count)),
            _ => Err("a whole number of 1 or more, or 'all'"),
        }
    }
}

/// How a map is made.
#[derive(Clone, Debug, Args)]
pub struct TsneOptions {
    /// Effective number of neighbours; several, as in 10,100, combine local and global [default: 30, or less where points are few]
    #[arg(long, allow_negative_numbers = true, value_name = "P[,P…]", value_delimiter = ',', value_parser = number, help_heading = "t-SNE")]
    pub perplexity: Vec<f64>,
    /// Number of iterations
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole(1..=1_000_000), default_value_t = 1000, help_heading = "t-SNE")]
    pub iterations: u64,
    /// How points push each other away
    #[arg(long, value_enum, default_value_t = GradientMethod::Auto, help_heading = "t-SNE")]
    pub method: GradientMethod,
    /// Everything random follows from it
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole(0..=u64::MAX), default_value_t = 0, help_heading = "t-SNE")]
    pub seed: u64,
}

/// Ways to the gradient of t-SNE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GradientMethod {
    /// What is fastest for so many points
    Auto,
    /// Every pair of points
    Exact,
    /// A tree, by which far points are taken together
    BarnesHut,
    /// Fourier transforms on a grid
    Fourier,
}

/// How far apart two points are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// The length of their difference
    Euclidean,
    /// 1 less the cosine of the angle between them
    Cosine,
}

/// Where points start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstMap {
    /// Their first two principal components
    Pca,
    /// Anywhere
    Random,
}

/// What the points of a map are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Space {
    /// Images as they are.
    Pixels,
    /// What the network of a run directory or model file sees in them.
    Run(PathBuf),
}

impl fmt::Display for Space {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pixels => formatter.write_str("pixels"),
            Self::Run(path) => path.display().fmt(formatter),
        }
    }
}

impl From<OsString> for Space {
    fn from(words: OsString) -> Self {
        if words == "pixels" { Self::Pixels } else { Self::Run(words.into()) }
    }
}

/// `embed`
#[derive(Clone, Debug, Args)]
pub struct EmbedArgs {
    #[command(flatten)]
    pub points: PointOptions,
    /// Images as they are, or the features that the network of a run directory or model file has of them
    #[arg(long, value_name = "pixels|RUN", default_value = "pixels", conflicts_with = "input")]
    pub space: Space,
    /// Also write the points as TensorBoard's Embedding Projector loads them
    #[arg(long)]
    pub projector: bool,
    /// The directory to write [default: maps/NAME-1, -2, …]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub font: FontOptions,
    #[command(flatten)]
    pub tsne: TsneOptions,
    /// How distances are measured
    #[arg(long, value_enum, default_value_t = Distance::Euclidean, help_heading = "t-SNE")]
    pub metric: Distance,
    /// Where points start from
    #[arg(long, value_enum, default_value_t = FirstMap::Pca, help_heading = "t-SNE")]
    pub initialisation: FirstMap,
    #[command(flatten)]
    pub compute: ComputeOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `bench tsne`
#[derive(Debug, Args)]
pub struct BenchTsneArgs {
    #[command(flatten)]
    pub points: PointOptions,
    /// The class of each point of --input, as numbers
    #[arg(
        long,
        value_name = "FILE.npy|.csv",
        requires = "input",
        conflicts_with_all = ["data", "data_dir"],
        help_heading = "Data"
    )]
    pub labels: Option<PathBuf>,
    /// Judge this map of the points instead of making one
    #[arg(long, value_name = "FILE.npy|.csv", conflicts_with_all = ["out", "iterations", "method"])]
    pub map: Option<PathBuf>,
    /// Keep the map in this file
    #[arg(long, value_name = "FILE.npy")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub tsne: TsneOptions,
    #[command(flatten)]
    pub compute: ComputeOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
