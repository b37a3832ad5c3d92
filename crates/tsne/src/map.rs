//! A finished map with its points, so that new points can be put into it: `points` `[n, dimensions]` and `map` `[n, 2]`.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use rayon::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::affinities::weigh;
use crate::coordinates::{bounds, check_map};
use crate::error::Error;
use crate::gradient::Field;
use crate::neighbours::{Metric, Neighbours};
use crate::perplexity::Perplexity;
use crate::points::Points;

/// Iterations of a new point at most; a few dozen are typical.
const MAX_ITERATIONS: usize = 200;
/// A point that moves less than this has arrived. The similarity's width is 1.
const MIN_MOVE: f32 = 1e-4;
/// Times that a step is halved before the search ends.
const MAX_HALVINGS: usize = 12;
/// Names in a file.
const POINTS: &str = "points";
const MAP: &str = "map";
const METRIC: &str = "metric";
const EUCLIDEAN: &str = "euclidean";
const COSINE: &str = "cosine";

/// The values of a point, equal where all of them are.
struct Bits<'a>(&'a [f32]);

impl PartialEq for Bits<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// None of the values of points is NaN.
impl Eq for Bits<'_> {}

impl Hash for Bits<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Of both zeros the same.
        self.0.iter().for_each(|value| state.write_u32((value + 0.0).to_bits()));
    }
}

/// Points and where they are in a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// `[n, dimensions]`
    values: Vec<f32>,
    dimensions: usize,
    metric: Metric,
    /// `[n]`
    coordinates: Vec<[f32; 2]>,
}

impl Map {
    /// Keeps `points` with their coordinates in a map and the metric by which it was made.
    ///
    /// # Errors
    /// When there are more or fewer coordinates than points, or one is not finite or beyond a million.
    pub fn new(points: &Points<'_>, coordinates: Vec<[f32; 2]>, metric: Metric) -> Result<Self, Error> {
        check_map(&coordinates, points.len())?;
        Ok(Self { values: points.values().to_vec(), dimensions: points.dimensions(), metric, coordinates })
    }

    /// The coordinates of all points, `[n, 2]`.
    pub fn coordinates(&self) -> &[[f32; 2]] {
        &self.coordinates
    }

    /// Finds positions for new points, `[new, 2]`; the map stays as it is.
    ///
    /// A new point's position makes its own divergence small: Σ p ln (p / q), with p over its nearest points of the map by
    /// `perplexity` and q over all points of the map. A perplexity of 5 is typical: a few neighbours, so that it goes to one
    /// group of them. Its position does not depend on the other new points. It starts from the median of its neighbours. Each
    /// iteration steps to where attraction and repulsion would balance if their strengths stayed as they are, and halves the
    /// step until the divergence falls.
    ///
    /// # Errors
    /// When the points have other dimensions than those of the map, one is zero which has no cosine, or the perplexity is
    /// below 1 or too large for the points of the map.
    pub fn transform(&self, new: &Points<'_>, perplexity: f64) -> Result<Vec<[f32; 2]>, Error> {
        let perplexity = Perplexity::Single(perplexity);
        let points = Points::new(&self.values, self.dimensions)?;
        let count = perplexity.neighbours(points.len() + 1)?;
        let (count, indices, mut weights) = Neighbours::of_queries(new, &points, count, self.metric)?.into_parts();
        weigh(&mut weights, count, &perplexity);
        let (low, high) = bounds(&self.coordinates);
        let field = Field::new(&self.coordinates);
        let position = |(indices, weights): (&[u32], &[f32])| {
            let neighbours: Vec<[f32; 2]> = indices.iter().map(|&index| self.coordinates[index as usize]).collect();
            NewPoint { neighbours: &neighbours, weights, field: &field, low, high }.find_position()
        };
        Ok(indices.par_chunks(count).zip(weights.par_chunks(count)).map(position).collect())
    }

    /// The same, but points that are among those of the map are where these are; of equal ones, where the first is.
    ///
    /// # Errors
    /// As [`Map::transform`].
    pub fn transform_unless_known(&self, new: &Points<'_>, perplexity: f64) -> Result<Vec<[f32; 2]>, Error> {
        if new.dimensions() != self.dimensions {
            return Err(Error::Dimensions { found: new.dimensions(), wanted: self.dimensions });
        }
        let mut first = HashMap::new();
        for (index, point) in self.values.chunks_exact(self.dimensions).enumerate() {
            first.entry(Bits(point)).or_insert(index);
        }
        let known: Vec<Option<usize>> =
            (0..new.len()).into_par_iter().map(|index| first.get(&Bits(new.point(index))).copied()).collect();
        let unknown: Vec<f32> = known
            .iter()
            .enumerate()
            .filter(|(_, known)| known.is_none())
            .flat_map(|(index, _)| new.point(index))
            .copied()
            .collect();
        let mut found = match unknown.is_empty() {
            true => Vec::new(),
            false => self.transform(&Points::of_checked(&unknown, self.dimensions), perplexity)?,
        }
        .into_iter();
        // As many are found as are unknown.
        let position = |known: Option<usize>| known.map(|index| self.coordinates[index]).or_else(|| found.next());
        Ok(known.into_iter().filter_map(position).collect())
    }

