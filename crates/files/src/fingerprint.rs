//! A number that tells whether bytes are still the same.
//!
//! 64-bit FNV-1a over eight bytes at a time, with a shift after each product so that every bit of the input reaches
//! the low bits too. It finds damage and mix-ups, not malice, and does gigabytes a second, so that a data set
//! of 55 MB does not delay a start.

/// FNV's 64-bit offset basis and prime.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Collects bytes, field by field.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self(BASIS)
    }

    /// Adds a field. Its length counts, so that `ab`, `c` differs from `a`, `bc`.
    pub fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.number(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.number(u64::from_le_bytes(last));
        self
    }

    /// Adds the field of these values' bytes, in little-endian order.
    pub fn floats(&mut self, values: &[f32]) -> &mut Self {
        self.number(4 * values.len() as u64);
        let (pairs, rest) = values.as_chunks::<2>();
        for [low, high] in pairs {
            self.number(u64::from(low.to_bits()) | u64::from(high.to_bits()) << 32);
        }
        self.number(rest.first().map_or(0, |value| u64::from(value.to_bits())));
        self
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        let product = (self.0 ^ number).wrapping_mul(PRIME);
        self.0 = product ^ (product >> 29);
        self
    }

    /// Sixteen hexadecimal digits.
    pub fn digits(&self) -> String {
        format!("{:016x}", self.0)
    }
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(fields: &[&[u8]]) -> String {
        let mut fingerprint = Fingerprint::new();
        fields.iter().for_each(|field| {
            fingerprint.field(field);
        });
        fingerprint.digits()
    }

    #[test]
    fn floats_are_the_field_of_their_bytes() {
        for length in 0..5 {
            let values: Vec<f32> = (0..length).map(|value| value as f32 - 1.5).collect();
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            assert_eq!(Fingerprint::new().floats(&values).digits(), Fingerprint::new().field(&bytes).digits());
        }
    }

    #[test]
    fn borders_between_fields_count() {
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
        assert_ne!(of(&[b"a\0"]), of(&[b"a"]));
    }

    proptest! {
        #[test]
        fn every_single_bit_counts(bytes in prop::collection::vec(any::<u8>(), 1..40), bit in 0usize..320) {
            let mut changed = bytes.clone();
            changed[bit / 8 % bytes.len()] ^= 1 << (bit % 8);
            prop_assert_ne!(of(&[&bytes]), of(&[&changed]));
        }
    }
}
