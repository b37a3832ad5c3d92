//! Numbers as people read them.

/// 60000 as 60,000.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// `1 image`, `2,000 images`, `10 classes`.
pub fn counted(number: u64, what: &str) -> String {
    let ending = match what {
        _ if number == 1 => "",
        _ if what.ends_with('s') => "es",
        _ => "s",
    };
    format!("{} {what}{ending}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_plural_but_for_one() {
        let counts = [
            counted(0, "image"),
            counted(1, "image"),
            counted(2000, "image"),
            counted(1, "class"),
            counted(3, "class"),
        ];
        assert_eq!(counts, ["0 images", "1 image", "2,000 images", "1 class", "3 classes"]);
    }

    #[test]
    fn thousands_are_set_apart() {
        let numbers = [(0, "0"), (999, "999"), (1000, "1,000"), (60_000, "60,000"), (1_505_034, "1,505,034")];
        for (number, text) in numbers {
            assert_eq!(grouped(number), text);
        }
    }
}
