"""The small sets of images that are drawn: put a new one here."""

import functools
import zlib
from dataclasses import dataclass

import numpy as np

import small_pictures
from small_draws import digits, fashion, garments, made

# Tests of a set that is made, all classes together.
TESTS = 1000
# T-shirt/top and shirt among the classes of Fashion-MNIST.
SHIRTS = [0, 6]


class Sources:
    """What is drawn from, read when it is first asked for: Fashion-MNIST from a directory, drawn-garments from a
    program."""

    def __init__(self, directory, program):
        self.directory, self.program = directory, program

    @functools.cached_property
    def fashion(self):
        return fashion(self.directory)

    @functools.cached_property
    def garments(self):
        return garments(self.program)

    @functools.cached_property
    def digits(self):
        return digits()


@dataclass(frozen=True)
class SmallSet:
    """What the report says of a set, and how it is drawn from sources, with dice, for validation or not."""

    words: str
    make: callable

    def draw(self, name, number, sources, validation):
        """A draw, the same one each time. All that is made for validation is of other random numbers."""
        dice = np.random.default_rng([number, zlib.crc32(name.encode()), validation])
        return self.make(sources, dice, validation)


def evenly(pool, each):
    """So many of each class of a pool, which is found in the sources."""
    return lambda sources, dice, validation: drawn(pool(sources), each, dice, validation)


def drawn(pool, each, dice, validation):
    return pool.draw([each] * (int(pool.y.max()) + 1), dice, validation)


def pictures(picture, counts):
    """A set that is made, of so many pictures of each class."""
    return lambda _, dice, __: made(counts, TESTS // len(counts), picture, dice)


def all_digits(sources, dice, validation):
    """All that are not for tests; for validation, 70% of them."""
    there = np.bincount(sources.digits.y)
    return sources.digits.draw(there * 7 // 10 if validation else there, dice, validation)


def imbalanced(sources, dice, validation):
    """From 200 images down to 10, each draw's classes in another order."""
    counts = dice.permutation(np.rint(np.geomspace(200, 10, 10)).astype(int))
    return sources.fashion.draw(counts, dice, validation)


def shirts(sources, dice, validation):
    return drawn(sources.fashion.only(SHIRTS), 50, dice, validation)


def halves(sources, dice, validation):
    return drawn(sources.fashion, 50, dice, validation).changed(small_pictures.halved)


def colour_digits(sources, dice, validation):
    return drawn(sources.digits, 30, dice, validation).changed(lambda images: small_pictures.coloured(images, dice))


FASHION = "Fashion-MNIST, drawn at random from its training images; the tests are its 10,000 test images"
SETS = {
    "fashion-10": SmallSet(FASHION, evenly(lambda sources: sources.fashion, 10)),
    "fashion-100": SmallSet(FASHION, evenly(lambda sources: sources.fashion, 100)),
    "fashion-500": SmallSet(FASHION, evenly(lambda sources: sources.fashion, 500)),
    "digits": SmallSet(
        "scikit-learn's digits, 30% of each class kept for tests, the same ones in every draw: draws differ by the "
        "order of the images and by what is random in a contender",
        all_digits,
    ),
    "drawn-garments": SmallSet(
        "the garments that modiste draws; the tests are their 2,000 test images",
        evenly(lambda sources: sources.garments, 50),
    ),
    "colour-shapes": SmallSet(
        "shapes in colour, as `colour_shapes.py` draws them", pictures(small_pictures.colour_shape, [30] * 10)
    ),
    "letters": SmallSet("26 letters, turned and shifted, in noise", pictures(small_pictures.letter, [20] * 26)),
    "discs-rings": SmallSet("discs and rings in noise", pictures(small_pictures.disc_or_ring, [50] * 2)),
    "stains": SmallSet(
        "cloth without and with a stain, 20 to 1; the tests are balanced", pictures(small_pictures.defect, [400, 20])
    ),
    "textures": SmallSet("textures in colour", pictures(small_pictures.texture, [30] * 6)),
    "bumps": SmallSet("arrangements of bumps in noise", pictures(small_pictures.bumps, [20] * 6)),
    "stripes": SmallSet("stripes at eight angles", pictures(small_pictures.stripes, [40] * 8)),
    "digits-5": SmallSet(
        "five of each of scikit-learn's digits, with the same tests as of `digits`",
        evenly(lambda sources: sources.digits, 5),
    ),
    "fashion-shirts": SmallSet("T-shirts and shirts of Fashion-MNIST, with all test images of the two", shirts),
    "fashion-imbalanced": SmallSet(
        "Fashion-MNIST, classes from 200 images down to 10; the tests are its 10,000 test images", imbalanced
    ),
    "fashion-14": SmallSet("Fashion-MNIST at half its size", halves),
    "colour-digits": SmallSet("scikit-learn's digits, enlarged, in a colour on a noisy ground", colour_digits),
    "arrows": SmallSet(
        "arrows to the left and to the right, each the other's mirror image", pictures(small_pictures.arrow, [60] * 2)
    ),
}
