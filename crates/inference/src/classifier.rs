//! What a trained network says of an image: the mean of its logits over several views of it.

use modiste_data::ImageShape;
use modiste_network::{Executor, Recipe, View};

/// Classifies images by views of them.
#[derive(Clone, Debug)]
pub struct Classifier {
    views: Vec<View>,
    black: f32,
    /// The images of a view, `[n, height, width, channels]`.
    view_images: Vec<f32>,
    /// The network's logits for them, `[n, classes]`.
    view_logits: Vec<f32>,
}

impl Classifier {
    /// By the views of a recipe's `[evaluation]`.
    pub fn new(recipe: &Recipe) -> Self {
        Self { views: View::of(&recipe.evaluation), black: recipe.data.scaling.scaled(0), ..Self::plain() }
    }

    /// By each image as it is.
    pub fn plain() -> Self {
        let views = vec![View::PLAIN];
        Self { views, black: 0.0, view_images: Vec::new(), view_logits: Vec::new() }
    }

    /// Logits `[n, classes]` of scaled images `[n, height, width, channels]`; n may exceed the executor's batch.
    ///
    /// # Panics
    /// If the lengths do not match.
    pub fn infer(&mut self, executor: &mut dyn Executor, images: &[f32], logits: &mut [f32]) {
        self.infer_with_features(executor, images, logits, None);
    }

    /// The same, and where they are asked for the features `[n, feature_count]` of the images as they are.
    ///
    /// # Panics
    /// If the lengths do not match.
    pub fn infer_with_features(
        &mut self,
        executor: &mut dyn Executor,
        images: &[f32],
        logits: &mut [f32],
        mut features: Option<&mut [f32]>,
    ) {
        let shape = executor.network().input;
        self.view_logits.resize(logits.len(), 0.0);
        logits.fill(0.0);
        for view in &self.views {
            if view.is_plain() {
                match features.take() {
                    Some(features) => executor.infer_and_features(images, &mut self.view_logits, features),
                    None => executor.infer(images, &mut self.view_logits),
                }
            } else {
                self.view_images.resize(images.len(), 0.0);
                show(view, images, shape, self.black, &mut self.view_images);
                executor.infer(&self.view_images, &mut self.view_logits);
            }
            for (logit, view_logit) in logits.iter_mut().zip(&self.view_logits) {
                *logit += view.weight * view_logit;
            }
        }
        debug_assert!(features.is_none(), "the image as it is is among the views");
    }
}

/// Writes images `[n, height, width, channels]` as a view has them.
fn show(view: &View, images: &[f32], shape: ImageShape, black: f32, view_images: &mut [f32]) {
    let ImageShape { height, width, channels } = shape;
    // Where a row or column comes from, if from within the image.
    let origin = |at: usize, size: usize| at.checked_add_signed(-view.shift).filter(|&from| from < size);
    for (image, view_images) in images.chunks_exact(shape.len()).zip(view_images.chunks_exact_mut(shape.len())) {
        for (y, row) in view_images.chunks_exact_mut(width * channels).enumerate() {
            let Some(from) = origin(y, height) else {
                row.fill(black);
                continue;
            };
            let source = &image[from * row.len()..][..row.len()];
            for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
                let x = if view.mirrored { width - 1 - x } else { x };
                match origin(x, width) {
                    Some(from) => pixel.copy_from_slice(&source[from * channels..][..channels]),
                    None => pixel.fill(black),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use modiste_network::{Network, ReferenceExecutor, State};

    use super::*;

    const SHAPE: ImageShape = ImageShape { height: 2, width: 3, channels: 2 };
    const PIXELS: usize = 12;
    /// What byte 0 becomes.
    const BLACK: f32 = -1.0;

    /// A network whose logits are the values of the image, each for its own class.
    fn mirror_of_images() -> (Recipe, ReferenceExecutor) {
        let text = format!(
            "name = 'a'\nlayers = [{{ type = 'flatten' }}, {{ type = 'dense', units = {PIXELS}, activation = 'softmax' }}]\n\
             [training]\nepochs = 1\nbatch = 4"
        );
        let recipe = Recipe::parse(&text, "test").unwrap();
        let network = Network::new(&recipe.layers, SHAPE, PIXELS).unwrap();
        let mut parameters = vec![0.0; network.parameter_count()];
        (0..PIXELS).for_each(|pixel| parameters[pixel * (PIXELS + 1)] = 1.0);
        let mut executor = ReferenceExecutor::new(&network, 4, 0);
        executor.set_state(&State::fresh(parameters));
        (recipe, executor)
    }

    fn classified(flip: bool, shift: usize, images: &[f32]) -> Vec<f32> {
        let (mut recipe, mut executor) = mirror_of_images();
        recipe.evaluation.flip = flip;
        recipe.evaluation.shift = shift;
        let mut logits = vec![f32::NAN; images.len()];
        Classifier::new(&recipe).infer(&mut executor, images, &mut logits);
        logits
    }

    /// Two rows of three pixels of two channels.
    const IMAGE: [f32; PIXELS] = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0, 5.0, 50.0, 6.0, 60.0];
    const MIRRORED: [f32; PIXELS] = [3.0, 30.0, 2.0, 20.0, 1.0, 10.0, 6.0, 60.0, 5.0, 50.0, 4.0, 40.0];
    const UP: [f32; PIXELS] = [5.0, 50.0, 6.0, 60.0, BLACK, BLACK, BLACK, BLACK, BLACK, BLACK, BLACK, BLACK];
    const DOWN: [f32; PIXELS] = [BLACK, BLACK, BLACK, BLACK, BLACK, BLACK, BLACK, BLACK, 1.0, 10.0, 2.0, 20.0];

    fn mean(parts: &[(f32, [f32; PIXELS])]) -> Vec<f32> {
        (0..PIXELS).map(|pixel| parts.iter().map(|(weight, values)| weight * values[pixel]).sum()).collect()
    }

    /// Left and right changed, pixel by pixel.
    fn mirrored(image: [f32; PIXELS]) -> [f32; PIXELS] {
        std::array::from_fn(|at| {
            let (row, pixel, channel) = (at / 6, at % 6 / 2, at % 2);
            image[row * 6 + (2 - pixel) * 2 + channel]
        })
    }

    #[test]
    fn logits_are_means_over_the_views_of_the_recipe() {
        assert_eq!(mirrored(IMAGE), MIRRORED);
        assert_eq!(classified(false, 0, &IMAGE), IMAGE);
        assert_eq!(classified(true, 0, &IMAGE), mean(&[(0.5, IMAGE), (0.5, MIRRORED)]));
        assert_eq!(classified(false, 1, &IMAGE), mean(&[(0.5, IMAGE), (0.25, UP), (0.25, DOWN)]));
        let both = [
            (0.25, IMAGE),
            (0.25, MIRRORED),
            (0.125, UP),
            (0.125, mirrored(UP)),
            (0.125, DOWN),
            (0.125, mirrored(DOWN)),
        ];
        assert_eq!(classified(true, 1, &IMAGE), mean(&both));
    }

    #[test]
    fn images_of_a_batch_do_not_mix() {
        let both = [IMAGE, MIRRORED].concat();
        let [first, second] = [IMAGE, MIRRORED].map(|image| classified(true, 1, &image));
        assert_eq!(classified(true, 1, &both), [first, second].concat());
    }

    #[test]
    fn images_moved_out_of_sight_are_black() {
        let gone = [BLACK; PIXELS];
        assert_eq!(classified(false, 9, &IMAGE), mean(&[(0.5, IMAGE), (0.25, gone), (0.25, gone)]));
    }
}
