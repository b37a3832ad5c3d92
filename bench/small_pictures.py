"""Pictures of classes that are made, each from random numbers of its own: u8 [height, width] or [height, width, 3]."""

import random

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

import colour_shapes

# What is drawn by lines is drawn so many times as large at first: edges become smooth.
LARGER = 4


def letter(label, dice):
    """A capital, turned, somewhere, in noise, 28 × 28."""
    side = 28
    canvas = Image.new("L", (side * LARGER, side * LARGER))
    middle = tuple(side * LARGER / 2 + dice.uniform(-6, 6, 2))
    font = ImageFont.load_default(size=dice.uniform(18, 23) * LARGER)
    ImageDraw.Draw(canvas).text(middle, chr(ord("A") + label), fill=255, font=font, anchor="mm")
    canvas = canvas.rotate(dice.uniform(-12, 12), Image.Resampling.BILINEAR).resize((side, side), Image.Resampling.BOX)
    return noisy(np.asarray(canvas) * dice.uniform(0.5, 1), 35, dice)


def disc_or_ring(label, dice):
    """0: a disc, 1: one with a hole, in noise, 24 × 24."""
    side, size = 24, dice.uniform(5, 9)
    distance = np.hypot(*(grid(side) - dice.uniform(size, side - size, (2, 1, 1)))) / size
    covered = (distance < 1) & ((label == 0) | (distance > dice.uniform(0.35, 0.6)))
    return noisy(60 + covered * dice.uniform(50, 120), 50, dice)


def defect(label, dice):
    """0: cloth, 1: cloth with a stain, which is smooth where cloth is rough, 32 × 32."""
    side = 32
    cloth = 110 + 14 * field((side, side), dice.uniform(0.6, 1.2), dice) + 12 * field((side, side), 6, dice)
    if label:
        distance = np.hypot(*(grid(side) - dice.uniform(9, side - 9, (2, 1, 1)))) / dice.uniform(4, 7)
        cloth += dice.uniform(40, 90) * np.exp(-(distance**2))
    return noisy(cloth, 10, dice)


# Rows and columns over which each texture is smooth, and what its colours tend to.
TEXTURES = [((4, 4), 0), ((1.2, 1.2), 1), ((1, 5), 2), ((5, 1), 3), ((2, 2), 4), ((2, 2), 5)]


def texture(label, dice):
    """One of six textures in colour, 64 × 64: coarse, fine, of grain across and down, spots, and veins."""
    side = 64
    smooth, hue = TEXTURES[label]
    values = field((side, side), np.array(smooth) * dice.uniform(0.8, 1.25), dice)
    if label == 4:
        values = 2.0 * (values > 0.8) - 0.5
    if label == 5:
        values = 1.5 - 3.0 * np.minimum(np.abs(values), 1)
    ground, other = dice.uniform(80, 176, 3), dice.uniform(-40, 40, 3)
    ground += 40 * np.cos(2 * np.pi * (hue / len(TEXTURES) + np.arange(3) / 3))
    return noisy(ground + values[..., None] * other, 20, dice)


def bumps(label, dice):
    """One of six arrangements of bumps, shifted and bent, in noise, 12 × 12 grey."""
    side = 12
    places = np.random.default_rng(label).uniform(2, side - 2, (4, 2))
    places = places + dice.uniform(-1.5, 1.5, 2) + dice.normal(0, 0.7, places.shape)
    distances = [((grid(side) - place[:, None, None]) ** 2).sum(0) for place in places]
    return noisy(40 + dice.uniform(70, 150) * sum(np.exp(-distance / 3) for distance in distances), 35, dice)


def stripes(label, dice):
    """Stripes at one of eight angles, of any width and two colours, 16 × 16."""
    side = 16
    angle = np.pi * (label + dice.uniform(-0.3, 0.3)) / 8
    along = np.tensordot([np.sin(angle), np.cos(angle)], grid(side) - side / 2, 1)
    wave = np.sin(2 * np.pi * (along / dice.uniform(6, 9) + dice.uniform(-0.25, 0.25)))
    ground, other = dice.uniform(60, 196, 3), dice.uniform(0, 50, 3)
    return noisy(ground + wave[..., None] * other, 42, dice)


def arrow(label, dice):
    """An arrow to the left (0) or to the right (1), in noise, 20 × 20: each is the other's mirror image."""
    side = 20
    canvas = Image.new("L", (side * LARGER, side * LARGER))
    half, head = dice.uniform(5, 8) * LARGER, dice.uniform(2.5, 5) * LARGER
    middle, height = side * LARGER / 2 + dice.uniform(-6, 6), side * LARGER / 2 + dice.uniform(-14, 14)
    tip = middle + half
    draw = ImageDraw.Draw(canvas)
    draw.line([(middle - half, height), (tip, height)], fill=255, width=6)
    draw.line([(tip - head, height - head), (tip, height), (tip - head, height + head)], fill=255, width=6)
    canvas = canvas.rotate(dice.uniform(-25, 25), Image.Resampling.BILINEAR).resize((side, side), Image.Resampling.BOX)
    pixels = np.asarray(canvas) if label else np.asarray(canvas)[:, ::-1]
    return noisy(30 + pixels * dice.uniform(0.3, 0.8), 35, dice)


def colour_shape(label, dice):
    """A shape in colour, 32 × 32, of `colour_shapes`."""
    side = colour_shapes.SIDE
    pixels = colour_shapes.picture(colour_shapes.SHAPES[label], random.Random(int(dice.integers(2**63))))
    return np.frombuffer(pixels, np.uint8).reshape(side, side, 3)


def halved(images):
    """Images of half the side."""
    count, height, width = images.shape
    return np.rint(images.reshape(count, height // 2, 2, width // 2, 2).mean((2, 4))).astype(np.uint8)


def coloured(images, dice):
    """Grey images, enlarged to 32 × 32, in one colour on a noisy ground of another."""
    return np.stack([in_colour(image, dice) for image in images])


def in_colour(image, dice):
    side = 32
    enlarged = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)) / 255
    ground = dice.uniform(30, 110, 3) + 12 * np.stack([field((side, side), 3, dice) for _ in range(3)], axis=-1)
    ink = dice.uniform(20, 120, 3)
    return noisy(ground + enlarged[..., None] * ink, 25, dice)


def grid(side):
    """Rows and columns of an image's pixels, [2, side, side]."""
    return np.mgrid[:side, :side] + 0.5


def field(shape, smooth, dice):
    """Random values of deviation 1, smooth over so many rows and columns."""
    values = gaussian_filter(dice.normal(size=shape), smooth, mode="wrap")
    return (values - values.mean()) / values.std()


def noisy(values, deviation, dice):
    """Values under noise, as bytes."""
    return np.clip(np.rint(values + dice.normal(0, deviation, np.shape(values))), 0, 255).astype(np.uint8)
