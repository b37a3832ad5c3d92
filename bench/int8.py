"""What is left of a network's accuracy in int8, by ONNX Runtime's own quantiser.

    python bench/int8.py NETWORK.onnx FASHION_MNIST_DIRECTORY

The network takes float images [n, 1, 28, 28]. It is calibrated by 500 training images and measured on all test images.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from fine_tuning import read

CALIBRATED_BY = 500
AT_ONCE = 100


class Images(CalibrationDataReader):
    def __init__(self, images):
        self.batches = iter(np.split(images, len(images) // AT_ONCE))

    def get_next(self):
        batch = next(self.batches, None)
        return None if batch is None else {"images": batch}


def floats(images):
    return images[:, None].astype(np.float32)


def accuracy(path, images, labels):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    batches = np.split(images, len(images) // AT_ONCE)
    predicted = np.concatenate([session.run(["logits"], {"images": batch})[0].argmax(1) for batch in batches])
    return (predicted == labels).mean()


def main(network, directory):
    images, labels = floats(read(directory, "t10k-images-idx3-ubyte")), read(directory, "t10k-labels-idx1-ubyte")
    train = floats(read(directory, "train-images-idx3-ubyte")[:CALIBRATED_BY])
    with tempfile.TemporaryDirectory() as world:
        prepared, quantised = Path(world) / "prepared.onnx", Path(world) / "int8.onnx"
        quant_pre_process(network, prepared, skip_symbolic_shape=True)
        quantize_static(prepared, quantised, Images(train), per_channel=True, weight_type=QuantType.QInt8)
        for name, path in [("f32", network), ("int8", quantised)]:
            found = accuracy(path, images, labels)
            print(f"{name}: accuracy {found:.4f} on {len(images):,} test images, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
