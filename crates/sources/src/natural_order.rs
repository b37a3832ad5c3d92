//! The order in which people count: `2` before `10`, `a2` before `a10`.

use std::cmp::Ordering;

/// Compares two paths folder by folder, and numbers in their names by what they are worth.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    let (mut left_names, mut right_names) = (left.split('/'), right.split('/'));
    loop {
        let order = match (left_names.next(), right_names.next()) {
            (Some(left), Some(right)) => compare_names(left, right),
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            // What is worth the same may still be written otherwise: `1` and `01`.
            (None, None) => return left.cmp(right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn compare_names(mut left: &str, mut right: &str) -> Ordering {
    loop {
        let digits = [left, right].map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
        let order = if digits[0] > 0 && digits[1] > 0 {
            let (number, other);
            (number, left) = left.split_at(digits[0]);
            (other, right) = right.split_at(digits[1]);
            let [number, other] = [number, other].map(|digits| digits.trim_start_matches('0'));
            number.len().cmp(&other.len()).then_with(|| number.cmp(other))
        } else {
            let (mut rest, mut other_rest) = (left.chars(), right.chars());
            let (Some(letter), Some(other)) = (rest.next(), other_rest.next()) else {
                return left.len().cmp(&right.len());
            };
            (left, right) = (rest.as_str(), other_rest.as_str());
            letter.cmp(&other)
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_sorted_by_what_they_are_worth() {
        let mut names = ["10", "a10", "2", "a2b", "1", "a2", "b/10", "b-1/1", "b/9", "010", "ä", "", "2.5", "2.25"];
        names.sort_by(|left, right| compare(left, right));
        assert_eq!(names, ["", "1", "2", "2.5", "2.25", "010", "10", "a2", "a2b", "a10", "b/9", "b/10", "b-1/1", "ä"]);
    }

    proptest! {
        #[test]
        fn the_order_is_one(names in proptest::collection::vec("[0-2a./-]{0,6}", 3)) {
            let [a, b, c] = [&names[0], &names[1], &names[2]];
            prop_assert_eq!(compare(a, b), compare(b, a).reverse());
            prop_assert_eq!(compare(a, b).is_eq(), a == b);
            if compare(a, b).is_le() && compare(b, c).is_le() {
                prop_assert!(compare(a, c).is_le());
            }
        }
    }
}
