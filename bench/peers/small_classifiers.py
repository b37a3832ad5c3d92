"""Learns from a small set of images as people do in ten lines, and tells how it does on the tests."""

import argparse
import importlib.metadata
import json
import platform
import time

import numpy as np


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("classifier", choices=CLASSIFIERS)
    parser.add_argument("draw", help="an .npz file of x_train, y_train, x_test, y_test, images of bytes")
    parser.add_argument("--seed", type=int, default=0, help="of what is random in the classifier")
    parser.add_argument("--threads", type=int, default=2, help="so many, at most")
    options = parser.parse_args()

    draw = np.load(options.draw)
    x_train, x_test = (draw[name].astype(np.float32) / 255 for name in ("x_train", "x_test"))
    package, classify = CLASSIFIERS[options.classifier]
    seconds, found = classify(x_train, draw["y_train"].astype(np.int64), x_test, options.seed, options.threads)
    told = {
        "test_accuracy": float(np.mean(found == draw["y_test"])),
        "wall_seconds": seconds,
        "threads": options.threads,
        "software": f"{package} {importlib.metadata.version(package)}, Python {platform.python_version()}",
    }
    print(json.dumps(told))


def support_vectors(x_train, y_train, x_test, seed, threads):
    from sklearn.svm import SVC

    return scikit_learn(SVC(C=10, gamma="scale", random_state=seed), x_train, y_train, x_test, threads)


def forest(x_train, y_train, x_test, seed, threads):
    from sklearn.ensemble import RandomForestClassifier

    classifier = RandomForestClassifier(300, n_jobs=threads, random_state=seed)
    return scikit_learn(classifier, x_train, y_train, x_test, threads)


def logistic(x_train, y_train, x_test, seed, threads):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=seed))
    return scikit_learn(classifier, x_train, y_train, x_test, threads)


def scikit_learn(classifier, x_train, y_train, x_test, threads):
    """Seconds, and the classes of the tests."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads):
        started = time.perf_counter()
        classifier.fit(x_train.reshape(len(x_train), -1), y_train)
        found = classifier.predict(x_test.reshape(len(x_test), -1))
    return time.perf_counter() - started, found


EPOCHS = 200
PATIENCE = 10
BATCH = 32


def convolutional(x_train, y_train, x_test, seed, threads):
    """A small network, stopped when the loss on a fifth of the training images has not fallen for ten epochs. It keeps
    the weights of the best epoch."""
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    started = time.perf_counter()
    x_train, x_test = (torch.from_numpy(channels_first(images)) for images in (x_train, x_test))
    y_train = torch.from_numpy(y_train)
    channels, height, width = x_train.shape[1:]
    network = nn.Sequential(
        *[nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Flatten(), nn.Linear(64 * (height // 4) * (width // 4), 128), nn.ReLU(), nn.Dropout(0.5)],
        nn.Linear(128, int(y_train.max()) + 1),
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)

    order = torch.randperm(len(y_train))
    held_out, learned = order[: len(order) // 5], order[len(order) // 5 :]
    least, best, since = float("inf"), network.state_dict(), 0
    for _ in range(EPOCHS):
        network.train()
        for batch in learned[torch.randperm(len(learned))].split(BATCH):
            optimiser.zero_grad()
            cross_entropy(network(x_train[batch]), y_train[batch]).backward()
            optimiser.step()
        network.eval()
        with torch.no_grad():
            loss = cross_entropy(network(x_train[held_out]), y_train[held_out]).item()
        if loss < least:
            least, since = loss, 0
            best = {name: value.clone() for name, value in network.state_dict().items()}
        else:
            since += 1
        if since == PATIENCE:
            break

    network.load_state_dict(best)
    with torch.no_grad():
        found = torch.cat([network(part).argmax(1) for part in x_test.split(500)]).numpy()
    return time.perf_counter() - started, found


def channels_first(images):
    """Images [n, channels, height, width]."""
    return np.ascontiguousarray(np.moveaxis(images, 3, 1)) if images.ndim == 4 else images[:, None]


CLASSIFIERS = {
    "svm": ("scikit-learn", support_vectors),
    "forest": ("scikit-learn", forest),
    "logistic": ("scikit-learn", logistic),
    "convolutional": ("torch", convolutional),
}

if __name__ == "__main__":
    main()
