//! Trains a small network on drawn garments, resumes it, and classifies images with it, without the command line:
//! `cargo run --release --example train_and_classify`. It takes some seconds.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use modiste_executors::Device;
use modiste_inference::Predictor;
use modiste_network::Recipe;
use modiste_sources::{Silent, Source, load};
use modiste_training::{EpochRecord, ExistingRun, Experiment, Fitted, Observer, RunDirectory, RunSource, Session};

const RECIPE: &str = "
name = 'small'
layers = [
  { type = 'conv', filters = 8, kernel = 3, stride = 2, activation = 'relu' },
  { type = 'flatten' },
  { type = 'dense', units = 10, activation = 'softmax' },
]
[training]
epochs = 4
batch = 32
";

/// Prints each epoch, and stops after the second.
struct Watch<'a>(&'a AtomicBool);

impl Observer for Watch<'_> {
    fn epoch(&mut self, record: &EpochRecord, _: Option<Duration>) {
        println!("epoch {}: loss {:.3}, accuracy {:.3}", record.epoch, record.train_loss, record.train_accuracy);
        self.0.store(record.epoch == 2, Ordering::Relaxed);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("train-and-classify-{}", std::process::id()));
    let device = Device::cpu(2)?;
    let dataset = load(&Source::DrawnGarments, None, &Silent)?;

    // A run is begun in its directory. It is stopped after two epochs, as a signal or a button would do.
    let source = RunSource::new(&dataset, &Source::DrawnGarments, None, Some(4_000))?;
    let recipe = Recipe::parse(RECIPE, "the example")?;
    let experiment = Experiment { recipe, comments: Vec::new(), dataset: dataset.clone(), source, start: None };
    let stop = AtomicBool::new(false);
    let mut session = Session::begin(experiment.prepare()?, RunDirectory::create(&directory)?)?;
    let mut executor = session.compile(&device);
    match session.fit(executor.as_mut(), &mut Watch(&stop), &stop, &Instant::now())? {
        Fitted::Interrupted(done) => println!("stopped after {done}"),
        Fitted::Finished(result) => session.finish(&result)?,
    }
    drop(session);

    // Another process could resume it: all it needs is in the directory, but for the data.
    if let ExistingRun::Unfinished(run) = ExistingRun::open(&directory, None)? {
        let mut session = run.resume(dataset.clone())?;
        let mut executor = session.compile(&device);
        stop.store(false, Ordering::Relaxed);
        if let Fitted::Finished(result) = session.fit(executor.as_mut(), &mut Watch(&stop), &stop, &Instant::now())? {
            session.finish(&result)?;
            println!("{:.1}% of the test images are classified rightly", 100.0 * result.test_accuracy);
        }
    }

    // The model is used: ten probabilities for each image.
    let mut predictor = Predictor::open(&directory, &device)?;
    let probabilities = predictor.probabilities(dataset.test.image(0))?;
    let likely = probabilities.iter().zip(&dataset.class_names).filter(|(probability, _)| **probability > 0.1);
    let truth = &dataset.class_names[usize::from(dataset.test.labels()[0])];
    for (probability, class) in likely {
        println!("a {truth} is taken for a {class} by {probability:.3}");
    }
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}
