"""Reads what modiste writes for TensorBoard with TensorBoard's own code.

python tensorboard_files.py PROGRAM     trains shortly with this modiste, and makes a map
"""

import io
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import PIL.Image
from tensorboard.backend.event_processing import data_provider, plugin_event_accumulator, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups
from tensorboard.plugins.projector import projector_plugin
from tensorboard.util import tensor_util
from werkzeug.test import Client

EPOCHS, MORE = 3, 5
SCALARS = {
    "loss/train": "train_loss",
    "loss/validation": "validation_loss",
    "accuracy/train": "train_accuracy",
    "accuracy/validation": "validation_accuracy",
    "learning_rate": "learning_rate",
    "images_per_second": "images_per_second",
}


def run(program, *words):
    subprocess.run([program, *words, "--quiet"], check=True, stdout=subprocess.DEVNULL)


def read(directory):
    accumulator = plugin_event_accumulator.EventAccumulator(str(directory), size_guidance={"tensors": 0})
    accumulator.Reload()
    return accumulator


def numbers(accumulator, tag):
    """Steps and values, each exactly as it is in the file."""
    events = accumulator.Tensors(tag)
    return [event.step for event in events], [tensor_util.make_ndarray(event.tensor_proto).item() for event in events]


def check_scalars(directory, epochs):
    accumulator = read(directory)
    lines = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    for tag, field in SCALARS.items():
        steps, values = numbers(accumulator, tag)
        assert steps == list(range(1, epochs + 1)), (tag, steps)
        assert values == [np.float32(line[field]) for line in lines], tag
    result = json.loads((directory / "result.json").read_text())
    for tag, field in [("loss/test", "test_loss"), ("accuracy/test", "test_accuracy")]:
        assert numbers(accumulator, tag) == ([epochs], [np.float32(result[field])]), tag
    return accumulator, result


def check_histograms(accumulator, result, epochs):
    tags = [tag for tag in accumulator.Tags()["tensors"] if tag.startswith(("weights/", "gradients/"))]
    assert len(tags) == len(set(tags)) >= 8
    for group in ["weights", "gradients"]:
        for step in range(epochs):
            counted = 0
            for tag in tags:
                if tag.startswith(group):
                    content = accumulator.SummaryMetadata(tag).plugin_data
                    assert content.plugin_name == "histograms", tag
                    event = accumulator.Tensors(tag)[step]
                    buckets = tensor_util.make_ndarray(event.tensor_proto)
                    assert event.step == step + 1 and (buckets[:, 0] <= buckets[:, 1]).all(), tag
                    counted += buckets[:, 2].sum()
            assert counted == result["parameters"], (group, step, counted)


def check_pictures(accumulator):
    for tag in ["confusion", "mistakes"]:
        (event,) = accumulator.Tensors(tag)
        width, height, encoded = tensor_util.make_ndarray(event.tensor_proto)
        picture = PIL.Image.open(io.BytesIO(encoded))
        assert picture.size == (int(width), int(height)), tag
        assert len(picture.getcolors(1 << 20)) > 10, tag


def check_hyperparameters(runs, results):
    """Both seeds stand beside each other in the HParams tab, with what they came to."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(runs))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(runs))
    context = backend_context.Context(base_plugin.TBContext(data_provider=provider, logdir=str(runs)))
    request = RequestContext()
    experiment = context.experiment_from_metadata(
        request, "", True, context.hparams_metadata(request, ""), context.hparams_from_data_provider(request, "", 100)
    )
    shown = {info.name for info in experiment.hparam_infos}
    assert "training.seed" in shown, shown
    order = api_pb2.ListSessionGroupsRequest(
        slice_size=10, allowed_statuses=[api_pb2.STATUS_SUCCESS], include_metrics=True
    )
    order.col_params.add(hparam="training.seed", include_in_result=True)
    order.col_params.add(hparam="optimiser.type", include_in_result=True)
    order.col_params.add(metric=api_pb2.MetricName(tag="accuracy/test"))
    answer = list_session_groups.Handler(request, context, "", order).run()
    found = {}
    for group in answer.session_groups:
        (session,) = group.sessions
        values = {metric.name.tag: metric.value for metric in session.metric_values}
        found[group.hparams["training.seed"].number_value] = values["accuracy/test"]
        assert session.end_time_secs >= session.start_time_secs > 1e9
    assert found == {result["seed"]: np.float32(result["test_accuracy"]) for result in results}, found


def check_projector(directory, count):
    plugin = projector_plugin.ProjectorPlugin(base_plugin.TBContext(logdir=str(directory)))
    client = Client(lambda environ, answer: plugin.get_plugin_apps()[environ["PATH_INFO"]](environ, answer))

    def ask(path):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status)
        return answer.data

    (embedding,) = json.loads(ask("/info?run=."))["embeddings"]
    rows, columns = embedding["tensorShape"]
    assert (rows, columns) == (count, 784)
    query = f"run=.&name={embedding['tensorName']}"
    points = np.frombuffer(ask(f"/tensor?{query}"), np.float32).reshape(rows, columns)
    lines = ask(f"/metadata?{query}").decode().splitlines()
    assert lines[0] == "index\tlabel\tpredicted" and len(lines) == 1 + count
    picture = np.asarray(PIL.Image.open(io.BytesIO(ask(f"/sprite_image?{query}"))).convert("L"))
    width, height = embedding["sprite"]["singleImageDim"]
    across = picture.shape[1] // width
    assert across == math.ceil(math.sqrt(count))
    # Points are pixels, so each image of the picture is its point.
    for place, point in enumerate(points):
        top, left = place // across * height, place % across * width
        assert (picture[top : top + height, left : left + width].ravel() == point).all(), place


def main():
    program = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as directory:
        runs = Path(directory) / "runs"
        small = ["--data", "drawn-garments", "--limit", "600"]
        run(
            program, "train", "seed-mlp", *small, "--epochs", str(EPOCHS), "--seeds", "2", "--out", runs, "--histograms"
        )
        results = []
        for seed in range(2):
            accumulator, result = check_scalars(runs / f"seed-{seed}", EPOCHS)
            check_histograms(accumulator, result, EPOCHS)
            check_pictures(accumulator)
            results.append(result)
        check_hyperparameters(runs, results)

        run(program, "train", "--resume", runs / "seed-1", "--epochs", str(MORE), "--histograms")
        accumulator, result = check_scalars(runs / "seed-1", MORE)
        check_histograms(accumulator, result, MORE)
        check_pictures(accumulator)
        check_hyperparameters(runs, [results[0], result])

        points = Path(directory) / "map"
        embed = ["--data", "drawn-garments", "--samples", "50", "--iterations", "20"]
        run(program, "embed", *embed, "--projector", "--out", points)
        check_projector(points, 50)
    print("TensorBoard reads what modiste writes: scalars, histograms, pictures, hyperparameters, points")


if __name__ == "__main__":
    main()
