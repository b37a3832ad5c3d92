//! How the numbers of an array are stored.

/// A type of numbers and its byte order.
pub(crate) struct Kind {
    /// `f`, `i`, `u` or `b`.
    pub(crate) letter: char,
    pub(crate) bytes: usize,
    big_endian: bool,
    /// Whether f32 holds all such numbers.
    pub(crate) is_single: bool,
    /// From its bits.
    number: fn(u64) -> f64,
}

impl Kind {
    /// What NumPy calls `descr`, as `<f4`.
    pub(super) fn of(descr: &str) -> Result<Self, String> {
        let name = descr.trim_start_matches(['<', '>', '|', '=']);
        let (bytes, number): (_, fn(u64) -> f64) = match name {
            "f2" => (2, |bits| half(bits as u16)),
            "f4" => (4, |bits| f64::from(f32::from_bits(bits as u32))),
            "f8" => (8, f64::from_bits),
            "u1" => (1, |bits| bits as f64),
            "u2" => (2, |bits| bits as f64),
            "u4" => (4, |bits| bits as f64),
            "u8" => (8, |bits| bits as f64),
            "i1" => (1, |bits| f64::from(bits as i8)),
            "i2" => (2, |bits| f64::from(bits as i16)),
            "i4" => (4, |bits| f64::from(bits as i32)),
            "i8" => (8, |bits| bits as i64 as f64),
            "b1" => (1, |bits| f64::from(u8::from(bits != 0))),
            _ => {
                let readable = match name {
                    "O" => "a pickle of Python objects: save them as an array of numbers, without allow_pickle",
                    _ => "where floats of 2, 4 or 8 bytes, integers and booleans can be read",
                };
                return Err(format!("its values are of type '{}', {readable}", descr.escape_debug()));
            }
        };
        let letter = name.chars().next().unwrap_or_default();
        Ok(Kind { letter, bytes, big_endian: descr.starts_with('>'), is_single: bytes < 4 || name == "f4", number })
    }

    /// The number that `bytes` are, which are turned about where they stand the other way round.
    pub(super) fn number(&self, bytes: &mut [u8]) -> f64 {
        if self.big_endian {
            bytes.reverse();
        }
        let bits = bytes.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
        (self.number)(bits)
    }
}

/// A float of 16 bits: a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 0x3ff) / 1024.0);
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn floats_of_two_bytes_are_what_ieee_754_says() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3800, 0.5),
            (0x3555, 0.333251953125),
            (0x7bff, 65504.0),
            (0x0001, 2f64.powi(-24)),
            (0x0400, 2f64.powi(-14)),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
