//! The colours of classes.

use crate::picture::Colour;

/// Ten colours from Paul Tol's "muted", moved so that any two differ by at least 0.09 in Oklab for people of normal
/// sight, protanopes, deuteranopes and tritanopes alike, and none comes close to paper.
const TEN: [Colour; 10] = [
    [0x33, 0x22, 0x88],
    [0x5e, 0xbf, 0xeb],
    [0xd9, 0xb9, 0x3c],
    [0x11, 0x77, 0x33],
    [0xcf, 0x5b, 0x7a],
    [0xb4, 0x94, 0x29],
    [0x94, 0xb3, 0x8c],
    [0x9c, 0x3e, 0x95],
    [0x78, 0x88, 0xcb],
    [0x7a, 0x1f, 0x4b],
];

/// The colours of lines in one figure, in this order: those of Okabe and Ito ("Color universal design", 2008) that stand out from
/// light and from dark paper, which people of any sight tell apart.
pub(crate) const LINES: [Colour; 6] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
];

/// Viridis (van der Walt and Smith, 2015) at eight places, from the least to the most.
const VIRIDIS: [Colour; 8] = [
    [68, 1, 84],
    [70, 50, 127],
    [54, 92, 141],
    [39, 127, 142],
    [31, 161, 135],
    [74, 194, 109],
    [159, 218, 58],
    [253, 231, 37],
];

/// The colour of a share from 0 to 1 of the most that there is.
pub(crate) fn viridis(share: f32) -> Colour {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f32;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    mixed(VIRIDIS[below], VIRIDIS[below + 1], place - below as f32)
}

/// A colour between two: the first at 0, the second at 1.
pub(crate) fn mixed(first: Colour, second: Colour, share: f32) -> Colour {
    std::array::from_fn(|channel| {
        let [first, second] = [first, second].map(|colour| f32::from(colour[channel]));
        (first + (second - first) * share).round() as u8
    })
}

/// Of a point whose class is unknown.
const UNKNOWN: Colour = [0x3b, 0x5b, 0x8c];

/// A colour as a style sheet has it.
pub(crate) fn css([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The colour of a class. Beyond ten they go round the hues by the golden angle, at three lightnesses in turn: some are
/// alike, and the number of the class beside them has to tell them apart.
pub(crate) fn colour(class: Option<u8>) -> Colour {
    let Some(class) = class else { return UNKNOWN };
    TEN.get(usize::from(class)).copied().unwrap_or_else(|| {
        let hue = f32::from(class) * 137.508_f32.to_radians();
        let lightness = [0.45, 0.58, 0.71][usize::from(class % 3)];
        from_oklab([lightness, 0.12 * hue.cos(), 0.12 * hue.sin()])
    })
}

/// The nearest colour of the screen to one given in Oklab (Ottosson, "A perceptual color space for image processing").
fn from_oklab([lightness, a, b]: [f32; 3]) -> Colour {
    let long = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let medium = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let short = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * long - 3.307_711_6 * medium + 0.230_969_94 * short,
        -1.268_438 * long + 2.609_757_4 * medium - 0.341_319_38 * short,
        -0.004_196_086_3 * long - 0.703_418_6 * medium + 1.707_614_7 * short,
    ]
    .map(from_linear)
}

/// How bright a channel's value shines, from 0 to 1, where 1 is the brightest: light adds up, values do not.
pub(crate) fn to_linear(value: u8) -> f32 {
    let value = f32::from(value) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The inverse of [`to_linear`].
pub(crate) fn from_linear(light: f32) -> u8 {
    let value = if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    (value * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::PAPER;

    type Matrix = [[f32; 3]; 3];

    /// What light becomes for a dichromat (Machado, Oliveira, Fernandes 2009, severity 1).
    const SIGHTS: [Matrix; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];
    const TO_CONES: Matrix = [
        [0.412_221_46, 0.536_332_55, 0.051_445_995],
        [0.211_903_5, 0.680_699_5, 0.107_396_96],
        [0.088_302_46, 0.281_718_85, 0.629_978_7],
    ];
    const TO_OKLAB: Matrix = [
        [0.210_454_26, 0.793_617_8, -0.004_072_047],
        [1.977_998_5, -2.428_592_2, 0.450_593_7],
        [0.025_904_037, 0.782_771_77, -0.808_675_77],
    ];

    fn product(matrix: &Matrix, vector: [f32; 3]) -> [f32; 3] {
        std::array::from_fn(|row| (0..3).map(|column| matrix[row][column] * vector[column]).sum())
    }

    fn oklab(colour: Colour, sight: &Matrix) -> [f32; 3] {
        let light = product(sight, colour.map(to_linear)).map(|value| value.clamp(0.0, 1.0));
        product(&TO_OKLAB, product(&TO_CONES, light).map(f32::cbrt))
    }

    #[test]
    fn ten_classes_are_told_apart_whatever_ones_sight() {
        let distance = |a: [f32; 3], b: [f32; 3]| (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f32>().sqrt();
        for sight in &SIGHTS {
            let seen: Vec<[f32; 3]> = (0..10).map(|class| oklab(colour(Some(class)), sight)).collect();
            for (class, &this) in seen.iter().enumerate() {
                assert!(distance(this, oklab(PAPER, sight)) > 0.18, "class {class} on paper");
                for (other, &that) in seen.iter().enumerate().skip(class + 1) {
                    assert!(distance(this, that) > 0.09, "classes {class} and {other}");
                }
            }
        }
    }

    #[test]
    fn more_classes_have_colours_of_their_own() {
        let colours: std::collections::HashSet<Colour> = (0..=u8::MAX).map(|class| colour(Some(class))).collect();
        assert!(colours.len() > 240);
        for lab in [[0.6, 0.1, -0.05], [0.45, -0.08, 0.06]] {
            let back = oklab(from_oklab(lab), &SIGHTS[0]);
            assert!((0..3).all(|axis| (lab[axis] - back[axis]).abs() < 0.01), "{lab:?} {back:?}");
        }
    }
}
