"""A set of colour images to try recipes on: ten shapes on 32 × 32, in IDX files."""

import math
import random
import struct

SIDE = 32
COUNTS = {"train": 6000, "t10k": 2000}

# Each shape says of a place, relative to its centre and in units of its size, whether it covers it.
SHAPES = [
    lambda x, y: x * x + y * y < 1,  # disc
    lambda x, y: 0.45 < x * x + y * y < 1,  # ring
    lambda x, y: max(abs(x), abs(y)) < 0.85,  # square
    lambda x, y: 0.45 < max(abs(x), abs(y)) < 0.85,  # frame
    lambda x, y: -0.8 < y < 0.8 and 2 * abs(x) < y + 0.8,  # triangle
    lambda x, y: -0.8 < y < 0.8 and 2 * abs(x) < 0.8 - y,  # the same upside down
    lambda x, y: min(abs(x), abs(y)) < 0.25 and max(abs(x), abs(y)) < 0.95,  # upright cross
    lambda x, y: min(abs(x + y), abs(x - y)) < 0.35 and max(abs(x), abs(y)) < 0.85,  # oblique cross
    lambda x, y: math.floor((y + 1) * 2.5) in (0, 2, 4) and abs(x) < 0.9,  # horizontal bars
    lambda x, y: math.floor((x + 1) * 2.5) in (0, 2, 4) and abs(y) < 0.9,  # vertical bars
]


def write(directory):
    """Writes the four files, the same ones each time, unless they are there."""
    last = directory / "t10k-labels-idx1-ubyte"
    if last.exists():
        return
    dice = random.Random(0)
    directory.mkdir(parents=True, exist_ok=True)
    for part, count in COUNTS.items():
        labels = [index % len(SHAPES) for index in range(count)]
        pixels = b"".join(picture(SHAPES[label], dice) for label in labels)
        head = struct.pack(">4B4I", 0, 0, 8, 4, count, SIDE, SIDE, 3)
        (directory / f"{part}-images-idx4-ubyte").write_bytes(head + pixels)
        (directory / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, count) + bytes(labels))


def picture(covers, dice):
    """A shape somewhere, of some size, in two random colours that differ, under noise; rows, columns, colours."""
    size = dice.uniform(6, 13)
    across, down = (dice.uniform(size, SIDE - size) for _ in range(2))
    paper = [dice.randrange(40, 216) for _ in range(3)]
    ink = [(value + dice.choice([70, 128, 186])) % 256 for value in paper]
    noise = dice.randbytes(SIDE * SIDE * 3)
    values = bytearray()
    for row in range(SIDE):
        for column in range(SIDE):
            colour = ink if covers((column + 0.5 - across) / size, (row + 0.5 - down) / size) else paper
            values.extend(
                min(255, max(0, value + noise[(row * SIDE + column) * 3 + place] // 4 - 32))
                for place, value in enumerate(colour)
            )
    return bytes(values)
