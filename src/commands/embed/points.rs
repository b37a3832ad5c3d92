//! Points to put on a map: images as they are, what a network sees in them, or rows of a matrix.

use std::path::Path;

use anyhow::{Context, Result, bail};
use modiste_data::{Dataset, sample};
use modiste_executors::Device;
use modiste_inference::Features;
use modiste_sources::{Matrix, NotFinite, TableOptions, read_matrix, read_table};
use modiste_tsne::Distinct;

use crate::cli::{Distance, PointOptions, Samples};
use crate::commands::trained::Trained;
use crate::output::{self, download_display};

/// As many images as the post's map has.
const USUAL_IMAGES: usize = 1000;

/// Points, and what is known of them.
pub struct Points {
    /// The data set, or the file.
    pub data: String,
    /// A point in each row.
    pub matrix: Matrix,
    /// The different ones, once equal ones are put together; then the matrix has no values of its own.
    pub distinct: Option<Distinct>,
    /// The row or image that each point is. Training images come first, then those for tests.
    pub indices: Vec<usize>,
    /// The set whose images they are.
    pub images: Option<Dataset>,
    /// The class of each point.
    pub labels: Option<Vec<u8>>,
    /// What each class is called; none of numbers.
    pub class_names: Vec<String>,
    /// The class that the network takes each point for.
    pub predicted: Option<Vec<u8>>,
}

impl Points {
    /// Rows of `--input`, whose classes are in the file `labels` or in a column, for distances of this kind; or else images
    /// of `--data` as they are, from 0 to 255.
    pub fn load(
        options: &PointOptions,
        labels: Option<&Path>,
        metric: Distance,
        seed: u64,
        quiet: bool,
    ) -> Result<Self> {
        if let Some(input) = &options.input {
            let (points, notes) = Self::of_rows(input, options, labels, metric, seed)?;
            if !quiet {
                notes.iter().for_each(|note| output::note(&format!("{}: {note}", input.display())));
            }
            return Ok(points);
        }
        let data = download_display::load(&options.data.source()?, options.data.place(), quiet)?;
        let indices = chosen(&data, options.samples, seed)?;
        let columns = data.train.shape().len();
        let mut values = Vec::with_capacity(indices.len() * columns);
        values.extend(indices.iter().flat_map(|&index| image(&data, index)).map(|&pixel| f32::from(pixel)));
        Ok(Self::of_images(data, indices, columns, values, None))
    }

    /// What a network sees in images of `--data`, or of what it was trained on: the values that its last layer decides by.
    pub fn of_network(
        trained: &Trained,
        device: &Device,
        options: &PointOptions,
        seed: u64,
        quiet: bool,
    ) -> Result<Self> {
        let (data, _) = trained.data(&options.data, quiet)?;
        let indices = chosen(&data, options.samples, seed)?;
        let mut predictor = trained.predictor(device, indices.len())?;
        let Features { values, predicted } = predictor.features(indices.iter().map(|&index| image(&data, index)));
        if !values.iter().all(|value| value.is_finite()) {
            bail!("{} gives NaN or infinity: its weights are damaged, so train it again", trained.path.display());
        }
        let columns = trained.model.network.feature_count();
        Ok(Self::of_images(data, indices, columns, values, Some(predicted)))
    }

    fn of_images(
        data: Dataset,
        indices: Vec<usize>,
        columns: usize,
        values: Vec<f32>,
        predicted: Option<Vec<u8>>,
    ) -> Self {
        let matrix = Matrix { rows: indices.len(), columns, values };
        let label = |&index: &usize| match index.checked_sub(data.train.len()) {
            None => data.train.labels()[index],
            Some(index) => data.test.labels()[index],
        };
        let labels = Some(indices.iter().map(label).collect());
        let (name, class_names) = (data.name.clone(), data.class_names.clone());
        Self { data: name, matrix, distinct: None, indices, images: Some(data), labels, class_names, predicted }
    }

