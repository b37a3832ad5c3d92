//! The coordinates of a map, `[n, 2]`: whether they can be worked with, and how far they reach.

use crate::error::Error;

/// Beyond this f32 leaves no digits for the distances between points.
const MAX_COORDINATE: f32 = 1e6;

/// Checks that a map has so many points, and that all coordinates are finite and at most [`MAX_COORDINATE`].
pub(crate) fn check_map(map: &[[f32; 2]], points: usize) -> Result<(), Error> {
    if map.len() != points {
        return Err(Error::Count { what: "the map", found: map.len(), wanted: points });
    }
    for (point, coordinates) in map.iter().enumerate() {
        for (dimension, &value) in coordinates.iter().enumerate() {
            if !value.is_finite() {
                return Err(Error::NotFinite { point, dimension, value });
            }
            if value.abs() > MAX_COORDINATE {
                return Err(Error::Setting {
                    name: "a coordinate of the map",
                    value: f64::from(value),
                    wanted: "numbers up to a million",
                });
            }
        }
    }
    Ok(())
}

/// The smallest and the largest coordinate of each axis: the lower left and the upper right corner.
pub(crate) fn bounds(map: &[[f32; 2]]) -> ([f32; 2], [f32; 2]) {
    let start = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    let wider = |(low, high): ([f32; 2], [f32; 2]), &[x, y]: &[f32; 2]| {
        ([low[0].min(x), low[1].min(y)], [high[0].max(x), high[1].max(y)])
    };
    map.iter().fold(start, wider)
}
