//! What augmentation does to images, seen in the batches.

use std::collections::HashSet;
use std::sync::Arc;

use modiste_data::{Augmentation, Batch, Erase, Fill, Flip, ImageShape, Loader, Scaling};
use proptest::prelude::*;

use crate::picture::{RAW, augmented, images, moved, noise, shape};

/// Everything at once.
fn everything() -> Augmentation {
    Augmentation {
        flip: Flip::Random,
        rotate: 20.0,
        zoom: 0.2,
        shift: 2,
        fill: Fill::Reflect,
        erase: Some(Erase::default()),
        mixup: Some(0.4),
        cutmix: Some(1.0),
    }
}

/// Images and labels of a batch, and labels and shares of what was mixed in.
type Content = (Vec<f32>, Vec<u8>, Vec<u8>, Vec<f32>);

/// All that the batches from `first` on hold.
fn content(loader: &Loader, epoch: u64, first: usize) -> Vec<Content> {
    let batches = loader.augmented_batches((0..50).collect(), epoch, first);
    let owned = |batch: modiste_data::Batch| {
        let (labels, shares) = batch.mixed().unwrap_or_default();
        (batch.images().to_vec(), batch.labels().to_vec(), labels.to_vec(), shares.to_vec())
    };
    batches.map(owned).collect()
}

#[test]
fn seed_epoch_and_place_are_all_that_counts() {
    let images = noise(shape(7, 6, 3), 50);
    let loader = |seed| Loader::new(Arc::clone(&images), Scaling::SYMMETRIC, 8).augmented(everything(), seed);
    let whole = content(&loader(3), 5, 0);
    assert_eq!(whole.len(), 7);
    for threads in [1, 2, 3, 20] {
        for first in 0..8 {
            assert_eq!(
                content(&loader(3).threads(threads), 5, first),
                whole[first..],
                "{threads} threads from {first} on"
            );
        }
        assert!(content(&loader(3).threads(threads), 5, usize::MAX).is_empty());
    }
    for other in [content(&loader(4), 5, 0), content(&loader(3), 6, 0)] {
        assert!(other.iter().zip(&whole).all(|(other, batch)| other.0 != batch.0 && other.1 == batch.1));
    }
    // An image that comes twice is not twice the same.
    let twice = augmented(&images, Augmentation { shift: 3, ..Augmentation::default() }, 0, &[7; 20]);
    assert!(twice.iter().collect::<HashSet<_>>().len() > 10);
}

#[test]
fn nothing_is_done_where_nothing_is_asked_for() {
    let images = noise(shape(5, 4, 1), 30);
    let order: Arc<[u32]> = (0..30).rev().collect();
    let plain = Loader::new(Arc::clone(&images), Scaling::SYMMETRIC, 7);
    let augmenting = Loader::new(images, Scaling::SYMMETRIC, 7).augmented(everything(), 1);
    let expected: Vec<_> = plain.batches(Arc::clone(&order), 0).map(|batch| batch.images().to_vec()).collect();
    for batches in [plain.augmented_batches(Arc::clone(&order), 3, 0), augmenting.batches(order, 0)] {
        for (batch, expected) in batches.zip(&expected) {
            assert!(batch.images() == expected && batch.mixed().is_none());
        }
    }
}

#[test]
fn each_image_shows_one_side_and_then_the_other() {
    for shape in [shape(3, 5, 1), shape(2, 4, 3)] {
        let images = noise(shape, 400);
        let is_mirrored = |flip, epoch, index: u32, place: usize| {
            let mut order = vec![0; place + 1];
            order[place] = index;
            let seen = augmented(&images, Augmentation { flip, ..Augmentation::default() }, epoch, &order);
            let original = images.image(index as usize);
            let mirrored = seen[place] == moved(original, shape, true, (0, 0), Fill::Zero);
            assert!(mirrored || seen[place] == original);
            mirrored
        };
        let mirrored = |flip, epoch, place: usize| -> Vec<bool> {
            (0..200).map(|index| is_mirrored(flip, epoch, index, place)).collect()
        };
        let share = |mirrored: &[bool]| mirrored.iter().filter(|&&mirrored| mirrored).count() as f64 / 200.0;
        let first = mirrored(Flip::Alternating, 0, 0);
        assert!((share(&first) - 0.5).abs() < 0.15, "{}", share(&first));
        // Wherever an image stands in the epoch.
        let second: Vec<bool> = mirrored(Flip::Alternating, 1, 5).iter().map(|mirrored| !mirrored).collect();
        assert_eq!((second, mirrored(Flip::Alternating, 2, 9)), (first.clone(), first));

        let places: Vec<bool> = (0..200).map(|place| is_mirrored(Flip::Random, 0, 1, place)).collect();
        assert!((share(&places) - 0.5).abs() < 0.15, "{}", share(&places));
        assert!(!mirrored(Flip::None, 1, 0).contains(&true));
    }
}

