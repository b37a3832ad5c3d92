//! The order of names in which people count: class 2 before class 10.

use std::cmp::Ordering;

/// Compares digits by the number they make, all else by its characters.
pub(super) fn compare(first: &str, second: &str) -> Ordering {
    let (mut left, mut right) = (first, second);
    while let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) {
        let order = if a.is_ascii_digit() && b.is_ascii_digit() {
            let (a, b) = (number(&mut left), number(&mut right));
            a.len().cmp(&b.len()).then(a.cmp(b))
        } else {
            (left, right) = (&left[a.len_utf8()..], &right[b.len_utf8()..]);
            a.cmp(&b)
        };
        if order.is_ne() {
            return order;
        }
    }
    // `01` and `1` are not the same name.
    left.len().cmp(&right.len()).then(first.len().cmp(&second.len())).then(first.cmp(second))
}

/// The digits at the start of `text` without needless zeros; `text` begins behind them then.
fn number<'a>(text: &mut &'a str) -> &'a str {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn names_are_in_the_order_in_which_people_count() {
        let sorted = ["", "0", "1", "01", "2", "10", "a", "a1", "a2", "a2b", "a10", "ab", "b", "é"];
        for pair in sorted.windows(2) {
            assert!(compare(pair[0], pair[1]).is_lt(), "{pair:?}");
            assert!(compare(pair[1], pair[0]).is_gt(), "{pair:?}");
        }
        assert!(compare("a10", "a10").is_eq());
    }
}
