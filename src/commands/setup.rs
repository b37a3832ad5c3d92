//! What several commands need before they can begin: the device, free memory, and names.

use std::path::Path;

use anyhow::{Result, bail};
use modiste_data::ImageShape;
use modiste_executors::Device;
use modiste_network::{Network, Recipe};
use modiste_training::AUTOMATIC;
use modiste_training::runs::seed_directory;

use crate::cli::{ComputeOptions, DeviceKind};
use crate::output;
use crate::system::memory;

/// Images and classes of a network where no data set is named: those of Fashion-MNIST.
pub const USUAL_INPUT: ImageShape = ImageShape { height: 28, width: 28, channels: 1 };
pub const USUAL_CLASSES: usize = 10;

/// Where runs are kept by default.
pub const RUNS: &str = "runs";

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is done.
    Done,
    /// Some of what was asked for could not be had, which has been said.
    SomeFailed,
    /// A signal came; what can go on later is saved, and nothing else.
    Interrupted,
}

/// Refuses a directory of the runs of several seeds, where one run is meant.
pub fn ensure_one_run(directory: &Path) -> Result<()> {
    match seed_directory::runs(directory).first() {
        Some(first) => bail!(
            "{} holds the runs of several seeds: name one of them, such as {}",
            directory.display(),
            first.display()
        ),
        None => Ok(()),
    }
}

/// The recipe of this name or path. Where a built-in one has the name of what is here, too, a note says so.
pub fn find_recipe(name: &str) -> Result<Recipe> {
    if name == AUTOMATIC {
        bail!("the recipe {AUTOMATIC} is chosen for images, and there are none here: name another recipe");
    }
    let recipe = Recipe::find(name)?;
    if Recipe::built_in_names().contains(&name) && Path::new(name).exists() {
        output::note(&format!("note: {name} is the built-in recipe, not {name} here: that would be ./{name}"));
    }
    Ok(recipe)
}

/// The device of `--device` and `--threads`.
pub fn device(options: &ComputeOptions) -> Result<Device> {
    match options.device {
        DeviceKind::Cpu => Ok(Device::cpu(threads(options))?),
        DeviceKind::Cuda => bail!("--device cuda: this modiste is built without CUDA, so use --device cpu"),
    }
}

/// The threads of `--threads`.
pub fn threads(options: &ComputeOptions) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    options.threads.map_or_else(cores, |threads| threads as usize)
}

/// What files that come of a data set are called: its name, or the last part of its path.
pub fn file_name(data: &str) -> String {
    let name = Path::new(data).file_name().map_or("data".into(), |name| name.to_string_lossy());
    name.replace(char::is_control, "_")
}

/// Values for each parameter of the state that an executor begins with: itself and two moments.
const VALUES_OF_STATE: usize = 3;

/// Refuses a network that cannot fit into memory, before the system ends the process for it.
pub fn ensure_memory(device: &Device, network: &Network, batch: usize) -> Result<()> {
    let state = VALUES_OF_STATE * network.parameter_count() * size_of::<f32>();
    ensure_training_memory(device.planned_bytes(network, batch) + state as u64, batch)
}

/// Refuses to compute batches of so many images if they need more bytes of memory than there are.
pub fn ensure_training_memory(needed: u64, batch: usize) -> Result<()> {
    ensure_free(
        needed,
        &format!("batches of {} need", output::count(batch, "image")),
        "make the batch or the network smaller",
    )
}

/// Refuses what needs more bytes of memory than are free; `what` needs them, and `advice` says what to do.
pub fn ensure_free(needed: u64, what: &str, advice: &str) -> Result<()> {
    match memory::available_bytes() {
        Some(available) if needed > available => {
            bail!("{what} {} of memory where {} are free: {advice}", bytes_text(needed), bytes_text(available))
        }
        _ if memory::can_be_had(needed) => Ok(()),
        _ => bail!("{what} {} of memory, which the system does not give: {advice}", bytes_text(needed)),
    }
}

/// `1.5 GB`, or `230 MB` below one, or `12 kB`.
fn bytes_text(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => output::megabytes(bytes),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