    /// Rows of a file, and what there is to say about them.
    fn of_rows(
        path: &Path,
        options: &PointOptions,
        labels: Option<&Path>,
        metric: Distance,
        seed: u64,
    ) -> Result<(Self, Vec<String>)> {
        let reading = TableOptions { no_header: options.no_header, drop: options.drop.clone() };
        let mut table = read_table(path, &reading)?;
        let rows = table.rows;
        let indices = match options.samples {
            None | Some(Samples::All) => (0..rows).collect(),
            Some(Samples::Count(count)) => sample(count, rows, seed),
        };
        if indices.len() < rows {
            table.select(&indices);
        }
        if let Some(NotFinite { row, column, name, value }) = table.not_finite() {
            let column = name.map_or_else(|| column.to_string(), |name| format!("{column} ('{name}')"));
            bail!(
                "{} has {value} in row {}, column {column}, counted from 0: leave the row out, or put a number there",
                path.display(),
                indices[row]
            );
        }
        let (labels, class_names) = match (labels, table.labels.take()) {
            (Some(file), _) => {
                let labels = read_labels(file, rows)?;
                (Some(indices.iter().map(|&index| labels[index]).collect()), Vec::new())
            }
            (None, Some(labels)) => (Some(labels.classes), labels.names),
            (None, None) => (None, Vec::new()),
        };
        let mut notes = std::mem::take(&mut table.notes);
        let (matrix, more) = table.into_matrix(metric == Distance::Euclidean);
        notes.extend(more);
        let data = path.display().to_string();
        Ok((Self { data, matrix, indices, images: None, distinct: None, labels, class_names, predicted: None }, notes))
    }

    /// From now on [`Points::of_library`] has only the first of equal points, or for the cosine of points of one direction;
    /// returns how many others there are.
    pub fn put_equal_together(&mut self, metric: Distance) -> Result<usize> {
        let points = self.of_library()?;
        self.distinct = match metric {
            Distance::Euclidean => Distinct::of(&points),
            Distance::Cosine => Distinct::of_directions(&points),
        };
        let Some(distinct) = &self.distinct else { return Ok(0) };
        self.matrix.values = Vec::new();
        Ok(self.matrix.rows - distinct.points().len())
    }

    /// As the library takes them.
    pub fn of_library(&self) -> Result<modiste_tsne::Points<'_>> {
        if let Some(distinct) = &self.distinct {
            return Ok(distinct.points());
        }
        modiste_tsne::Points::new(&self.matrix.values, self.matrix.columns).with_context(|| self.data.clone())
    }

    /// The values of each point, of equal ones too.
    pub fn rows(&self) -> Result<Vec<&[f32]>> {
        let points = self.of_library()?;
        let different: Vec<_> = (0..points.len()).map(|index| points.point(index)).collect();
        Ok(match &self.distinct {
            Some(distinct) => distinct.for_all(&different),
            None => different,
        })
    }

    /// The pixels of each image.
    pub fn pixels(&self) -> Option<Vec<&[u8]>> {
        let data = self.images.as_ref()?;
        Some(self.indices.iter().map(|&index| image(data, index)).collect())
    }
}

/// Numbers of the images to take.
fn chosen(data: &Dataset, samples: Option<Samples>, seed: u64) -> Result<Vec<usize>> {
    let (train, all) = (data.train.len(), data.train.len() + data.test.len());
    if all == 0 {
        bail!("{} has no images: give another data set", data.name);
    }
    Ok(match samples.unwrap_or(Samples::Count(USUAL_IMAGES)) {
        Samples::All => (0..all).collect(),
        Samples::Count(count) => sample(count, if count <= train { train } else { all }, seed),
    })
}

fn image(data: &Dataset, index: usize) -> &[u8] {
    match index.checked_sub(data.train.len()) {
        None => data.train.image(index),
        Some(index) => data.test.image(index),
    }
}

/// A class for each of so many rows.
fn read_labels(path: &Path, rows: usize) -> Result<Vec<u8>> {
    let labels = read_matrix(path)?;
    if (labels.rows, labels.columns) != (rows, 1) {
        let (found, columns) = (labels.rows, labels.columns);
        bail!("{} holds {found}x{columns} numbers where there are {rows} rows: give one for each", path.display());
    }
    let class = |(row, &value): (usize, &f32)| {
        if value.fract() != 0.0 || !(0.0..=255.0).contains(&value) {
            bail!(
                "{} has {value} in row {row}, counted from 0: give each class as a whole number from 0 to 255",
                path.display()
            );
        }
        Ok(value as u8)
    };
    labels.values.iter().enumerate().map(class).collect()
}
