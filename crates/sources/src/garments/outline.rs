//! Closed outlines: the paper patterns from which pieces are cut.
//!
//! Coordinates are those of a person looking at the table: x to the right, y down, the garment within about -1 to 1.

/// A point, or a direction.
pub(super) type Point = [f32; 2];

/// A closed polygon.
pub(super) type Outline = Vec<Point>;

/// The outline whose right half goes from a point on the axis x = 0 down to another.
pub(super) fn mirrored(right: &[Point]) -> Outline {
    let left = right.iter().rev().filter(|point| point[0] > 0.0).map(|&[x, y]| [-x, y]);
    right.iter().copied().chain(left).collect()
}

/// The same with x turned round.
pub(super) fn flipped(outline: &[Point]) -> Outline {
    outline.iter().map(|&[x, y]| [-x, y]).collect()
}

/// A line of a certain width along `points`.
pub(super) fn stroke(points: &[Point], width: f32) -> Outline {
    let side = |index: usize| {
        let (before, after) = (points[index.saturating_sub(1)], points[(index + 1).min(points.len() - 1)]);
        let [x, y] = direction(before, after);
        [-y * width / 2.0, x * width / 2.0]
    };
    let shifted = |index: usize, sign: f32| {
        let ([x, y], [across, down]) = (points[index], side(index));
        [x + sign * across, y + sign * down]
    };
    let there = (0..points.len()).map(|index| shifted(index, 1.0));
    let back = (0..points.len()).rev().map(|index| shifted(index, -1.0));
    there.chain(back).collect()
}

/// An upright box.
pub(super) fn rectangle([left, top]: Point, [right, bottom]: Point) -> Outline {
    vec![[left, top], [right, top], [right, bottom], [left, bottom]]
}

/// Corners cut off (Chaikin), which rounds them.
pub(super) fn rounded(outline: &[Point]) -> Outline {
    let next = outline.iter().cycle().skip(1);
    outline.iter().zip(next).flat_map(|(&a, &b)| [between(a, b, 0.2), between(a, b, 0.8)]).collect()
}

/// The point a share of the way from `a` to `b`.
pub(super) fn between(a: Point, b: Point, share: f32) -> Point {
    [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share]
}

/// From `a` towards `b`, of length 1.
pub(super) fn direction(a: Point, b: Point) -> Point {
    let [x, y] = [b[0] - a[0], b[1] - a[1]];
    let length = (x * x + y * y).sqrt().max(1e-6);
    [x / length, y / length]
}

/// The sine and cosine of an angle given by the tangent of its half: exact where a library's sine may round
/// differently from one system to the next.
pub(super) fn sine_and_cosine(half_tangent: f32) -> (f32, f32) {
    let square = half_tangent * half_tangent;
    (2.0 * half_tangent / (1.0 + square), (1.0 - square) / (1.0 + square))
}
