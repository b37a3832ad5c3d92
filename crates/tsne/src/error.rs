//! What can go wrong, each as one sentence: what, where, what to do.

/// Why points cannot be embedded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The values do not make up whole points.
    #[error("{values} values do not make up points of {dimensions} dimensions: give whole points of at least one")]
    Shape {
        /// How many values there are.
        values: usize,
        /// How many a point has.
        dimensions: usize,
    },
    /// A value is infinite or not a number.
    #[error("point {point} has {value} in dimension {dimension}: leave it out, or put a number there")]
    NotFinite {
        /// Whose value, from 0.
        point: usize,
        /// Which value, from 0.
        dimension: usize,
        /// The value.
        value: f32,
    },
    /// Squares of the values would leave the range of 32-bit numbers.
    #[error(
        "the largest value is {largest:e}, whose square 32-bit numbers cannot hold well: scale all values to about 1"
    )]
    Scale {
        /// The largest absolute value.
        largest: f32,
    },
    /// A distance that cannot be one.
    #[error("the distance from point {point} to point {other} is {value}: give finite distances of at least 0")]
    Distance {
        /// From which point, from 0.
        point: usize,
        /// To which one.
        other: usize,
        /// The distance.
        value: f32,
    },
    /// A point without direction, where directions are compared.
    #[error(
        "point {point} is zero, which has no direction for the cosine: leave it out, or measure Euclidean distances"
    )]
    NoDirection {
        /// Which one, from 0.
        point: usize,
    },
    /// A perplexity that no neighbourhood can have.
    #[error("a perplexity of {perplexity} means nothing: give a number of at least 1")]
    Perplexity {
        /// The perplexity asked for.
        perplexity: f64,
    },
    /// A perplexity needs three times as many neighbours, and they are not there.
    #[error("a perplexity of {perplexity} needs {needed} points, there are {points}: {}", fewer(*.points, *.largest))]
    TooFewPoints {
        /// The perplexity asked for.
        perplexity: f64,
        /// Points it needs.
        needed: usize,
        /// Points there are.
        points: usize,
        /// The largest perplexity that so many points can have.
        largest: f64,
    },
    /// A setting that makes no sense.
    #[error("{name} is {value}: give {wanted}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// What it was.
        value: f64,
        /// What it can be.
        wanted: &'static str,
    },
    /// Two inputs that belong together do not have the same number of points.
    #[error("{what} has {found} points, but there are {wanted}: give one for each")]
    Count {
        /// What has too few or too many.
        what: &'static str,
        /// How many it has.
        found: usize,
        /// How many it should have.
        wanted: usize,
    },
    /// Neighbours among other points, where it takes those among the points themselves.
    #[error("these are neighbours among other points: give those that the points have among themselves")]
    OtherPoints,
    /// Points of other dimensions than those of a map.
    #[error("the points have {found} dimensions, those of the map {wanted}: give points of the same kind")]
    Dimensions {
        /// How many they have.
        found: usize,
        /// How many those of the map have.
        wanted: usize,
    },
    /// The search was stopped before its end.
    #[error("the search of neighbours was stopped before its end: begin it again")]
    Stopped,
    /// A file does not hold a map.
    #[error("this is not a saved map: {why}; save it again")]
    Map {
        /// What is wrong with it.
        why: String,
    },
}

/// What to do with so few points, whose perplexity is at most `largest`.
fn fewer(points: usize, largest: f64) -> String {
    match points {
        0..4 => "a map needs at least 4 points".to_owned(),
        _ => format!("give more of them, or a perplexity of at most {largest:.1}"),
    }
}
