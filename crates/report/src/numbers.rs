//! Numbers as people read them.

/// 60000 as 60,000.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let numbers = [(0, "0"), (999, "999"), (1000, "1,000"), (60_000, "60,000"), (1_505_034, "1,505,034")];
        for (number, text) in numbers {
            assert_eq!(grouped(number), text);
        }
    }
}
