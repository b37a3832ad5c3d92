//! What PyTorch calls layers and tensors.

use modiste_network::{Network, Role};

/// The name of a layer as an attribute in Python: `separable_conv1.depthwise` becomes `separable_conv1_depthwise`.
pub fn identifier(layer: &str) -> String {
    layer.replace('.', "_")
}

/// The name of each tensor of `network.parameters` in a `state_dict`, in the same order. Shapes and layouts are the same.
pub fn names(network: &Network) -> Vec<String> {
    let of_layer = |layer: &modiste_network::Layer| {
        let layer_name = identifier(&layer.name);
        let name = move |parameter: &modiste_network::Parameter| format!("{layer_name}.{}", tensor(parameter.role));
        network.parameters[layer.parameters.clone()].iter().map(name).collect::<Vec<_>>()
    };
    network.layers.iter().flat_map(of_layer).collect()
}

fn tensor(role: Role) -> &'static str {
    match role {
        Role::Weight | Role::DepthwiseWeight | Role::Slope | Role::Gamma => "weight",
        Role::Bias | Role::Beta => "bias",
        Role::RunningMean => "running_mean",
        Role::RunningVariance => "running_var",
    }
}
