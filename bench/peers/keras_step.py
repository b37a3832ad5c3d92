"""Seconds of a training step of the VGG-like network in Keras on TensorFlow, within `fit`."""

import argparse
import os
import time

# Read when they are imported.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow
from keras import layers

import fashion
import timing


def vgg():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.5),
            layers.Conv2D(128, 3, padding="same", activation="relu"),
            layers.Conv2D(256, 3, activation="relu"),
            layers.MaxPooling2D(3),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(256),
            layers.LeakyReLU(0.3),
            layers.Dropout(0.5),
            layers.Dense(256),
            layers.LeakyReLU(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


class StepClock(keras.callbacks.Callback):
    """Seconds of each step."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_train_batch_begin(self, batch, logs=None):
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seconds.append(time.perf_counter() - self.started)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--steps", type=int, default=8, help="steps to time, after the warm-up")
    options = parser.parse_args()

    keras.utils.set_random_seed(0)
    images, labels = fashion.training((timing.WARM_UP + options.steps) * options.batch)
    network = vgg()
    network.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.Adam(learning_rate=1e-3, epsilon=1e-7),
        metrics=["accuracy"],
    )
    clock = StepClock()
    targets = keras.utils.to_categorical(labels, 10)
    network.fit(images[..., None], targets, batch_size=options.batch, epochs=1, verbose=0, callbacks=[clock])

    version = f"{keras.__version__} on TensorFlow {tensorflow.__version__}"
    # Zero stands for one on each core.
    threads = tensorflow.config.threading.get_intra_op_parallelism_threads() or os.cpu_count()
    timing.tell("Keras", version, threads, clock.seconds[timing.WARM_UP :])


if __name__ == "__main__":
    main()
