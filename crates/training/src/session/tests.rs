//! A run from its beginning to its result, by way of its directory.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use modiste_data::{ImageShape, Images};
use modiste_inference::Predictor;

use super::*;
use crate::trainer::StepEvent;

const SHAPE: ImageShape = ImageShape { height: 2, width: 2, channels: 1 };

fn recipe() -> Recipe {
    let text = "
        name = 'small'
        layers = [{ type = 'flatten' }, { type = 'dense', units = 2, activation = 'softmax' }]
        [training]
        epochs = 2
        batch = 8";
    Recipe::parse(text, "test").unwrap()
}

/// 40 dark and bright images to learn from and as many to test on; `brightest` is the value of these.
fn dataset(brightest: u8) -> Dataset {
    let labels: Vec<u8> = (0..40).map(|image| image % 2).collect();
    let pixels = labels.iter().flat_map(|label| [label * brightest; 4]).collect();
    let images = Arc::new(Images::new(SHAPE, pixels, labels, 2).unwrap());
    let class_names = ["dark", "bright"].map(str::to_owned).to_vec();
    Dataset {
        name: "levels".to_owned(),
        class_names,
        train: Arc::clone(&images),
        validation: None,
        test: images,
        preparation: None,
    }
}

fn begin(recipe: Recipe, directory: &Path) -> Session {
    let dataset = dataset(200);
    let source = RunSource::new(&dataset, &"levels".parse().unwrap(), None, None).unwrap();
    let prepared = Experiment { recipe, comments: Vec::new(), dataset, source, start: None }.prepare().unwrap();
    Session::begin(prepared, RunDirectory::create(directory).unwrap()).unwrap()
}

fn unfinished(directory: &Path, epochs: Option<usize>) -> UnfinishedRun {
    match ExistingRun::open(directory, epochs).unwrap() {
        ExistingRun::Unfinished(run) => *run,
        ExistingRun::Finished(_) => panic!("the run is finished"),
    }
}

/// Stops after its first step.
struct StopAtOnce<'a>(&'a AtomicBool);

impl Observer for StopAtOnce<'_> {
    fn step(&mut self, _: &StepEvent) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Trains until the end, and keeps the result.
fn finish(mut session: Session) -> RunResult {
    let device = Device::cpu(1).unwrap();
    let mut executor = session.compile(&device);
    let fitted = session.fit(executor.as_mut(), &mut (), &AtomicBool::new(false), &Instant::now()).unwrap();
    let Fitted::Finished(result) = fitted else { panic!("interrupted") };
    session.finish(&result).unwrap();
    *result
}

fn stop_after_a_step(mut session: Session) -> Done {
    let stop = AtomicBool::new(false);
    let mut executor = session.compile(&Device::cpu(1).unwrap());
    match session.fit(executor.as_mut(), &mut StopAtOnce(&stop), &stop, &Instant::now()).unwrap() {
        Fitted::Interrupted(done) => done,
        Fitted::Finished(_) => panic!("not interrupted"),
    }
}

#[test]
fn a_run_is_begun_stopped_resumed_finished_and_used() {
    let world = tempfile::tempdir().unwrap();
    let (whole, parts) = (world.path().join("whole"), world.path().join("parts"));
    let expected = finish(begin(recipe(), &whole));
    let done = stop_after_a_step(begin(recipe(), &parts));
    assert_eq!(done.to_string(), "0 epochs and 1 step");
    let session = unfinished(&parts, None).resume(dataset(200)).unwrap();
    assert_eq!(session.resumes_after(), Some(done));
    let found = finish(session);
    assert_eq!((found.test_loss, found.steps), (expected.test_loss, expected.steps));
    let ExistingRun::Finished(kept) = ExistingRun::open(&parts, None).unwrap() else { panic!("not finished") };
    assert_eq!(*kept, found);

    let mut predictor = Predictor::open(&parts, &Device::cpu(1).unwrap()).unwrap();
    let probabilities = predictor.probabilities(&[200; 8]).unwrap();
    assert_eq!((probabilities.len(), probabilities[..2] == probabilities[2..]), (4, true));
}

#[test]
fn a_resumed_run_stays_as_it_was_found_until_it_is_trained() {
    let world = tempfile::tempdir().unwrap();
    finish(begin(recipe(), world.path()));
    let paths = RunPaths::new(world.path());
    let session = unfinished(world.path(), Some(3)).resume(dataset(200)).unwrap();
    assert!(paths.result().exists());
    assert_eq!(paths.read_recipe().unwrap().training.epochs, 2);
    stop_after_a_step(session);
    assert!(!paths.result().exists());
    assert_eq!(paths.read_recipe().unwrap().training.epochs, 3);
}

#[test]
fn what_cannot_be_resumed_is_refused() {
    let world = tempfile::tempdir().unwrap();
    let refused = |epochs, brightest, words: &str| {
        let opened = ExistingRun::open(world.path(), epochs);
        let error = match opened {
            Ok(ExistingRun::Unfinished(run)) => run.resume(dataset(brightest)).err().unwrap(),
            Ok(ExistingRun::Finished(_)) => panic!("the run is finished"),
            Err(error) => error,
        };
        assert!(error.to_string().contains(words), "{error}");
    };
    refused(None, 200, "is not a run directory");
    finish(begin(recipe(), world.path()));
    refused(Some(3), 201, "is not what");
    refused(Some(1), 200, "has 2 epochs already, more than 1");
    let paths = RunPaths::new(world.path());
    let mut changed = recipe();
    changed.training.batch = 9;
    paths.write_recipe(&changed, &[]).unwrap();
    refused(Some(3), 200, "a run with batch 8, but this one has 9");
}

#[test]
fn a_damaged_result_is_told_and_made_again() {
    let world = tempfile::tempdir().unwrap();
    let result = finish(begin(recipe(), world.path()));
    fs::write(RunPaths::new(world.path()).result(), "{").unwrap();
    let run = unfinished(world.path(), None);
    assert!(run.damaged().unwrap().to_string().contains("result.json"));
    assert_eq!(finish(run.resume(dataset(200)).unwrap()).test_loss, result.test_loss);
}
