//! Tensors that others, or we, have written as the parameters of a network.

use std::collections::BTreeSet;

use modiste_files::FileError;
use modiste_files::tensor_file::TensorFile;
use modiste_network::Network;

use super::names::names;

/// Tensors that do not fit are named, but no more of them than these.
const MOST_NAMED: usize = 8;
/// PyTorch's count of the batches that a normalisation has seen, which nothing here depends on.
const COUNTER: &str = ".num_batches_tracked";
/// What a model file has beside the parameters.
const FAMILIARITY: &str = "familiarity.";

/// The parameters of a network, each under our name or PyTorch's.
///
/// # Errors
/// When a tensor is missing, has another shape or other values than floats of 32 bits, or belongs to no layer; each is named.
pub fn import(file: &TensorFile, network: &Network) -> Result<Vec<f32>, FileError> {
    let found =
        |own: &str, torch: &str| [own, torch].into_iter().find(|name| file.shape(name).is_some()).map(str::to_owned);
    let names: Vec<_> =
        network.parameters.iter().zip(names(network)).map(|(own, torch)| found(&own.name, &torch)).collect();
    let mut mismatches = Vec::new();
    for ((parameter, name), torch) in network.parameters.iter().zip(&names).zip(super::names(network)) {
        match name.as_deref().map(|name| (name, file.shape(name).unwrap_or_default())) {
            None => mismatches.push(format!("it lacks {torch}, of shape {:?}", parameter.shape)),
            Some((name, shape)) if shape != parameter.shape => {
                mismatches.push(format!("{name} is {shape:?} and should be {:?}", parameter.shape));
            }
            Some(_) => {}
        }
    }
    let known: BTreeSet<&str> = names.iter().flatten().map(String::as_str).collect();
    let is_more =
        |name: &&String| !(known.contains(name.as_str()) || name.ends_with(COUNTER) || name.starts_with(FAMILIARITY));
    mismatches
        .extend(file.names().iter().filter(is_more).map(|name| format!("{name} belongs to no layer of the recipe")));
    if !mismatches.is_empty() {
        let more = mismatches.len().saturating_sub(MOST_NAMED);
        mismatches.truncate(MOST_NAMED);
        if more > 0 {
            mismatches.push(format!("and {more} more"));
        }
        return Err(file.invalid(mismatches.join(", ")));
    }
    let mut parameters = file.room_for(network.parameter_count())?;
    for (parameter, name) in network.parameters.iter().zip(names.iter().flatten()) {
        parameters.resize(parameter.range.end, 0.0);
        file.copy(name, &parameter.shape, &mut parameters[parameter.range.clone()])?;
    }
    Ok(parameters)
}
