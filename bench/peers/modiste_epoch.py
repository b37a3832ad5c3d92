"""Seconds that an epoch takes modiste's Python package, with all that follows each: measuring and saving."""

import argparse

from modiste import ImageClassifier, __version__
from modiste._threads import thread_count

import fashion
import timing


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True, help="after one of warm-up")
    options = parser.parse_args()

    images = fashion.read("train", "images")[: options.images * 28 * 28].reshape(-1, 28, 28)
    labels = fashion.read("train", "labels")[: options.images]
    classifier = ImageClassifier(options.recipe, epochs=1 + options.epochs, validation=0.0, random_state=0)
    ended = classifier.fit(images, labels).history_["wall_seconds"]
    seconds = [later - earlier for earlier, later in zip(ended, ended[1:], strict=False)]
    timing.tell("modiste in Python", __version__, thread_count(None), seconds)


if __name__ == "__main__":
    main()
