"""Seconds in which ONNX Runtime classifies a batch with the VGG-like network, up to the logits."""

import argparse
import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import fashion
import timing

# Of the file format and its operators: old enough for any runtime of the last years.
IR_VERSION, OPERATOR_SET = 8, 17


def vgg():
    """The network as an ONNX model with random weights, serialised."""
    random = np.random.default_rng(0)
    nodes, weights = [], []

    def add(operator, weight_shape=None, **attributes):
        """Appends a node that reads the one before; with weights and bias where a shape is given."""
        name = f"{operator.lower()}{len(nodes)}"
        inputs = [nodes[-1].output[0] if nodes else "images"]
        if weight_shape is not None:
            fan_in = int(np.prod(weight_shape[1:]))
            weight = random.normal(0, (2 / fan_in) ** 0.5, weight_shape).astype(np.float32)
            bias = np.zeros(weight_shape[0], np.float32)
            for suffix, values in (("weight", weight), ("bias", bias)):
                weights.append(numpy_helper.from_array(values, f"{name}_{suffix}"))
                inputs.append(f"{name}_{suffix}")
        nodes.append(helper.make_node(operator, inputs, [name], **attributes))

    def conv(inputs, outputs, padding):
        add("Conv", (outputs, inputs, 3, 3), kernel_shape=[3, 3], pads=[padding] * 4)
        add("Relu")

    def max_pool(size):
        add("MaxPool", kernel_shape=[size, size], strides=[size, size])

    def dense(inputs, outputs):
        add("Gemm", (outputs, inputs), transB=1)

    conv(1, 32, padding=1)
    conv(32, 64, padding=1)
    max_pool(2)
    conv(64, 128, padding=1)
    conv(128, 256, padding=0)
    max_pool(3)
    add("Flatten")
    dense(256 * 4 * 4, 256)
    add("LeakyRelu", alpha=0.3)
    dense(256, 256)
    add("LeakyRelu", alpha=0.3)
    dense(256, 10)

    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, 28, 28])
    logits = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, ["batch", 10])
    graph = helper.make_graph(nodes, "vgg", [images], [logits], weights)
    opset = [helper.make_opsetid("", OPERATOR_SET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def thread_count():
    """Threads of this process, where the system says."""
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--steps", type=int, default=8, help="batches to time, after the warm-up")
    options = parser.parse_args()

    images = fashion.training(options.batch)[0][:, None]
    before = thread_count()
    session = onnxruntime.InferenceSession(vgg(), providers=["CPUExecutionProvider"])
    # The runtime does not say how many threads it computes on: those it started, and the one that calls it.
    threads = before and thread_count() - before + 1
    seconds = timing.timed(lambda _number: session.run(None, {"images": images}), options.steps)
    timing.tell("ONNX Runtime", onnxruntime.__version__, threads, seconds)


if __name__ == "__main__":
    main()
