"""Seconds of a training step of the VGG-like network in PyTorch, in fp32 and channels-last unless told otherwise."""

import argparse

import torch
from torch import nn
from torch.nn import functional

import fashion
import timing

BATCHES = 10


def vgg():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.5),
        nn.Conv2d(64, 128, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(128, 256, 3),
        nn.ReLU(),
        nn.MaxPool2d(3),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(256 * 4 * 4, 256),
        nn.LeakyReLU(0.3),
        nn.Dropout(0.5),
        nn.Linear(256, 256),
        nn.LeakyReLU(0.3),
        nn.Linear(256, 10),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--steps", type=int, default=8, help="steps to time, after the warm-up")
    parser.add_argument("--nchw", action="store_true", help="channels first")
    parser.add_argument("--compile", action="store_true", help="by way of torch.compile")
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
    options = parser.parse_args()

    torch.manual_seed(0)
    layout = torch.contiguous_format if options.nchw else torch.channels_last
    images, labels = (torch.from_numpy(array) for array in fashion.training(BATCHES * options.batch))
    batches = [
        (x.unsqueeze(1).contiguous(memory_format=layout), y)
        for x, y in zip(images.split(options.batch), labels.split(options.batch), strict=True)
    ]
    network = vgg().to(memory_format=layout)
    forward = torch.compile(network) if options.compile else network
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-7)

    def step(number):
        x, y = batches[number % BATCHES]
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            logits = forward(x)
        functional.cross_entropy(logits.float(), y).backward()
        optimiser.step()

    seconds = timing.timed(step, options.steps)
    timing.tell("PyTorch", torch.__version__, torch.get_num_threads(), seconds)


if __name__ == "__main__":
    main()
