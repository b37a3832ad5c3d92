"""Writes test images of Fashion-MNIST as PNG files, as somebody may have them."""

import argparse
import json
import pathlib

from PIL import Image

import fashion


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000, help="so many, the first")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="a directory, which is made")
    options = parser.parse_args()

    options.out.mkdir()
    images = fashion.everything()[0][fashion.TRAINING_IMAGES :][: options.images]
    for number, image in enumerate(images):
        Image.fromarray(image.reshape(28, 28)).save(options.out / f"{number:05}.png")
    print(json.dumps({"images": len(images)}))


if __name__ == "__main__":
    main()
