//! Which images a page holds: every mistake if there is room, and of the right ones the least certain.

use super::Answer;

/// Right images of each class.
const RIGHT: usize = 40;

/// The images of the page, as places in `answers`, at most about `most`: cell by cell of the confusion matrix, the most confident of
/// the mistakes first, the least certain of the right ones first.
pub(super) fn chosen(answers: &[Answer], classes: usize, most: usize) -> Vec<usize> {
    let mut cells: Vec<Vec<usize>> = vec![Vec::new(); classes * classes];
    for (place, answer) in answers.iter().enumerate() {
        cells[usize::from(answer.truth) * classes + usize::from(answer.predicted)].push(place);
    }
    for (cell, places) in cells.iter_mut().enumerate() {
        let is_right = cell / classes == cell % classes;
        places.sort_by(|&one, &other| {
            let order = answers[one].confidence.total_cmp(&answers[other].confidence);
            if is_right { order } else { order.reverse() }
        });
        if is_right {
            places.truncate(RIGHT);
        }
    }
    // Of each cell as many as all of them together have room for.
    let fits = |longest: usize| cells.iter().map(|cell| cell.len().min(longest)).sum::<usize>() <= most;
    let mut longest = cells.iter().map(Vec::len).max().unwrap_or(0);
    while longest > 1 && !fits(longest) {
        longest = longest * 4 / 5;
    }
    cells.iter().flat_map(|cell| cell.iter().take(longest).copied()).collect()
}

/// Of `chosen`, the mistakes, the most confident first.
pub(super) fn worst_mistakes(answers: &[Answer], chosen: &[usize], count: usize) -> Vec<usize> {
    let mut mistakes: Vec<usize> = (0..chosen.len()).filter(|&slot| !answers[chosen[slot]].is_right()).collect();
    mistakes.sort_by(|&one, &other| answers[chosen[other]].confidence.total_cmp(&answers[chosen[one]].confidence));
    mistakes.truncate(count);
    mistakes
}

/// Of `chosen`, the right ones, the least certain first.
pub(super) fn least_certain(answers: &[Answer], chosen: &[usize], count: usize) -> Vec<usize> {
    let mut right: Vec<usize> = (0..chosen.len()).filter(|&slot| answers[chosen[slot]].is_right()).collect();
    right.sort_by(|&one, &other| answers[chosen[one]].confidence.total_cmp(&answers[chosen[other]].confidence));
    right.truncate(count);
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Vec<Answer> {
        let answer = |place: usize| Answer {
            truth: (place % 2) as u8,
            predicted: (place % 2) as u8 ^ u8::from(place.is_multiple_of(10)),
            confidence: 0.5 + (place * 37 % 100) as f32 / 200.0,
        };
        (0..1000).map(answer).collect()
    }

    #[test]
    fn all_mistakes_are_there_and_of_the_right_ones_the_least_certain() {
        let answers = answers();
        let chosen = chosen(&answers, 2, 10_000);
        let mistakes = chosen.iter().filter(|&&place| !answers[place].is_right()).count();
        assert_eq!((mistakes, chosen.len()), (100, 100 + 2 * RIGHT));
        let right = chosen.iter().filter(|&&place| answers[place].is_right());
        assert!(right.map(|&place| answers[place].confidence).fold(0.0, f32::max) < 0.56);
        let worst = worst_mistakes(&answers, &chosen, 3);
        assert!(worst.iter().all(|&slot| answers[chosen[slot]].confidence > 0.94));
        assert!(least_certain(&answers, &chosen, 3).iter().all(|&slot| answers[chosen[slot]].confidence < 0.51));
    }

    #[test]
    fn where_room_is_short_each_cell_keeps_some() {
        let answers = answers();
        let chosen = chosen(&answers, 2, 30);
        assert!((15..=30).contains(&chosen.len()), "{}", chosen.len());
        assert!(chosen.iter().any(|&place| answers[place].is_right()));
        assert!(chosen.iter().any(|&place| !answers[place].is_right()));
        assert!(super::chosen(&[], 0, 30).is_empty());
    }
}