#[test]
fn images_move_by_whole_pixels_in_all_directions() {
    for (shape, shift, flip) in [
        (shape(6, 7, 1), 2, Flip::None),
        (shape(5, 4, 3), 1, Flip::Random),
        (shape(2, 3, 2), 5, Flip::Random),
        (shape(4, 4, 1), 5, Flip::None),
    ] {
        for fill in [Fill::Zero, Fill::Reflect] {
            let augmentation = Augmentation { flip, shift, fill, ..Augmentation::default() };
            let images = noise(shape, 1);
            let reach = shift as i64;
            let ways: Vec<(bool, i64, i64)> = [false, true]
                .into_iter()
                .filter(|mirrored| !mirrored || flip == Flip::Random)
                .flat_map(|mirrored| (-reach..=reach).map(move |down| (mirrored, down)))
                .flat_map(|(mirrored, down)| (-reach..=reach).map(move |right| (mirrored, down, right)))
                .collect();
            let targets: Vec<Vec<u8>> = ways
                .iter()
                .map(|&(mirrored, down, right)| moved(images.image(0), shape, mirrored, (down, right), fill))
                .collect();
            let distinct: HashSet<&Vec<u8>> = targets.iter().collect();
            let seen = augmented(&images, augmentation, 0, &vec![0; 30 * ways.len()]);
            assert!(seen.iter().all(|seen| distinct.contains(seen)), "{shape:?} {fill:?}");
            assert_eq!(seen.iter().collect::<HashSet<_>>(), distinct, "{shape:?} {fill:?}");
            // Each way about 30 times.
            for target in distinct {
                let expected = 30 * targets.iter().filter(|other| *other == target).count();
                let count = seen.iter().filter(|other| *other == target).count();
                let sigma = (expected as f64).sqrt();
                assert!((count as f64 - expected as f64).abs() < 5.0 * sigma, "{count} instead of {expected}");
            }
        }
    }
}

#[test]
fn the_least_turn_is_none() {
    for (shape, fill) in [(shape(7, 6, 1), Fill::Zero), (shape(4, 9, 3), Fill::Reflect), (shape(1, 1, 2), Fill::Zero)] {
        let images = noise(shape, 40);
        let order: Vec<u32> = (0..40).collect();
        for (flip, shift) in [(Flip::None, 0), (Flip::Alternating, 0), (Flip::Random, 3)] {
            let still = Augmentation { flip, shift, fill, ..Augmentation::default() };
            let turned = Augmentation { rotate: f64::MIN_POSITIVE, zoom: f64::MIN_POSITIVE, ..still };
            assert_eq!(augmented(&images, turned, 1, &order), augmented(&images, still, 1, &order));
        }
    }
}

/// Mass and centre of mass of a channel, the latter relative to the image's centre: down and right.
fn moments(image: &[u8], shape: ImageShape, channel: usize) -> (f64, f64, f64) {
    let (mut mass, mut down, mut right) = (0.0, 0.0, 0.0);
    for (at, pixel) in image.chunks(shape.channels).enumerate() {
        let value = f64::from(pixel[channel]);
        mass += value;
        down += value * ((at / shape.width) as f64 - (shape.height - 1) as f64 / 2.0);
        right += value * ((at % shape.width) as f64 - (shape.width - 1) as f64 / 2.0);
    }
    (mass, down / mass, right / mass)
}

/// A soft spot to the right of the centre, whose green is half of its red, and no blue.
fn spot(shape: ImageShape) -> Vec<u8> {
    let (y, x) = ((shape.height - 1) as f64 / 2.0, (shape.width - 1) as f64 / 2.0 + 8.0);
    let pixel = |at: usize| {
        let (down, right) = ((at / shape.width) as f64 - y, (at % shape.width) as f64 - x);
        let red = 240.0 * (-(down * down + right * right) / 6.0).exp();
        [red as u8, (red / 2.0) as u8, 0]
    };
    (0..shape.height * shape.width).flat_map(pixel).collect()
}

