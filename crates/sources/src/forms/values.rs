//! Pixels as bytes, from numbers that come one by one.
//!
//! Whether numbers reach from 0 to 1 or to 255 is known when the last has come, and memory is taken for bytes only. So a number
//! is kept as that many 255ths until one above 1 comes. Those before it are 0 or 1 of 255 then, by which side of a half they
//! are on: that of 127.5 / 255.

/// Pixels of one part of a set.
pub(super) struct Pixels {
    bytes: Vec<u8>,
    scale: Scale,
    /// Whether numbers are or may be no bytes as they stand.
    is_rounded: bool,
    lowest: f64,
    highest: f64,
    has_nan: bool,
}

/// What the highest value is called in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// 1, as far as is known.
    One,
    /// 255, since there are numbers above 1.
    Found255,
    /// 255, whatever the numbers are.
    Always255,
}

impl Pixels {
    /// Numbers that follow by [`push`](Self::push), written as text.
    pub(super) fn of_text() -> Self {
        Self::new(Vec::new(), Scale::One, false)
    }

    /// `count` numbers that follow by [`set`](Self::set); `None` if they do not fit into memory.
    pub(super) fn of_numbers(count: usize, are_floats: bool) -> Option<Self> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(count).ok()?;
        bytes.resize(count, 0);
        Some(Self::new(bytes, if are_floats { Scale::One } else { Scale::Always255 }, are_floats))
    }

    /// Bytes as they stand.
    pub(super) fn of_bytes(bytes: Vec<u8>) -> Self {
        Self::new(bytes, Scale::Always255, false)
    }

    fn new(bytes: Vec<u8>, scale: Scale, is_rounded: bool) -> Self {
        Self { bytes, scale, is_rounded, lowest: f64::INFINITY, highest: f64::NEG_INFINITY, has_nan: false }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The next number. It must be one of 0 to 255.
    pub(super) fn push(&mut self, number: f64) {
        let byte = self.byte(number);
        self.bytes.push(byte);
    }

    /// The number at a place.
    pub(super) fn set(&mut self, place: usize, number: f64) {
        self.bytes[place] = self.byte(number);
    }

    /// Moves bytes about.
    pub(super) fn rearrange(&mut self, move_bytes: impl FnOnce(&mut [u8])) {
        move_bytes(&mut self.bytes);
    }

    fn byte(&mut self, number: f64) -> u8 {
        self.lowest = self.lowest.min(number);
        self.highest = self.highest.max(number);
        self.has_nan |= number.is_nan();
        self.is_rounded |= number.fract() != 0.0;
        if number > 1.0 {
            self.rescale();
        }
        // Numbers out of range saturate, and `check_range` refuses them.
        (if self.scale == Scale::One { number * 255.0 } else { number }).round() as u8
    }

    /// Takes all numbers for some of 0 to 255.
    fn rescale(&mut self) {
        if self.scale == Scale::One {
            self.scale = Scale::Found255;
            self.bytes.iter_mut().for_each(|byte| *byte = u8::from(*byte >= 128));
        }
    }

    /// Refuses numbers that are no pixels.
    pub(super) fn check_range(&self) -> Result<(), String> {
        let Self { lowest, highest, .. } = self;
        if self.has_nan {
            return Err("it has values that are no numbers (NaN); put in what they should be".into());
        }
        if self.scale == Scale::Always255 && *highest > 255.0 && *lowest >= 0.0 {
            return Err(format!(
                "its values reach from {lowest} to {highest}, as of images of 16 bits, where 0 to 255 can be read; \
                 divide them by {} and save them as uint8",
                if *highest < 4096.0 { "16" } else { "257" }
            ));
        }
        if *lowest < 0.0 || *highest > 255.0 {
            return Err(format!(
                "its values reach from {lowest} to {highest}, where 0 to 1 or 0 to 255 can be read; bring them to 0 to 255"
            ));
        }
        Ok(())
    }

    /// The bytes of several parts, which have one scale, and what was done to numbers.
    pub(super) fn into_bytes(mut parts: Vec<Self>) -> (Vec<Vec<u8>>, Option<String>) {
        if parts.iter().any(|part| part.scale == Scale::Found255) {
            parts.iter_mut().for_each(Self::rescale);
        }
        let note = if parts.iter().any(|part| part.scale == Scale::One) {
            Some("values are taken for some of 0 to 1, multiplied by 255 and rounded".to_owned())
        } else if parts.iter().any(|part| part.is_rounded) {
            Some("values are taken for some of 0 to 255 and rounded".to_owned())
        } else {
            None
        };
        (parts.into_iter().map(|part| part.bytes).collect(), note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(numbers: &[f64]) -> (Vec<u8>, Option<String>) {
        let mut pixels = Pixels::of_text();
        numbers.iter().for_each(|&number| pixels.push(number));
        pixels.check_range().unwrap();
        let (mut parts, note) = Pixels::into_bytes(vec![pixels]);
        (parts.remove(0), note)
    }

    #[test]
    fn the_highest_value_says_what_numbers_are() {
        let (scaled, note) = bytes(&[0.0, 0.25, 0.499, 0.5, 1.0]);
        assert_eq!(scaled, [0, 64, 127, 128, 255]);
        assert!(note.unwrap().contains("0 to 1"));
        let (rounded, note) = bytes(&[0.0, 0.25, 0.499, 0.5, 1.0, 254.6]);
        assert_eq!(rounded, [0, 0, 0, 1, 1, 255]);
        assert!(note.unwrap().contains("0 to 255"));
        assert_eq!(bytes(&[1.0, 2.0, 255.0]), (vec![1, 2, 255], None));
    }

    #[test]
    fn parts_have_one_scale() {
        let [mut train, mut test] = [Pixels::of_text(), Pixels::of_text()];
        train.push(200.0);
        test.push(1.0);
        assert_eq!(Pixels::into_bytes(vec![train, test]).0, [[200], [1]]);
    }

    #[test]
    fn what_is_out_of_range_is_refused_with_the_range() {
        for (numbers, words) in [
            (&[-1.0, 1.0][..], "from -1 to 1"),
            (&[0.0, 255.5], "from 0 to 255.5"),
            (&[0.0, f64::INFINITY], "to inf"),
            (&[0.0, f64::NAN], "NaN"),
        ] {
            let mut pixels = Pixels::of_text();
            numbers.iter().for_each(|&number| pixels.push(number));
            assert!(pixels.check_range().unwrap_err().contains(words), "{words}");
        }
    }
}
