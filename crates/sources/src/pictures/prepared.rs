//! What was done to a picture so that a network sees it as one of its set, in words.

use std::fmt;

use modiste_data::Background;
use serde::Serialize;

/// What was done to a picture, beside bringing it to size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Prepared {
    /// Colours became grey.
    pub grey: bool,
    /// What lies behind its transparent pixels now, where it has any.
    pub behind: Option<Background>,
    /// Bright became dark, and dark bright.
    pub inverted: bool,
    /// It was cropped to what it shows, which was brought to the place and size that it has in the set.
    pub cropped: bool,
    /// The background got the colour that it has in the set.
    pub background: bool,
    /// Why it is as it is, where nothing was found in it.
    pub not_found: Option<NotFound>,
}

/// Why nothing was found in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotFound {
    /// It is of one colour all over.
    OneColour,
    /// Nothing stands out from its background.
    NothingStandsOut,
    /// Its border shows no background that anything could stand out from.
    NoBackground,
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneColour => "it is of one colour",
            Self::NothingStandsOut => "nothing stands out from its background",
            Self::NoBackground => "its border is of many colours",
        })
    }
}

/// `as it is`, or what was done: `inverted, cropped to the object and centred`.
impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let behind = match self.behind {
            Some(Background::Black) => "laid on black",
            Some(Background::White) => "laid on white",
            None => "",
        };
        let done = [
            (self.behind.is_some(), behind),
            (self.grey, "made grey"),
            (self.inverted, "inverted"),
            (self.cropped, "cropped to the object and centred"),
            (self.background, "background evened"),
        ];
        let done: Vec<&str> = done.into_iter().filter_map(|(is_done, words)| is_done.then_some(words)).collect();
        match (done.is_empty(), self.not_found) {
            (true, None) => f.write_str("as it is"),
            (false, None) => f.write_str(&done.join(", ")),
            (true, Some(why)) => write!(f, "as it is: nothing to be found, since {why}"),
            (false, Some(why)) => write!(f, "{}; nothing to be found, since {why}", done.join(", ")),
        }
    }
}
