"""Writes Fashion-MNIST as what t-SNE takes: a matrix of pixels with an image in each row, and the labels."""

import argparse
import json

import numpy as np

import fashion

TRAINING_IMAGES = 60_000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000, help="so many, the first of training and test")
    parser.add_argument("--drawn", action="store_true", help="drawn at random from the training images instead")
    parser.add_argument("--matrix", required=True, help="the .npy file to write, f32 [images, 784] from 0 to 255")
    parser.add_argument("--labels", required=True, help="the .npy file to write, u8 [images]")
    options = parser.parse_args()

    images, labels = fashion.everything()
    chosen = slice(options.images)
    if options.drawn:
        chosen = np.random.RandomState(0).choice(TRAINING_IMAGES, options.images)
    np.save(options.matrix, images[chosen].astype(np.float32))
    np.save(options.labels, labels[chosen])
    print(json.dumps({"images": len(labels[chosen])}))


if __name__ == "__main__":
    main()
