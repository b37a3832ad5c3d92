//! Perplexity: the effective number of neighbours of each point.
//!
//! A distribution p(·|i) over the neighbours of point i has the perplexity exp(H), where H = -Σ p ln p is its entropy in
//! nats (van der Maaten and Hinton, *Visualizing data using t-SNE*, 2008, section 2). k neighbours of equal weight have
//! perplexity k.

use crate::error::Error;

/// Neighbours for each unit of perplexity: beyond three times its perplexity a Gaussian has next to no weight.
const NEIGHBOURS_PER_PERPLEXITY: f64 = 3.0;

/// The effective number of neighbours of each point.
#[derive(Clone, Debug, PartialEq)]
pub enum Perplexity {
    /// One for all.
    Single(f64),
    /// The mean of the distributions of several: small ones show what is near, large ones how that lies together.
    Multiscale(Vec<f64>),
}

impl Perplexity {
    /// The default: 30, or the largest that so many points can have if that is less.
    pub fn usual(points: usize) -> Self {
        Self::Single(largest_perplexity(points).min(30.0))
    }

    /// One or several, all of equal weight.
    pub fn values(&self) -> &[f64] {
        match self {
            Self::Single(perplexity) => std::slice::from_ref(perplexity),
            Self::Multiscale(perplexities) => perplexities,
        }
    }

    /// Whether each is a number of at least 1.
    ///
    /// # Errors
    /// When one is not, or there is none.
    pub fn check(&self) -> Result<(), Error> {
        let bad = |perplexity: &&f64| !(**perplexity >= 1.0 && perplexity.is_finite());
        match self.values().iter().find(bad).or(self.values().is_empty().then_some(&0.0)) {
            Some(&perplexity) => Err(Error::Perplexity { perplexity }),
            None => Ok(()),
        }
    }

    /// How many neighbours of each of `points` points it needs: three times the largest perplexity.
    ///
    /// # Errors
    /// When a perplexity is below 1 or there are not three times as many other points.
    pub fn neighbours(&self, points: usize) -> Result<usize, Error> {
        self.check()?;
        let largest = self.values().iter().copied().fold(0.0, f64::max);
        let needed = (NEIGHBOURS_PER_PERPLEXITY * largest).floor();
        if needed >= points as f64 {
            let needed = (needed as usize).saturating_add(1);
            return Err(Error::TooFewPoints {
                perplexity: largest,
                needed,
                points,
                largest: largest_perplexity(points),
            });
        }
        Ok(needed as usize)
    }
}

/// The largest perplexity that so many points can have: a third of the other points, and at least 1.
fn largest_perplexity(points: usize) -> f64 {
    ((points.max(1) - 1) as f64 / NEIGHBOURS_PER_PERPLEXITY).max(1.0)
}
