//! Round shapes as the pixels they cover, with smooth edges.

use std::ops::RangeInclusive;

/// Column, row, and how much of the pixel is covered, from 0 to 1.
pub(crate) type Covered = (usize, usize, f32);

/// A disc. The centre of pixel (x, y) is at (x + 0.5, y + 0.5).
pub(crate) fn disc(centre: [f32; 2], radius: f32) -> impl Iterator<Item = Covered> {
    around(centre, radius + 0.5, move |distance| radius - distance + 0.5)
}

/// A circle whose line is `width` wide and runs at `radius` from the centre.
pub(crate) fn ring(centre: [f32; 2], radius: f32, width: f32) -> impl Iterator<Item = Covered> {
    let half = width / 2.0;
    around(centre, radius + half + 0.5, move |distance| half - (distance - radius).abs() + 0.5)
}

/// A line with round ends, `width` wide, between two points.
pub(crate) fn line(from: [f32; 2], to: [f32; 2], width: f32) -> impl Iterator<Item = Covered> {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length = (along[0] * along[0] + along[1] * along[1]).max(f32::MIN_POSITIVE);
    let reach = width / 2.0 + 0.5;
    let [columns, rows] = [0, 1].map(|axis| {
        let (least, most) = (from[axis].min(to[axis]), from[axis].max(to[axis]));
        pixels((least + most) / 2.0, (most - least) / 2.0 + reach)
    });
    rows.flat_map(move |row| columns.clone().map(move |column| (column, row)))
        .map(move |(column, row)| {
            let offset = [column as f32 + 0.5 - from[0], row as f32 + 0.5 - from[1]];
            let share = ((offset[0] * along[0] + offset[1] * along[1]) / length).clamp(0.0, 1.0);
            let distance = (offset[0] - share * along[0]).hypot(offset[1] - share * along[1]);
            (column, row, (reach - distance).clamp(0.0, 1.0))
        })
        .filter(|&(_, _, coverage)| coverage > 0.0)
}

/// Pixels within reach of a point that `cover`, of the distance to it, finds covered. What lies left of or above the
/// picture is left out.
fn around([x, y]: [f32; 2], reach: f32, cover: impl Fn(f32) -> f32) -> impl Iterator<Item = Covered> {
    pixels(y, reach)
        .flat_map(move |row| pixels(x, reach).map(move |column| (column, row)))
        .map(move |(column, row)| {
            let distance = (column as f32 + 0.5 - x).hypot(row as f32 + 0.5 - y);
            (column, row, cover(distance).clamp(0.0, 1.0))
        })
        .filter(|&(_, _, coverage)| coverage > 0.0)
}

fn pixels(centre: f32, reach: f32) -> RangeInclusive<usize> {
    (centre - reach).max(0.0) as usize..=(centre + reach).max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_cover_their_area() {
        let area = |pixels: &mut dyn Iterator<Item = Covered>| pixels.map(|(_, _, coverage)| coverage).sum::<f32>();
        for (radius, place) in [(2.0, 10.0), (5.3, 10.4), (9.0, 20.5)] {
            let expected = std::f32::consts::PI * radius * radius;
            assert!((area(&mut disc([place; 2], radius)) / expected - 1.0).abs() < 0.05, "{radius}");
            let expected = std::f32::consts::TAU * radius * 2.0;
            assert!((area(&mut ring([place; 2], radius, 2.0)) / expected - 1.0).abs() < 0.05, "{radius}");
        }
        for (to, length) in [([40.0, 10.0], 30.0), ([10.0, 10.0], 0.0), ([34.0, 28.0], 30.0)] {
            let expected = length * 4.0 + std::f32::consts::PI * 4.0;
            assert!((area(&mut line([10.0; 2], to, 4.0)) / expected - 1.0).abs() < 0.05, "{to:?}");
        }
    }

    #[test]
    fn what_lies_beyond_the_origin_is_left_out() {
        assert!(disc([-0.4, 1.0], 1.0).all(|(x, _, _)| x == 0));
        assert_eq!(disc([-20.0, -20.0], 3.0).count(), 0);
    }
}