    /// The map as the bytes of a safetensors file: tensors `points` `[n, dimensions]` and `map` `[n, 2]`, and the metric.
    ///
    /// # Errors
    /// When the sizes are beyond that format.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let (points, map) = (bytes(&self.values), bytes(self.coordinates.as_flattened()));
        let n = self.coordinates.len();
        let view = |shape: [usize; 2], bytes| TensorView::new(Dtype::F32, shape.to_vec(), bytes).map_err(invalid);
        let tensors = [(POINTS, view([n, self.dimensions], &points)?), (MAP, view([n, 2], &map)?)];
        let metric = match self.metric {
            Metric::Euclidean => EUCLIDEAN,
            Metric::Cosine => COSINE,
        };
        let texts = HashMap::from([(METRIC.to_owned(), metric.to_owned())]);
        serialize(tensors, Some(texts)).map_err(invalid)
    }

    /// The map of such bytes.
    ///
    /// # Errors
    /// When they are not whole, or hold something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(invalid)?;
        let metric = match header.metadata().as_ref().and_then(|texts| texts.get(METRIC)).map(String::as_str) {
            Some(EUCLIDEAN) => Metric::Euclidean,
            Some(COSINE) => Metric::Cosine,
            _ => return Err(invalid("it names no metric")),
        };
        let tensors = SafeTensors::deserialize(bytes).map_err(invalid)?;
        let matrix = |name: &str| {
            let tensor = tensors.tensor(name).map_err(invalid)?;
            match (tensor.dtype(), tensor.shape()) {
                (Dtype::F32, &[_, columns]) => {
                    let (values, _) = tensor.data().as_chunks::<4>();
                    Ok((values.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect::<Vec<_>>(), columns))
                }
                _ => Err(invalid(format!("its tensor '{name}' is no matrix of 32-bit numbers"))),
            }
        };
        let ((values, dimensions), (map, 2)) = (matrix(POINTS)?, matrix(MAP)?) else {
            return Err(invalid("its places have not two coordinates"));
        };
        let coordinates = map.as_chunks::<2>().0.to_vec();
        Self::new(&Points::new(&values, dimensions)?, coordinates, metric)
    }
}

fn invalid(why: impl ToString) -> Error {
    Error::Map { why: why.to_string() }
}

/// A new point that looks for its position.
struct NewPoint<'a> {
    /// Where its neighbours are, and their p.
    neighbours: &'a [[f32; 2]],
    weights: &'a [f32],
    field: &'a Field,
    /// The corners of the map, which it does not leave.
    low: [f32; 2],
    high: [f32; 2],
}

impl NewPoint<'_> {
    /// Goes downhill from the median of the neighbours until it hardly moves.
    fn find_position(&self) -> [f32; 2] {
        let mut position = [self.median(0), self.median(1)];
        let mut divergence = self.divergence(position);
        for _ in 0..MAX_ITERATIONS {
            let balance = self.balance(position);
            let mut step = [balance[0] - position[0], balance[1] - position[1]];
            let mut better = None;
            for _ in 0..MAX_HALVINGS {
                let next = self.within([position[0] + step[0], position[1] + step[1]]);
                let found = self.divergence(next);
                if found < divergence {
                    better = Some((next, found));
                    break;
                }
                step = step.map(|value| 0.5 * value);
            }
            let Some((next, found)) = better else { break };
            let moved = (next[0] - position[0]).hypot(next[1] - position[1]);
            (position, divergence) = (next, found);
            if moved < MIN_MOVE {
                break;
            }
        }
        position
    }

    /// Of its neighbours' coordinates.
    fn median(&self, axis: usize) -> f32 {
        let mut values: Vec<f32> = self.neighbours.iter().map(|neighbour| neighbour[axis]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable_by(middle, f32::total_cmp).1
    }

    /// Σ p ln (p / q), less the constant Σ p ln p.
    fn divergence(&self, position: [f32; 2]) -> f64 {
        let terms = self.neighbours.iter().zip(self.weights).map(|(neighbour, &weight)| {
            let squared = (position[0] - neighbour[0]).powi(2) + (position[1] - neighbour[1]).powi(2);
            f64::from(weight) * f64::from(squared).ln_1p()
        });
        // Rounding may leave less than nothing where no point is near.
        terms.sum::<f64>() + f64::from(self.field.at(position).0.max(f32::MIN_POSITIVE)).ln()
    }

    /// The position where Σ p q (y - y_j) = Σ q² (y - y') / Σ q, with all q as they are at `position`.
    fn balance(&self, position: [f32; 2]) -> [f32; 2] {
        let (mut sum, mut pull) = (0.0, [0.0; 2]);
        for (neighbour, weight) in self.neighbours.iter().zip(self.weights) {
            let squared = (position[0] - neighbour[0]).powi(2) + (position[1] - neighbour[1]).powi(2);
            let strength = weight / (1.0 + squared);
            sum += strength;
            pull = [pull[0] + strength * neighbour[0], pull[1] + strength * neighbour[1]];
        }
        let (normalisation, push) = self.field.at(position);
        let normalisation = normalisation.max(f32::MIN_POSITIVE);
        let balance = [(pull[0] + push[0] / normalisation) / sum, (pull[1] + push[1] / normalisation) / sum];
        self.within(if balance.iter().all(|value| value.is_finite()) { balance } else { position })
    }

    fn within(&self, position: [f32; 2]) -> [f32; 2] {
        std::array::from_fn(|axis| position[axis].clamp(self.low[axis], self.high[axis]))
    }
}