#[test]
fn turning_keeps_mass_and_distance_from_the_centre() {
    let shape = shape(29, 32, 3);
    let original = spot(shape);
    let (mass, _, distance) = moments(&original, shape, 0);
    let seen =
        augmented(&images(shape, original), Augmentation { rotate: 30.0, ..Augmentation::default() }, 0, &[0; 400]);
    let mut angles: Vec<f64> = Vec::new();
    for seen in &seen {
        let (seen_mass, down, right) = moments(seen, shape, 0);
        assert!((seen_mass / mass - 1.0).abs() < 0.02, "{seen_mass} of {mass}");
        assert!((down.hypot(right) / distance - 1.0).abs() < 0.02);
        angles.push(down.atan2(right).to_degrees());
        let (green, ..) = moments(seen, shape, 1);
        assert!((green / mass - 0.5).abs() < 0.03 && seen.chunks(3).all(|pixel| pixel[2] == 0), "colours stay apart");
    }
    assert!(angles.iter().all(|angle| angle.abs() < 30.5));
    // Uniform to both sides.
    for (least, most) in [(-31.0, -15.0), (-15.0, 0.0), (0.0, 15.0), (15.0, 31.0)] {
        let share = angles.iter().filter(|&&angle| least < angle && angle <= most).count() as f64 / 400.0;
        assert!((share - 0.25).abs() < 0.1, "{share} from {least} to {most}");
    }
    // Values in between are rounded neither up nor down on the whole.
    let faint: Vec<u8> = noise(shape, 1).pixels().iter().map(|value| 100 + value % 2).collect();
    let turned = Augmentation { rotate: 30.0, fill: Fill::Reflect, ..Augmentation::default() };
    let seen = augmented(&images(shape, faint), turned, 0, &[0; 50]).concat();
    let mean = seen.iter().map(|&value| f64::from(value)).sum::<f64>() / seen.len() as f64;
    assert!((mean - 100.5).abs() < 0.1, "{mean}");
    // Half a turn at most, so that every angle can come.
    let all = Augmentation { rotate: 180.0, ..Augmentation::default() };
    let seen = augmented(&images(shape, spot(shape)), all, 0, &[0; 400]);
    let left = seen.iter().filter(|seen| moments(seen, shape, 0).2 < 0.0).count() as f64 / 400.0;
    assert!((left - 0.5).abs() < 0.1, "{left}");
}

#[test]
fn zooming_scales_distances_and_areas() {
    let shape = shape(28, 31, 3);
    let original = spot(shape);
    let (mass, _, distance) = moments(&original, shape, 0);
    let zoomed = Augmentation { zoom: 0.25, ..Augmentation::default() };
    let seen = augmented(&images(shape, original), zoomed, 0, &[0; 400]);
    let mut scales: Vec<f64> = Vec::new();
    for seen in &seen {
        let (seen_mass, down, right) = moments(seen, shape, 0);
        let scale = right / distance;
        assert!(down.abs() < 0.1);
        assert!((seen_mass / mass / (scale * scale) - 1.0).abs() < 0.05, "{scale}: {}", seen_mass / mass);
        scales.push(scale);
    }
    assert!(scales.iter().all(|scale| (0.74..1.26).contains(scale)));
    for (least, most) in [(0.74, 0.875), (0.875, 1.0), (1.0, 1.125), (1.125, 1.26)] {
        let share = scales.iter().filter(|&&scale| least < scale && scale <= most).count() as f64 / 400.0;
        assert!((share - 0.25).abs() < 0.1, "{share} from {least} to {most}");
    }
    // What comes in from outside is black, or the image mirrored.
    let white = images(shape, vec![255; shape.len()]);
    for (fill, least) in [(Fill::Zero, 0), (Fill::Reflect, 255)] {
        let turned = Augmentation { rotate: 90.0, zoom: 0.9, shift: 9, fill, ..Augmentation::default() };
        let seen = augmented(&white, turned, 0, &[0; 50]);
        assert_eq!(seen.iter().flatten().min(), Some(&least));
    }
}

