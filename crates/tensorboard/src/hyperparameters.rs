//! What TensorBoard's HParams tab shows of a training: by which settings it began, and that it has ended. What it came to are its
//! scalars.

use prost::Message;

use crate::clock::seconds_since_1970;
use crate::messages::{
    DataType, Dimension, Hyperparameters, Measured, Metadata, PluginData, SessionBegin, SessionEnd, SessionEvent,
    Setting, Status, Summary, Tensor, TensorShape,
};

const PLUGIN: &str = "hparams";
const BEGIN: &str = "_hparams_/session_start_info";
const END: &str = "_hparams_/session_end_info";

/// A training begins, by these settings.
pub fn begin(settings: impl IntoIterator<Item = (String, Setting)>) -> Summary {
    let hyperparameters = settings.into_iter().collect();
    summary(BEGIN, SessionEvent::Begin(SessionBegin { hyperparameters, time: seconds_since_1970() }))
}

/// A training has come to its end.
pub fn end() -> Summary {
    summary(END, SessionEvent::End(SessionEnd { status: Status::Success.into(), time: seconds_since_1970() }))
}

/// Whether this says that a training has ended.
pub(crate) fn is_end(summary: &Summary) -> bool {
    summary.tag == END
}

fn summary(tag: &str, event: SessionEvent) -> Summary {
    let content = Hyperparameters { version: 0, event: Some(event) }.encode_to_vec();
    let shape = TensorShape { dimensions: vec![Dimension { size: 0 }] };
    Summary {
        tag: tag.to_owned(),
        metadata: Some(Metadata { plugin: Some(PluginData { name: PLUGIN.to_owned(), content }) }),
        measured: Some(Measured::Tensor(Tensor { data_type: DataType::Float.into(), shape: Some(shape) })),
    }
}
