//! Names of classes where there is little room: cut, and still told apart.

/// At most `longest` characters of a name: its beginning and its end, since names of one kind differ there, and `ellipsis` for
/// what is left out between them.
pub fn shortened(name: &str, longest: usize, ellipsis: &str) -> String {
    let count = name.chars().count();
    if count <= longest {
        return name.to_owned();
    }
    let room = longest.saturating_sub(ellipsis.chars().count());
    let end = room / 2;
    let start: String = name.chars().take(room - end).collect();
    let end: String = name.chars().skip(count - end).collect();
    format!("{start}{ellipsis}{end}")
}

/// What classes of these names are called where a name has at most `longest` characters and characters are there that `shows`
/// knows. The number of the class stands before a name that is not all there, or like another.
pub fn distinct(names: &[String], longest: usize, ellipsis: &str, shows: impl Fn(char) -> bool) -> Vec<String> {
    let legible = |name: &String| -> String {
        name.chars().map(|character| if shows(character) { character } else { '?' }).collect()
    };
    let legible: Vec<String> = names.iter().map(legible).collect();
    let short: Vec<String> = legible.iter().map(|name| shortened(name, longest, ellipsis)).collect();
    let called = |class: usize| {
        let alike = short.iter().filter(|other| **other == short[class]).count() > 1;
        if legible[class] == names[class] && !alike {
            return short[class].clone();
        }
        let number = format!("{class} ");
        let room = longest.saturating_sub(number.len());
        (number + &shortened(&legible[class], room, ellipsis)).trim_end().to_owned()
    };
    (0..names.len()).map(called).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(names: &[&str], longest: usize) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        distinct(&names, longest, "..", |character| character.is_ascii())
    }

    #[test]
    fn long_names_are_cut_in_the_middle() {
        assert_eq!(shortened("Ankle boot", 10, "…"), "Ankle boot");
        assert_eq!(shortened("Ankle boots", 10, "…"), "Ankle…oots");
        assert_eq!(shortened("Ankle boots", 9, "..."), "Ank...ots");
        assert_eq!(shortened("Ankle boots", 2, "..."), "...");
        let kinds = ["a garment for cold days, grey", "a garment for cold days, blue"];
        assert_eq!(called(&kinds, 12), ["a gar.. grey", "a gar.. blue"]);
    }

    #[test]
    fn names_that_look_alike_or_are_not_all_there_have_their_number() {
        assert_eq!(called(&["犬", "猫", "dog"], 12), ["0 ?", "1 ?", "dog"]);
        assert_eq!(called(&["aaaaaaa1aaaaaaa", "aaaaaaa2aaaaaaa"], 8), ["0 aa..aa", "1 aa..aa"]);
        assert_eq!(called(&["кот", "shirt, кот"], 12), ["0 ???", "1 shirt, ???"]);
        assert_eq!(called(&["Bag", ""], 12), ["Bag", ""]);
    }
}
