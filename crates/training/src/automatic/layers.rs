//! The network of the recipe `auto`: that of `speedrun-94`, for images of any size.
//!
//! Three levels, each of a convolution and a residual one behind it, with a pooling between two levels; images of more than 40
//! pixels are made smaller behind the first convolution. So 28 × 28 is 28, 14, 7; 64 × 64 is 64, 32, 16, 8; 8 × 8 is 8, 4, 2.

use modiste_data::ImageShape;
use modiste_network::{Activation, LayerRecipe, Padding};

/// Levels of the network.
const LEVELS: u32 = 3;
/// The longest shorter side that the levels take as it is.
const LONGEST_SIDE: usize = 40;
/// The shortest side that can be halved: what is left has two pixels.
const SHORTEST_HALVED: usize = 4;
/// Values of which a global pooling takes the largest, at most.
const MOST_POOLED: usize = 256;

/// Layers for images of this shape; the first level has `width` channels, each further one twice as many.
pub(super) fn layers(shape: ImageShape, width: usize) -> Vec<LayerRecipe> {
    let mut size = Size { height: shape.height, width: shape.width };
    let mut layers = vec![convolution(width)];
    while size.shorter() > LONGEST_SIDE {
        layers.push(size.halve());
    }
    for level in 0..LEVELS {
        let width = width << level;
        if level > 0 {
            if size.shorter() >= SHORTEST_HALVED {
                layers.push(size.halve());
            }
            layers.extend(normalised());
            layers.push(convolution(width));
        }
        let [normalisation, activation] = normalised();
        let residual = vec![normalisation, activation, convolution(width)];
        layers.push(LayerRecipe::Residual { layers: residual, shortcut: Vec::new() });
    }
    layers.extend(normalised());
    layers.push(if size.height * size.width <= MOST_POOLED {
        LayerRecipe::GlobalMaxPool {}
    } else {
        LayerRecipe::GlobalAveragePool {}
    });
    layers.push(LayerRecipe::Dense { units: None, bias: true, activation: Some(Activation::Softmax) });
    layers
}

/// Rows and columns of what a layer makes.
struct Size {
    height: usize,
    width: usize,
}

impl Size {
    fn shorter(&self) -> usize {
        self.height.min(self.width)
    }

    fn halve(&mut self) -> LayerRecipe {
        self.height /= 2;
        self.width /= 2;
        LayerRecipe::MaxPool { size: 2, stride: None }
    }
}

fn convolution(filters: usize) -> LayerRecipe {
    LayerRecipe::Conv { filters, kernel: 3, stride: 1, padding: Padding::Same, bias: false, activation: None }
}

fn normalised() -> [LayerRecipe; 2] {
    [LayerRecipe::BatchNorm { momentum: 0.9, epsilon: 1e-5 }, LayerRecipe::Relu {}]
}

#[cfg(test)]
mod tests {
    use modiste_network::{Network, Recipe};

    use super::*;

    #[test]
    fn images_of_fashion_mnist_have_the_network_of_speedrun_94() {
        let shape = ImageShape { height: 28, width: 28, channels: 1 };
        assert_eq!(layers(shape, 32), Recipe::find("speedrun-94").unwrap().layers);
    }

    #[test]
    fn there_is_a_network_for_images_of_every_shape() {
        for (height, width) in
            [(1, 1), (1, 500), (2, 3), (4, 4), (5, 90), (8, 8), (12, 12), (41, 43), (64, 64), (256, 199)]
        {
            for channels in [1, 3] {
                let shape = ImageShape { height, width, channels };
                for classes in [2, 100] {
                    Network::new(&layers(shape, 16), shape, classes).unwrap();
                }
            }
        }
    }
}
