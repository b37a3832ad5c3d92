//! A trained network as one file: the weights, and everything needed to use them.
//!
//! `model.safetensors` holds each tensor of [`Network::parameters`] under its name, in f32: convolution weights
//! `[out, in, kernel height, kernel width]`, dense weights `[out, in]`, an image flattened height, width, channel. Beside them
//! lies what the model of a finished run knows of its training images, [`Familiarity`].
//! Its texts (`__metadata__`) are those of [`ModelCard`], and a checksum.

use std::collections::BTreeMap;
use std::path::Path;

use modiste_data::{Appearance, ImageShape, Preparation};
use modiste_files::FileError;
use modiste_files::tensor_file::{self, Tensor, TensorFile, Values};
use serde::{Deserialize, Serialize};

use crate::familiarity::Familiarity;
use crate::network::{Network, Parameter};
use crate::recipe::Recipe;

/// What a run directory calls its model.
pub const FILE_NAME: &str = "model.safetensors";

/// What errors call such a file.
const KIND: &str = "model file";

/// Changes when an older program could not use the file any more.
const FORMAT: &str = "modiste-model-1";

/// Which data a run uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataReference {
    /// The name outputs report.
    pub name: String,
    /// What `--data` would find it by: a known name, or a path.
    pub source: String,
    /// Use only so many training images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Whether these are drawn at random, of each class its part. Runs of 0.2 and before took the first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stratified: bool,
    /// [`modiste_data::Dataset::fingerprint`] of the whole set.
    pub fingerprint: String,
    /// Whether damaged pictures were left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_bad: bool,
    /// What was said of how its values lie, where it is a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<ImageShape>,
    /// How pictures became its images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparation: Option<Preparation>,
}

impl DataReference {
    /// Whether both are the same images, wherever they lie and whatever they are called.
    pub fn has_images_of(&self, other: &Self) -> bool {
        let of = |data: &'_ Self| (data.limit, data.stratified);
        self.fingerprint == other.fingerprint && of(self) == of(other)
    }
}

/// What the weights are of.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    /// The whole experiment: layers, scaling, and how it was trained.
    pub recipe: Recipe,
    /// What each class is called.
    pub class_names: Vec<String>,
    /// Shape of the images it takes.
    pub image_shape: ImageShape,
    /// What it was trained on.
    pub data: DataReference,
    /// What its training images look like as a whole. Models of 0.3 and before do not tell.
    pub appearance: Option<Appearance>,
    /// Complete passes over the training images that made the weights.
    pub epochs: usize,
    /// What logits are divided by before they become probabilities: 1 where nothing was fitted, as in models of 0.3 and before.
    pub temperature: f64,
}

impl ModelCard {
    /// What becomes of a picture of any kind before the network sees it.
    pub fn preparation(&self) -> Preparation {
        self.data.preparation.unwrap_or(Preparation::of(self.image_shape))
    }

    /// What it says, as texts that lie beside tensors: recipe and scaling, names of classes, shape of images and so on.
    ///
    /// # Errors
    /// When one cannot be written as JSON.
    pub fn texts(&self) -> serde_json::Result<BTreeMap<&'static str, String>> {
        let mut texts = BTreeMap::from([
            ("recipe", self.recipe.to_toml()),
            ("scaling", serde_json::to_string(&self.recipe.data.scaling)?),
            ("class_names", serde_json::to_string(&self.class_names)?),
            ("image_shape", serde_json::to_string(&self.image_shape)?),
            ("data", serde_json::to_string(&self.data)?),
            ("epochs", self.epochs.to_string()),
            ("temperature", self.temperature.to_string()),
        ]);
        if let Some(appearance) = &self.appearance {
            texts.insert("appearance", serde_json::to_string(appearance)?);
        }
        Ok(texts)
    }

    /// The network of the recipe's layers for images and classes like these.
    ///
    /// # Errors
    /// When the layers do not make one; then the text says why.
    pub fn network(&self) -> Result<Network, crate::network::NetworkError> {
        Network::new(&self.recipe.layers, self.image_shape, self.class_names.len())
    }
}

/// A network and its weights.
#[derive(Clone, Debug)]
pub struct Model {
    /// What the weights are of.
    pub card: ModelCard,
    /// The network.
    pub network: Network,
    /// All weights, in the order of [`Network::parameters`].
    pub parameters: Vec<f32>,
    /// What images of the kind that it was trained on are like. Models of unfinished runs, and of 0.3 and before, do not say.
    pub familiarity: Option<Familiarity>,
}

/// Writes a model file; the old one stays if that fails.
///
/// # Errors
/// When the system refuses.
pub fn save(
    path: &Path,
    card: &ModelCard,
    network: &Network,
    parameters: &[f32],
    familiarity: Option<&Familiarity>,
) -> Result<(), FileError> {
    let mut texts = card.texts().map_err(|error| FileError::io("write", path, error.into()))?;
    texts.insert("format", FORMAT.to_owned());
    let mut all = tensors(network, "", parameters);
    all.extend(familiarity.into_iter().flat_map(Familiarity::tensors));
    tensor_file::write(path, &texts, &all)
}

/// The tensors of `values`, which follow [`Network::parameters`], with `prefix` before their names.
pub fn tensors<'a>(network: &Network, prefix: &str, values: &'a [f32]) -> Vec<Tensor<'a>> {
    let tensor = |parameter: &Parameter| Tensor {
        name: format!("{prefix}{}", parameter.name),
        shape: parameter.shape.clone(),
        values: Values::Floats(&values[parameter.range.clone()]),
    };
    network.parameters.iter().map(tensor).collect()
}

