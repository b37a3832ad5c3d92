//! Weights on their way back, and files that are none.

use modiste_data::ImageShape;
use modiste_network::{LayerRecipe, Network, Operation, Recipe, View};
use modiste_onnx::{ImportError, OnnxFile, Options, export};
use proptest::prelude::*;

use crate::cases::{Case, any_case, case, noise};
use crate::engine::{logits, model};

fn recipe_of(case: &Case) -> Recipe {
    let mut recipe = Recipe::find("speedrun-94").unwrap();
    recipe.layers.clone_from(&case.layers);
    recipe
}

fn small() -> (Case, Recipe, Vec<u8>) {
    let layers = Recipe::find("vgg").unwrap().layers;
    let conv = LayerRecipe::Conv {
        filters: 5,
        kernel: 3,
        stride: 2,
        padding: modiste_network::Padding::Same,
        bias: false,
        activation: None,
    };
    let norm = layers.iter().find(|layer| matches!(layer, LayerRecipe::BatchNorm { .. })).cloned();
    let norm = norm.unwrap_or(LayerRecipe::BatchNorm { momentum: 0.9, epsilon: 1e-5 });
    let input = ImageShape { height: 7, width: 6, channels: 2 };
    let case = case(input, 3, 4, vec![conv, norm, LayerRecipe::Gelu {}], 37).unwrap();
    let recipe = recipe_of(&case);
    let file = export(&model(&case, recipe.clone()), &Options::default(), &[]).unwrap();
    (case, recipe, file)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_exported_comes_back_unless_it_has_branches(case in any_case()) {
        let recipe = recipe_of(&case);
        let exported = model(&case, recipe.clone());
        let file = OnnxFile::parse(&export(&exported, &Options::default(), &[]).unwrap()).unwrap();
        let text = recipe.to_toml();
        prop_assert_eq!(file.text("recipe"), Some(text.as_str()));
        match file.import(&recipe, &case.network) {
            Ok(imported) => {
                prop_assert!((imported.temperature - 0.625).abs() < 1e-6);
                let pixels: Vec<u8> = case.images.iter().map(|value| (value * 127.0 + 128.0) as u8).collect();
                let wanted = logits(&exported, &pixels, &[View::PLAIN]);
                let mut back = exported.clone();
                back.parameters = imported.parameters;
                let size = wanted.iter().fold(1.0_f32, |size, logit| size.max(logit.abs()));
                for (found, wanted) in logits(&back, &pixels, &[View::PLAIN]).iter().zip(&wanted) {
                    prop_assert!((found - wanted).abs() <= 1e-4 * size, "{found} instead of {wanted}");
                }
            }
            Err(error) => {
                let has_branches = case.network.layers.iter().any(|layer| matches!(layer.operation, Operation::Add(_)));
                prop_assert!(has_branches, "{error}");
            }
        }
    }

    #[test]
    fn cut_and_changed_files_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4), cut in any::<prop::sample::Index>()) {
        let (case, recipe, mut file) = small();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        file.truncate(cut.index(2 * file.len()).max(1));
        if let Ok(file) = OnnxFile::parse(&file)
            && let Ok(imported) = file.import(&recipe, &case.network)
        {
            prop_assert_eq!(imported.parameters.len(), case.network.parameter_count());
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let (case, recipe, bytes) = small();
    let file = OnnxFile::parse(&bytes).unwrap();
    let mut wider = case.layers.clone();
    if let LayerRecipe::Conv { filters, .. } = &mut wider[0] {
        *filters = 6;
    }
    let network = Network::new(&wider, case.network.input, 3).unwrap();
    let error = file.import(&recipe, &network).unwrap_err().to_string();
    assert!(error.contains("conv1") && error.contains("weight is [5, 2, 3, 3] and should be [6, 2, 3, 3]"), "{error}");

    let mut other = recipe.clone();
    other.data.scaling.divide = 100.0;
    assert!(matches!(file.import(&other, &case.network), Err(ImportError::Scaling { .. })));

    // Where the operator stands, and its name in that of its node.
    let mut mish = bytes.clone();
    for place in 0..mish.len() - 7 {
        if &mish[place..place + 7] == b"Softmax" {
            mish[place..place + 7].copy_from_slice(b"Hardmax");
        }
    }
    let error = OnnxFile::parse(&mish).unwrap().import(&recipe, &case.network).unwrap_err().to_string();
    assert!(error.contains("the operator Hardmax (probabilities/Hardmax), which no layer"), "{error}");

    assert_eq!(
        OnnxFile::parse(&noise(9, 1).iter().map(|value| (value * 99.0) as u8).collect::<Vec<_>>()).err(),
        Some(ImportError::NotOnnx)
    );
}