/// Top, left, height and width of the smallest rectangle around all pixels where two images differ, and their number.
fn difference(one: &[u8], other: &[u8], shape: ImageShape) -> Option<([usize; 4], usize)> {
    let pixels = one.chunks(shape.channels).zip(other.chunks(shape.channels)).enumerate();
    let places: Vec<(usize, usize)> =
        pixels.filter(|(_, (one, other))| one != other).map(|(at, _)| (at / shape.width, at % shape.width)).collect();
    let (rows, columns) = (places.iter().map(|place| place.0), places.iter().map(|place| place.1));
    let (top, left) = (rows.clone().min()?, columns.clone().min()?);
    Some(([top, left, rows.max()? + 1 - top, columns.max()? + 1 - left], places.len()))
}

#[test]
fn one_rectangle_of_some_images_is_erased() {
    let shape = shape(30, 40, 3);
    let images = images(shape, vec![0; shape.len()]);
    let erase = Erase { probability: 0.3, area: [0.1, 0.5], aspect: 2.0 };
    let seen = augmented(&images, Augmentation { erase: Some(erase), ..Augmentation::default() }, 0, &[0; 1000]);
    let erased: Vec<_> = seen.iter().filter_map(|seen| difference(images.image(0), seen, shape)).collect();
    assert!((erased.len() as f64 / 1000.0 - 0.3).abs() < 0.06, "{} erased", erased.len());
    for &([_, _, height, width], changed) in &erased {
        // Noise is black by chance once in 256³ pixels.
        assert!(height * width - changed <= 1, "{changed} of {height}x{width}");
        // Sides are rounded to whole pixels.
        let sides = |of: f64| (height as f64 + of, width as f64 + of);
        let ((low_height, low_width), (high_height, high_width)) = (sides(-0.5), sides(0.5));
        assert!(high_height * high_width > 120.0 && low_height * low_width < 600.0, "{height}x{width}");
        assert!(high_height / low_width > 0.5 && low_height / high_width < 2.0, "{height}x{width}");
    }
    let mean =
        |of: &dyn Fn([usize; 4]) -> f64| erased.iter().map(|erased| of(erased.0)).sum::<f64>() / erased.len() as f64;
    let area = mean(&|[_, _, height, width]| (height * width) as f64 / 1200.0);
    assert!((area - 0.3).abs() < 0.03, "mean area {area}");
    assert!((mean(&|[top, _, height, _]| top as f64 + height as f64 / 2.0) - 15.0).abs() < 1.5);
    assert!((mean(&|[_, left, _, width]| left as f64 + width as f64 / 2.0) - 20.0).abs() < 2.0);
    let aspects: Vec<f64> = erased.iter().map(|([_, _, height, width], _)| *height as f64 / *width as f64).collect();
    assert!(aspects.iter().any(|&aspect| aspect > 1.5) && aspects.iter().any(|&aspect| aspect < 0.67));
    let noise: Vec<f64> = seen.iter().flatten().filter(|&&value| value > 0).map(|&value| f64::from(value)).collect();
    assert!((noise.iter().sum::<f64>() / noise.len() as f64 - 128.0).abs() < 1.0);
}

#[test]
fn a_fixed_area_without_aspect_is_a_square_hole() {
    let cutout = |area, shape: ImageShape| {
        let erase = Some(Erase { probability: 1.0, area: [area; 2], aspect: 1.0 });
        let images = images(shape, vec![0; shape.len()]);
        let seen = augmented(&images, Augmentation { erase, ..Augmentation::default() }, 0, &[0; 20]);
        let sides = |seen: &Vec<u8>| difference(images.image(0), seen, shape).unwrap().0;
        seen.iter().map(sides).map(|[_, _, height, width]| [height, width]).collect::<HashSet<_>>()
    };
    assert_eq!(cutout(0.25, shape(16, 16, 3)), HashSet::from([[8, 8]]));
    // Where no square fits, and the least and the largest images there are.
    assert_eq!(cutout(0.25, shape(2, 200, 3)), HashSet::from([[2, 50]]));
    assert_eq!(cutout(0.25, shape(200, 2, 3)), HashSet::from([[50, 2]]));
    assert_eq!(cutout(1e-9, shape(5, 5, 3)), HashSet::from([[1, 1]]));
    assert_eq!(cutout(1.0, shape(5, 9, 3)), HashSet::from([[5, 9]]));
}

