//! Everything a run needs to go on as if it had never stopped.
//!
//! `checkpoint.safetensors` holds the weights under their names, the optimiser's moments under `first_moment.` and
//! `second_moment.` and the name, the moving average under `average.` and the best epoch's weights under `best.` where there
//! are such, and the position as text. Shuffling is a function of seed and epoch and dropout one of seed and step, so the
//! position is all the random state there is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use modiste_files::FileError;
use modiste_files::tensor_file::{self, TensorFile};
use modiste_network::model::{collect, tensors};
use modiste_network::{Network, State};

use super::origin::Origin;
use super::progress::Position;

/// What errors call such a file.
const KIND: &str = "checkpoint";
/// Changes when an older program could not use the file any more.
const FORMAT: &str = "modiste-checkpoint-2";

const FIRST_MOMENT: &str = "first_moment.";
const SECOND_MOMENT: &str = "second_moment.";
const AVERAGE: &str = "average.";
const BEST: &str = "best.";

/// A run, stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<'a> {
    /// Weights, the optimiser's moments, and the moving average.
    pub state: State<'a>,
    /// The parameters of the best epoch, where these are what the run ends with.
    pub best: Option<Cow<'a, [f32]>>,
    /// How far it has come.
    pub position: Position,
}

/// A checkpoint as it lies in its file, of a network that is still to be told.
pub struct CheckpointFile(TensorFile);

impl Checkpoint<'_> {
    /// The parameters that the run would end with now.
    pub fn kept(&self) -> &[f32] {
        self.best.as_deref().unwrap_or(self.state.evaluation_parameters())
    }

    /// The complete epochs that made [`Checkpoint::kept`].
    pub fn kept_epoch(&self) -> usize {
        let best = self.position.best.filter(|_| self.best.is_some());
        best.map_or(self.position.epoch, |best| best.epoch)
    }

    /// Writes a checkpoint and by what it was made; the old one stays if that fails.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save(&self, path: &Path, network: &Network, origin: &Origin) -> Result<(), FileError> {
        let refused = |error: serde_json::Error| FileError::io("write", path, error.into());
        let position = serde_json::to_string(&self.position).map_err(refused)?;
        let origin = serde_json::to_string(origin).map_err(refused)?;
        let texts = BTreeMap::from([("format", FORMAT.to_owned()), ("position", position), ("origin", origin)]);
        let mut all = tensors(network, "", &self.state.parameters);
        all.extend(tensors(network, FIRST_MOMENT, &self.state.first_moment));
        all.extend(tensors(network, SECOND_MOMENT, &self.state.second_moment));
        for (prefix, values) in [(AVERAGE, &self.state.average), (BEST, &self.best)] {
            all.extend(values.iter().flat_map(|values| tensors(network, prefix, values)));
        }
        tensor_file::write(path, &texts, &all)
    }

    /// Reads a checkpoint of this network.
    ///
    /// # Errors
    /// When it cannot be read, is not one, is damaged, or is of another network.
    pub fn open(path: &Path, network: &Network) -> Result<Checkpoint<'static>, FileError> {
        CheckpointFile::read(path)?.checkpoint(network)
    }
}

