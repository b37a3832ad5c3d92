//! Numbers for the tests of the engine.

/// Numbers in [-1, 1) that follow from their position and `seed`.
pub(crate) fn noise(length: usize, seed: u32) -> Vec<f32> {
    let mix = |position: usize| (position as u32 ^ seed).wrapping_mul(0x9e37_79b1).rotate_left(13);
    let unit = |position| mix(position).wrapping_mul(0x85eb_ca6b) as i32 as f32 / (1u32 << 31) as f32;
    (0..length).map(unit).collect()
}