/// `count` batches of four images, mixed and as they are.
fn mixed_and_plain(augmentation: Augmentation, shape: ImageShape, count: u32) -> Vec<[Batch; 2]> {
    let images = noise(shape, 50);
    let order: Arc<[u32]> = (0..4 * count).map(|place| place * 7 % 50).collect();
    let loader = Loader::new(images, RAW, 4).augmented(augmentation, 9);
    let mixed = loader.augmented_batches(Arc::clone(&order), 2, 0);
    mixed.zip(loader.batches(order, 0)).map(|(mixed, plain)| [mixed, plain]).collect()
}

/// Checks that a batch names the labels of what was mixed in, and gives each image with the one mixed in, mixed, and its share.
fn parts<'a>([mixed, plain]: &'a [Batch; 2], size: usize) -> impl Iterator<Item = ([&'a [f32]; 3], f32)> + 'a {
    let (labels, shares) = mixed.mixed().unwrap();
    let len = plain.len();
    assert_eq!((mixed.len(), labels.len(), shares.len(), mixed.images().len()), (len, len, len, len * size));
    assert_eq!(mixed.labels(), plain.labels());
    let next = move |at: usize| (at + 1) % len;
    assert!((0..len).all(|at| labels[at] == plain.labels()[next(at)]));
    let image = move |batch: &'a Batch, at: usize| &batch.images()[at * size..][..size];
    (0..len).map(move |at| ([image(plain, at), image(plain, next(at)), image(mixed, at)], shares[at]))
}

#[test]
fn mixup_is_the_weighted_mean_of_two_images() {
    let shape = shape(3, 4, 2);
    let mut shares = Vec::new();
    let mixup = Augmentation { mixup: Some(1.0), ..Augmentation::default() };
    for pair in mixed_and_plain(mixup, shape, 500) {
        let mut of_batch = HashSet::new();
        for ([image, other, mixed], share) in parts(&pair, shape.len()) {
            for ((image, other), mixed) in image.iter().zip(other).zip(mixed) {
                assert!(((1.0 - share) * image + share * other - mixed).abs() < 1e-3);
            }
            of_batch.insert(share.to_bits());
            shares.push(f64::from(share));
        }
        assert_eq!(of_batch.len(), 1, "one share for a batch");
    }
    assert!(shares.iter().all(|share| (0.0..=0.5).contains(share)));
    let mean = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
    assert!((mean(&shares) - 0.25).abs() < 0.03, "{}", mean(&shares));
    // With small parameters, little is mixed.
    let little = Augmentation { mixup: Some(0.1), ..Augmentation::default() };
    let little = mixed_and_plain(little, shape, 500);
    let shares: Vec<f64> = little.iter().map(|[mixed, _]| f64::from(mixed.mixed().unwrap().1[0])).collect();
    assert!((0.03..0.09).contains(&mean(&shares)), "{}", mean(&shares));
}

#[test]
fn cutmix_replaces_a_rectangle_and_tells_its_share() {
    let shape = shape(12, 10, 3);
    let mut shares = Vec::new();
    let mut places = HashSet::new();
    let cutmix = Augmentation { cutmix: Some(1.0), ..Augmentation::default() };
    let pairs = mixed_and_plain(cutmix, shape, 1000);
    for ([image, other, mixed], share) in pairs.iter().flat_map(|pair| parts(pair, shape.len())) {
        let bytes = |image: &[f32]| image.iter().map(|&value| value as u8).collect::<Vec<_>>();
        let (image, other, mixed) = (bytes(image), bytes(other), bytes(mixed));
        let ([top, left, height, width], replaced) = difference(&image, &mixed, shape).unwrap_or_default();
        assert_eq!((height * width) as f32 / 120.0, share, "{replaced} pixels were replaced");
        for (at, pixel) in mixed.chunks(3).enumerate() {
            let inside = (top..top + height).contains(&(at / 10)) && (left..left + width).contains(&(at % 10));
            assert_eq!(*pixel, if inside { &other } else { &image }[at * 3..][..3]);
        }
        shares.push(f64::from(share));
        places.insert((top, left));
    }
    // For a side of r: the mean of (r - r² / 4)² over uniform r².
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    assert!((mean - 0.321).abs() < 0.02, "{mean}");
    assert!(shares.iter().any(|&share| share > 0.8) && places.len() > 60, "{} places", places.len());
}

#[test]
fn an_image_by_itself_stays_what_it_is() {
    let cutmix = Augmentation { cutmix: Some(1.0), ..Augmentation::default() };
    let loader = Loader::new(noise(shape(12, 10, 3), 50), RAW, 4).augmented(cutmix, 9);
    for image in 0..20 {
        let order: Arc<[u32]> = [image].into();
        let mixed = loader.augmented_batches(Arc::clone(&order), 2, 0).next().unwrap();
        let plain = loader.batches(order, 0).next().unwrap();
        assert_eq!(mixed.mixed().unwrap().1.len(), 1);
        assert!(mixed.images() == plain.images(), "image {image}");
    }
}

#[test]
fn with_both_a_batch_is_mixed_in_one_of_two_ways() {
    let shape = shape(8, 8, 1);
    let both = Augmentation { mixup: Some(8.0), cutmix: Some(8.0), ..Augmentation::default() };
    let pairs = mixed_and_plain(both, shape, 300);
    let is_cut = |pair: &[Batch; 2]| {
        let mut values = parts(pair, shape.len()).flat_map(|([image, other, mixed], _)| {
            image.iter().zip(other).zip(mixed).map(|((image, other), mixed)| mixed == image || mixed == other)
        });
        values.all(|is_whole| is_whole)
    };
    let cut = pairs[..300].iter().filter(|pair| is_cut(pair)).count();
    assert!((120..180).contains(&cut), "{cut} of 300 batches are cut");
}

#[test]
fn a_panic_of_one_thread_of_many_comes_in_its_turn() {
    let shape = shape(2, 2, 1);
    let loader = Loader::new(noise(shape, 8), RAW, 2).augmented(everything(), 1).threads(3);
    let mut batches = loader.augmented_batches([0, 1, 2, 3, 4, 99, 6, 7].into(), 0, 0);
    assert!(batches.next().is_some() && batches.next().is_some());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| batches.next().is_some()));
    assert!(panic.is_err() && batches.len() == 0 && batches.next().is_none());
}

