"""Seconds of an epoch of the multi-layer perceptron in PyTorch: shuffled, all images scaled and in memory."""

import argparse

import torch
from torch import nn
from torch.nn import functional

import fashion
import timing


def mlp():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(28 * 28, 256),
        nn.LeakyReLU(0.3),
        nn.Dropout(0.4),
        nn.Linear(256, 512),
        nn.LeakyReLU(0.3),
        nn.Dropout(0.4),
        nn.Linear(512, 100),
        nn.LeakyReLU(0.3),
        nn.Dropout(0.5),
        nn.Linear(100, 10),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--epochs", type=int, default=2, help="epochs to time, after one of warm-up")
    parser.add_argument("--fused", action="store_true", help="with PyTorch's fused Adam")
    options = parser.parse_args()

    torch.manual_seed(0)
    images, labels = (torch.from_numpy(array) for array in fashion.training(options.images))
    network = mlp()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-7, fused=options.fused)

    def epoch(_number):
        for chosen in torch.randperm(options.images).split(options.batch):
            optimiser.zero_grad()
            functional.cross_entropy(network(images[chosen]), labels[chosen]).backward()
            optimiser.step()

    seconds = timing.timed(epoch, options.epochs, warm_up=1)
    timing.tell("PyTorch", torch.__version__, torch.get_num_threads(), seconds)


if __name__ == "__main__":
    main()