/// The reverse of [`tensors`].
pub fn collect(file: &TensorFile, network: &Network, prefix: &str) -> Result<Vec<f32>, FileError> {
    let name = |parameter: &Parameter| format!("{prefix}{}", parameter.name);
    // The network may promise more than the file holds: it is asked for each tensor before room is made for them.
    for parameter in &network.parameters {
        file.expect(&name(parameter), &parameter.shape)?;
    }
    let mut values = file.room_for(network.parameter_count())?;
    for parameter in &network.parameters {
        values.resize(parameter.range.end, 0.0);
        file.copy(&name(parameter), &parameter.shape, &mut values[parameter.range.clone()])?;
    }
    Ok(values)
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// When it cannot be read, is not one, or is damaged.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::of_file(&TensorFile::read(path, KIND)?)
    }

    /// Reads the content of a model file, which errors call `name`.
    ///
    /// # Errors
    /// When it is not one, or is damaged.
    pub fn of_bytes(name: &Path, bytes: Vec<u8>) -> Result<Self, FileError> {
        Self::of_file(&TensorFile::of_bytes(name, KIND, bytes)?)
    }

    fn of_file(file: &TensorFile) -> Result<Self, FileError> {
        let format = file.text("format")?;
        if format != FORMAT {
            return Err(file.invalid(format!("its format is '{format}', and this program reads '{FORMAT}'")));
        }
        let recipe = Recipe::parse(file.text("recipe")?, "in it").map_err(|error| file.invalid(error.to_string()))?;
        let card = ModelCard {
            recipe,
            class_names: file.document("class_names")?,
            image_shape: file.document("image_shape")?,
            data: file.document("data")?,
            appearance: file.has_text("appearance").then(|| file.document("appearance")).transpose()?,
            epochs: file.document("epochs")?,
            temperature: temperature(file)?,
        };
        let network = card.network().map_err(|error| file.invalid(format!("its network is not one: {error}")))?;
        let parameters = collect(file, &network, "")?;
        let familiarity = Familiarity::read(file, network.feature_count())?;
        Ok(Self { card, network, parameters, familiarity })
    }
}

/// That of a model file, or 1 where it does not say.
fn temperature(file: &TensorFile) -> Result<f64, FileError> {
    if !file.has_text("temperature") {
        return Ok(1.0);
    }
    let temperature: f64 = file.document("temperature")?;
    if temperature.is_normal() && temperature > 0.0 {
        return Ok(temperature);
    }
    Err(file.invalid(format!("its temperature is {temperature}, which is no number above 0")))
}

#[cfg(test)]
mod tests {
    use modiste_data::Extent;

    use super::*;
    use crate::executor::initialisation::glorot_uniform;

    fn card() -> ModelCard {
        ModelCard {
            recipe: Recipe::find("seed-mlp").unwrap(),
            class_names: (0..10).map(|class| format!("class {class}")).collect(),
            image_shape: ImageShape { height: 28, width: 28, channels: 1 },
            data: DataReference {
                name: "drawn-garments".to_owned(),
                source: "drawn-garments".to_owned(),
                limit: Some(7),
                stratified: true,
                fingerprint: "0123".to_owned(),
                ..DataReference::default()
            },
            appearance: Some(Appearance {
                background: vec![0],
                plain: 0.9,
                opposite: 0.0,
                extent: Extent { short: 0.1, usual: 0.2, long: 0.3 },
                centre: [0.5, 0.4],
            }),
            epochs: 3,
            temperature: 0.625,
        }
    }

    #[test]
    fn a_model_file_is_enough_to_have_the_model_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.safetensors");
        let card = card();
        let network = card.network().unwrap();
        let parameters = glorot_uniform(&network, 5);
        let columns = network.feature_count().min(128);
        let familiarity = Familiarity {
            columns,
            means: vec![0.5; 10 * columns],
            covariance: vec![0.25; columns * (columns + 1) / 2],
            quantiles: (0..100_u8).map(f32::from).collect(),
        };
        save(&path, &card, &network, &parameters, Some(&familiarity)).unwrap();
        let model = Model::open(&path).unwrap();
        assert_eq!(model.card, card);
        assert_eq!(model.familiarity, Some(familiarity));
        assert_eq!(model.network, network);
        assert_eq!(model.parameters, parameters);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(Model::of_bytes(&path, bytes.clone()).unwrap().parameters, parameters);
        let problem = Model::of_bytes("what was sent".as_ref(), bytes[..900].to_vec()).unwrap_err().to_string();
        assert!(problem.starts_with("what was sent is not a valid model file"), "{problem}");
    }

    #[test]
    fn a_model_that_promises_more_than_it_holds_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.safetensors");
        let mut card = card();
        let network = card.network().unwrap();
        let parameters = glorot_uniform(&network, 5);
        let mut refused = |change: &dyn Fn(&mut ModelCard), word: &str| {
            let before = card.clone();
            change(&mut card);
            save(&path, &card, &network, &parameters, None).unwrap();
            let problem = Model::open(&path).unwrap_err().to_string();
            assert!(problem.contains("model.safetensors") && problem.contains(word), "{problem}");
            card = before;
        };
        refused(&|card| card.image_shape.height = usize::MAX, "images");
        refused(&|card| card.image_shape.channels = 0, "images");
        refused(&|card| card.image_shape.height = 56, "dense1.weight");
        refused(&|card| card.class_names.clear(), "classes");
        refused(&|card| card.class_names.truncate(9), "9 units");
        refused(&|card| card.temperature = 0.0, "temperature");
        refused(&|card| card.temperature = -1.0, "temperature");
    }
}