#[test]
#[should_panic(expected = "zoom is 2")]
fn what_was_not_checked_is_checked() {
    let zoom = Augmentation { zoom: 2.0, ..Augmentation::default() };
    let _ = Loader::new(noise(shape(1, 1, 1), 1), RAW, 1).augmented(zoom, 0);
}

fn any_augmentation() -> impl Strategy<Value = Augmentation> {
    let flip = prop::sample::select(vec![Flip::None, Flip::Random, Flip::Alternating]);
    let fill = prop::sample::select(vec![Fill::Zero, Fill::Reflect]);
    let erase = (0.0..=1.0, 1e-6..=1.0, 0.0..=1.0, 1.0..1e6).prop_map(|(probability, least, more, aspect)| Erase {
        probability,
        area: [least, f64::min(least + (1.0 - least) * more, 1.0)],
        aspect,
    });
    let mixing = || prop::option::of(prop::sample::select(vec![f64::MIN_POSITIVE, 0.2, 1.0, f64::MAX]));
    let plane = (prop::sample::select(vec![0.0, 15.0, 180.0]), 0.0..=0.9, prop::sample::select(vec![0, 2, 1000]));
    (flip, fill, plane, prop::option::of(erase), mixing(), mixing()).prop_map(
        |(flip, fill, (rotate, zoom, shift), erase, mixup, cutmix)| Augmentation {
            flip,
            rotate,
            zoom,
            shift,
            fill,
            erase,
            mixup,
            cutmix,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_augmentation_takes_images_of_any_shape(
        augmentation in any_augmentation(),
        height in 1_usize..9,
        width in 1_usize..9,
        channels in 1_usize..5,
        seed in any::<u64>(),
        epoch in any::<u64>(),
    ) {
        prop_assert_eq!(augmentation.check(), Ok(()));
        let shape = shape(height, width, channels);
        let loader = Loader::new(noise(shape, 5), RAW, 3).augmented(augmentation, seed);
        let mut seen = 0;
        for batch in loader.augmented_batches((0..5).collect(), epoch, 0) {
            seen += batch.len();
            prop_assert_eq!(batch.images().len(), batch.len() * shape.len());
            prop_assert!(batch.images().iter().all(|value| (0.0..=255.001).contains(value)));
            prop_assert_eq!(batch.mixed().is_some(), augmentation.mixup.or(augmentation.cutmix).is_some());
            let shares = batch.mixed().map_or(&[][..], |(_, shares)| shares);
            prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        }
        prop_assert_eq!(seen, 5);
    }
}
