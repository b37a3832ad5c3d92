//! How much a compressed file can sensibly hold.

/// Bytes up to which a file may unpack to any multiple of its size, since plain images of one colour do.
const UNSUSPECTED: u64 = 256 << 20;
/// Beyond that, to this multiple at most. Photographs and drawings stay below 20.
const HIGHEST_RATIO: u64 = 100;

/// Whether a file of `stored` bytes may unpack to `claimed` bytes.
pub(crate) fn is_credible(claimed: u128, stored: u64) -> bool {
    claimed <= u128::from(UNSUSPECTED.max(stored.saturating_mul(HIGHEST_RATIO)))
}
