//! From the scores of a picture to the answer.

use crate::predictor::Score;

use crate::answer::{Answer, Likely, UNSURE};

/// How logits become an answer.
pub struct Judge<'a> {
    /// What each class is called.
    pub names: &'a [String],
    /// How many classes are told.
    pub top: usize,
    /// The probability below which it is unsure.
    pub least: f64,
}

impl Judge<'_> {
    /// Of a picture with these scores. Logits rank: probabilities may round to the same.
    pub fn answer(&self, input: String, score: &Score<'_>) -> Answer {
        let Score { logits, probabilities, unfamiliar } = *score;
        let mut order: Vec<usize> = (0..logits.len()).collect();
        // Stable: of equals the first comes first, as in every other count.
        order.sort_by(|&one, &other| logits[other].total_cmp(&logits[one]));
        let likely =
            |&index: &usize| Likely { class: self.names[index].clone(), index, probability: probabilities[index] };
        let best = likely(&order[0]);
        let is_sure = f64::from(best.probability) >= self.least;
        Answer {
            input,
            class: if is_sure { best.class } else { UNSURE.to_owned() },
            index: is_sure.then_some(best.index),
            probability: best.probability,
            top: order.iter().take(self.top).map(likely).collect(),
            unfamiliar: unfamiliar.map(|unfamiliar| unfamiliar as f32),
            prepared: None,
            truth: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_classes_come_first_and_below_a_confidence_it_is_unsure() {
        let names = ["ant", "bee", "cat"].map(str::to_owned);
        let judge = |least| Judge { names: &names, top: 2, least };
        let (logits, probabilities) = (&[0.0, 3.0, 1.0], &[0.04, 0.84, 0.12]);
        let score = Score { logits, probabilities, unfamiliar: Some(0.25) };
        let sure = judge(0.84_f32.into()).answer("a.png".into(), &score);
        assert_eq!((sure.class.as_str(), sure.index, sure.probability), ("bee", Some(1), 0.84));
        assert_eq!(sure.top.iter().map(|likely| likely.index).collect::<Vec<_>>(), [1, 2]);
        let unsure = judge(0.9).answer("a.png".into(), &score);
        assert_eq!((unsure.class.as_str(), unsure.index, &unsure.top), (UNSURE, None, &sure.top));
        // What rounds to the same is still told by the logits.
        let score = Score { logits: &[1.0, 1.0 + 1e-6, 0.0], probabilities: &[0.4, 0.4, 0.2], unfamiliar: None };
        let close = judge(0.0).answer("a.png".into(), &score);
        assert_eq!((close.index, close.unfamiliar, sure.unfamiliar), (Some(1), None, Some(0.25)));
    }
}
