//! How the words of an array are stored: all as long as the longest, filled up with zeros.

/// A length of words, and what their characters are.
pub(crate) struct Words {
    /// Of a word.
    pub(super) bytes: usize,
    characters: Characters,
}

enum Characters {
    Utf8,
    LittleEndian,
    BigEndian,
}

impl Words {
    /// What NumPy calls `<U5` or `|S5`, if `descr` is such a type.
    pub(super) fn of(descr: &str) -> Option<Self> {
        let name = descr.trim_start_matches(['<', '>', '|', '=']);
        let (letter, length) = name.split_at_checked(1)?;
        let length = length.parse::<u16>().ok()? as usize;
        // Any number of words of no character fits into any file.
        let length = Some(length).filter(|&length| length > 0)?;
        match letter {
            "S" => Some(Self { bytes: length, characters: Characters::Utf8 }),
            "U" if descr.starts_with('>') => Some(Self { bytes: 4 * length, characters: Characters::BigEndian }),
            "U" => Some(Self { bytes: 4 * length, characters: Characters::LittleEndian }),
            _ => None,
        }
    }

    /// The word that `bytes` are, if they are text.
    pub(super) fn word(&self, bytes: &[u8]) -> Option<String> {
        let utf_32 = |number: fn([u8; 4]) -> u32| {
            let characters = bytes.as_chunks().0.iter().map(|&bytes| char::from_u32(number(bytes)));
            characters.collect::<Option<String>>()
        };
        let word = match self.characters {
            Characters::Utf8 => str::from_utf8(bytes).ok()?.to_owned(),
            Characters::LittleEndian => utf_32(u32::from_le_bytes)?,
            Characters::BigEndian => utf_32(u32::from_be_bytes)?,
        };
        Some(word.trim_end_matches('\0').to_owned())
    }
}