impl CheckpointFile {
    /// Reads a checkpoint of any network.
    ///
    /// # Errors
    /// When it cannot be read, is not one, or is damaged.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let file = TensorFile::read(path, KIND)?;
        let format = file.text("format")?;
        if format != FORMAT {
            return Err(file.invalid(format!("its format is '{format}', and this program reads '{FORMAT}'")));
        }
        Ok(Self(file))
    }

    /// By what it was made. Checkpoints of 0.2 and before do not say.
    ///
    /// # Errors
    /// When what it says makes no sense.
    pub fn origin(&self) -> Result<Option<Origin>, FileError> {
        self.0.has_text("origin").then(|| self.0.document("origin")).transpose()
    }

    /// What it holds.
    ///
    /// # Errors
    /// When it is of another network than this.
    pub fn checkpoint(&self, network: &Network) -> Result<Checkpoint<'static>, FileError> {
        let Self(file) = self;
        let where_there_is = |prefix: &str| {
            let values = file.holds(prefix).then(|| collect(file, network, prefix)).transpose()?;
            Ok::<_, FileError>(values.map(Cow::from))
        };
        let state = State {
            parameters: collect(file, network, "")?.into(),
            first_moment: collect(file, network, FIRST_MOMENT)?.into(),
            second_moment: collect(file, network, SECOND_MOMENT)?.into(),
            average: where_there_is(AVERAGE)?,
        };
        let position: Position = file.document("position")?;
        position.check().map_err(|why| file.invalid(why))?;
        Ok(Checkpoint { state, best: where_there_is(BEST)?, position })
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use modiste_data::ImageShape;
    use modiste_network::{DeviceInfo, Recipe};

    use super::*;
    use crate::progress::{BestEpoch, EpochRecord, RunningSums};

    fn network(classes: usize) -> Network {
        let text = format!(
            "name = 'a'\nlayers = [{{ type = 'flatten' }}, {{ type = 'dense', units = {classes}, activation = 'softmax' }}]\n\
             [training]\nepochs = 1\nbatch = 1"
        );
        let recipe = Recipe::parse(&text, "test").unwrap();
        Network::new(&recipe.layers, ImageShape { height: 2, width: 2, channels: 1 }, classes).unwrap()
    }

    #[test]
    fn a_checkpoint_comes_back_bit_for_bit() {
        for averaged in [false, true] {
            comes_back(averaged);
        }
    }

    fn origin() -> Origin {
        let info = DeviceInfo { device: "cpu", isa: "avx2".to_owned(), threads: 2 };
        Origin::new(&Recipe::find("mlp").unwrap(), &["ant".to_owned()], &info)
    }

    fn comes_back(averaged: bool) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("checkpoint.safetensors");
        let network = network(3);
        let values = |start: f32| {
            Cow::from((0..network.parameter_count()).map(|index| start / (index + 1) as f32).collect::<Vec<_>>())
        };
        let record = EpochRecord { epoch: 2, train_loss: 0.1 + 0.2, ..EpochRecord::default() };
        let checkpoint = Checkpoint {
            state: State {
                parameters: values(1.0),
                first_moment: values(-1.0),
                second_moment: values(1e-30),
                average: averaged.then(|| values(0.7)),
            },
            best: Some(values(-7.0)),
            position: Position {
                seed: u64::MAX,
                batch: 4,
                train_images: 38,
                optimiser: "muon".to_owned(),
                epoch: 2,
                step_in_epoch: 5,
                step: 25,
                // Sums whose shortest decimal forms are long.
                running: RunningSums { loss: 1.0 / 3.0, correct: 3, images: 5, seconds: 1e-9 / 7.0 },
                last: Some(record),
                best: Some(BestEpoch { epoch: 1, validation_loss: 0.7, validation_accuracy: 1.0 / 3.0 }),
                ..Position::default()
            },
        };
        assert_eq!((checkpoint.kept(), checkpoint.kept_epoch()), (&*values(-7.0), 1));
        checkpoint.save(&path, &network, &origin()).unwrap();
        let file = CheckpointFile::read(&path).unwrap();
        assert_eq!((file.checkpoint(&network).unwrap(), file.origin().unwrap()), (checkpoint.clone(), Some(origin())));

        let last = Checkpoint { best: None, ..checkpoint };
        let kept = values(if averaged { 0.7 } else { 1.0 });
        assert_eq!((last.kept(), last.kept_epoch()), (&*kept, 2));
        let plain = Checkpoint { state: State { average: None, ..last.state.clone() }, ..last };
        assert_eq!(plain.kept(), &*values(1.0));
        plain.save(&path, &network, &origin()).unwrap();
        assert_eq!(Checkpoint::open(&path, &network).unwrap(), plain);
    }

    #[test]
    fn a_place_that_no_run_has_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("checkpoint.safetensors");
        let network = network(3);
        let whole =
            Position { batch: 4, train_images: 38, epoch: 2, step_in_epoch: 5, step: 25, ..Position::default() };
        let best = BestEpoch { epoch: 3, validation_loss: 0.7, validation_accuracy: 0.5 };
        for (position, words) in [
            (whole.clone(), None),
            (Position { step_in_epoch: 10, step: 30, ..whole.clone() }, None),
            (Position { step_in_epoch: 11, step: 31, ..whole.clone() }, Some("at step 11 of an epoch of 10 steps")),
            (Position { step_in_epoch: usize::MAX, ..whole.clone() }, Some("of an epoch of 10 steps")),
            (Position { step: 26, ..whole.clone() }, Some("at step 26 after 2 epochs and 5 steps")),
            (Position { epoch: usize::MAX, ..whole.clone() }, Some("at step 25 after ")),
            (Position { best: Some(best), ..whole }, Some("its best epoch is 3, but 2 are trained")),
        ] {
            let state = State::fresh(vec![0.0; network.parameter_count()]);
            Checkpoint { state, best: None, position }.save(&path, &network, &origin()).unwrap();
            match (Checkpoint::open(&path, &network), words) {
                (Ok(_), None) => {}
                (Err(error), Some(words)) => assert!(error.to_string().contains(words), "{error}"),
                (opened, words) => panic!("{opened:?} instead of {words:?}"),
            }
        }
    }

    #[test]
    fn a_checkpoint_of_another_network_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("checkpoint.safetensors");
        let three = network(3);
        let state = State::fresh(vec![0.0; three.parameter_count()]);
        Checkpoint { state, best: None, position: Position::default() }.save(&path, &three, &origin()).unwrap();
        let problem = Checkpoint::open(&path, &network(4)).unwrap_err().to_string();
        assert!(problem.contains("checkpoint.safetensors") && problem.contains("dense1.weight"), "{problem}");
    }
}
