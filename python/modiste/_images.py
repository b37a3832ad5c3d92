"""From arrays as people have them to images as the library has them: `(n, height, width, channels)`, a byte a value."""

import math

import numpy as np

# The smallest and the largest value of floats, and what they are called.
_RANGES = [((0.0, 1.0), "[0, 1]"), ((-1.0, 1.0), "[-1, 1]"), ((0.0, 255.0), "[0, 255]")]


class Range:
    """The values of arrays that become the bytes 0 and 255; those between become the nearest byte."""

    def __init__(self, low, high, name=None):
        self.low, self.high = float(low), float(high)
        self.name = name or f"[{self.low:g}, {self.high:g}]"

    @classmethod
    def of(cls, array):
        """The range that values have: of bytes 0 to 255, of floats one of the usual, else from the least to the largest."""
        if array.dtype == np.uint8 or array.size == 0:
            return cls(0, 255)
        low, high = float(array.min()), float(array.max())
        if array.dtype == bool:
            return cls(0, 1)
        usual = _RANGES if array.dtype.kind == "f" else _RANGES[2:]
        for (least, largest), name in usual:
            if least <= low and high <= largest:
                return cls(least, largest, name)
        return cls(low, high)

    def bytes_of(self, array):
        """The array as bytes; the same one where it is of bytes already."""
        if array.dtype == np.uint8:
            return array
        span = self.high - self.low
        if (self.low, span) == (0.0, 255.0):
            return np.rint(np.clip(array, 0, 255)).astype(np.uint8)
        scaled = (array.astype(np.float64) - self.low) * (255.0 / span if span > 0 else 0.0)
        return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def shape_of(array, image_shape=None):
    """Height, width and channels of the images of an array of rows or of images.

    Rows without a shape are square images, grey or of red, green and blue, or else as many pixels beside each other.
    """
    if array.ndim == 3:
        return (*array.shape[1:], 1)
    if array.ndim == 4:
        return array.shape[1:]
    values = array.shape[1]
    if image_shape is not None:
        shape = tuple(int(size) for size in image_shape)
        shape = shape if len(shape) == 3 else (*shape, 1)
        if math.prod(shape) != values:
            raise ValueError(
                f"image_shape is {image_shape}, and rows have {values} values: give height, width and channels"
            )
        return shape
    for channels in (1, 3):
        side = math.isqrt(values // channels)
        if side * side * channels == values:
            return (side, side, channels)
    return (1, values, 1)


def images_of(array, shape, pixel_range):
    """Images of this shape as the library has them, where they lie if they are such already."""
    return np.ascontiguousarray(pixel_range.bytes_of(array).reshape(len(array), *shape))
