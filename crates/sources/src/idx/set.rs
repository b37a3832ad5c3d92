//! A data set out of its four IDX files.

use std::sync::Arc;
use std::thread;

use modiste_data::{Dataset, ImageShape, Images};

use super::class_names::ClassNames;
use super::directory::FileContent;
use crate::error::Error;

/// Runs `read` for the four files at once: unpacking them is what loading a set costs.
pub(crate) fn read_four<T: Send>(read: impl Fn(usize) -> T + Sync) -> [T; 4] {
    let read = &read;
    thread::scope(|scope| {
        let others = [1, 2, 3].map(|at| (at, thread::Builder::new().spawn_scoped(scope, move || read(at))));
        let first = read(0);
        let [second, third, fourth] = others.map(|(at, other)| match other {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // The system gives no thread, so this one does the work.
            Err(_) => read(at),
        });
        [first, second, third, fourth]
    })
}

/// Makes a set of its four files. Without names, classes are called by their number.
pub(crate) fn assemble(
    name: String,
    class_names: Option<ClassNames>,
    files: [FileContent; 4],
) -> Result<Dataset, Error> {
    let [train_images, train_labels, test_images, test_labels] = files;
    let (train_path, test_path) = (train_images.0.clone(), test_images.0.clone());
    let highest = train_labels.1.values.iter().chain(&test_labels.1.values).max().copied();
    let class_names = match class_names {
        Some(class_names) => {
            highest.map_or(Ok(()), |highest| class_names.check_header(highest))?;
            for (path, labels) in [&train_labels, &test_labels] {
                class_names.check_labels(&labels.values, path)?;
            }
            class_names.names
        }
        None => {
            let classes = highest.map_or(0, |label| usize::from(label) + 1);
            (0..classes).map(|class| class.to_string()).collect()
        }
    };
    let train = pair(train_images, train_labels, class_names.len())?;
    let test = pair(test_images, test_labels, class_names.len())?;
    if train.shape() != test.shape() {
        let [train, test] = [train.shape(), test.shape()].map(|shape| match shape.channels {
            1 => format!("{}x{}", shape.height, shape.width),
            channels => format!("{}x{}x{channels}", shape.height, shape.width),
        });
        return Err(Error::pair(&train_path, &test_path, format!("images of {train} and of {test} pixels")));
    }
    Ok(Dataset { name, class_names, train: Arc::new(train), validation: None, test: Arc::new(test), preparation: None })
}

fn pair(images: FileContent, labels: FileContent, classes: usize) -> Result<Images, Error> {
    let ((images_path, images), (labels_path, labels)) = (images, labels);
    let shape = match images.dims[..] {
        [_, height, width] => ImageShape { height, width, channels: 1 },
        [_, height, width, channels @ (1 | 3)] => ImageShape { height, width, channels },
        [_, _, _, channels] => {
            let why =
                format!("its last dimension is {channels}, where 1 (grey) or 3 (red, green and blue) can be read");
            return Err(Error::idx(&images_path, why));
        }
        ref dims => {
            let why = format!("it has {} instead of 3 (grey) or 4 (colour)", dimensions(dims));
            return Err(Error::idx(&images_path, why));
        }
    };
    if labels.dims.len() != 1 {
        return Err(Error::idx(&labels_path, format!("it has {} instead of 1", dimensions(&labels.dims))));
    }
    if images.values.is_empty() {
        let what = if images.dims[0] == 0 { "no images" } else { "images without pixels" };
        let (why, remedy) = (format!("it holds {what}"), "put a file there that has at least one image");
        return Err(Error::Idx { path: images_path, why, remedy });
    }
    Images::new(shape, images.values, labels.values, classes)
        .map_err(|why| Error::pair(&images_path, &labels_path, why))
}

fn dimensions(dims: &[usize]) -> String {
    if dims.len() == 1 { "1 dimension".to_owned() } else { format!("{} dimensions", dims.len()) }
}
