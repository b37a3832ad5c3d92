"""Real clients against `modiste serve`: Triton's, KServe's, and schemathesis, which sends what the OpenAPI file allows.

python serving.py PROGRAM [EXAMPLES]     EXAMPLES requests by schemathesis for each operation, by default 30
"""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tritonclient.http as triton
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

NAME = "garments"


@contextmanager
def server(program, run, *flags):
    """A server on a port that is free; gives its address."""
    command = [program, "serve", run, "--addr", "127.0.0.1:0", "--name", NAME, "--json", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield json.loads(process.stdout.readline())["address"]
    finally:
        process.terminate()
        assert process.wait(30) == 0, "the server ends well"


def images(count):
    return np.random.default_rng(2017).integers(0, 256, (count, 1, 28, 28)).astype(np.float32)


def by_triton(address):
    """Metadata, inference in each form, classification, statistics; gives the logits of the images."""
    client = triton.InferenceServerClient(address.removeprefix("http://"))
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(NAME)
    assert client.get_server_metadata()["name"] == "modiste"
    metadata = client.get_model_metadata(NAME)
    assert metadata["inputs"][0] == {"name": "images", "datatype": "FP32", "shape": [-1, 1, 28, 28]}
    config = client.get_model_config(NAME)
    assert config["input"][0]["dims"] == [1, 28, 28] and config["max_batch_size"] > 1
    assert [model["name"] for model in client.get_model_repository_index()] == [NAME]
    pixels, found = images(5), []
    for binary_input in [True, False]:
        for binary_output in [True, False]:
            tensor = triton.InferInput("images", list(pixels.shape), "FP32")
            tensor.set_data_from_numpy(pixels, binary_data=binary_input)
            outputs = [
                triton.InferRequestedOutput(name, binary_data=binary_output) for name in ["logits", "probabilities"]
            ]
            answer = client.infer(NAME, [tensor], outputs=outputs, request_id="seven")
            assert answer.get_response()["id"] == "seven"
            assert np.allclose(answer.as_numpy("probabilities").sum(axis=1), 1, atol=1e-5)
            found.append(answer.as_numpy("logits"))
    assert all(np.array_equal(found[0], other) for other in found), "each form has the same bits"
    # Without a word about outputs the client takes all of them, in binary.
    assert np.array_equal(client.infer(NAME, [tensor], model_version="1").as_numpy("logits"), found[0])
    for binary in [True, False]:
        wanted = triton.InferRequestedOutput("probabilities", binary_data=binary, class_count=2)
        classes = client.infer(NAME, [tensor], outputs=[wanted]).as_numpy("probabilities")
        assert classes.shape == (5, 2)
        for row, logits in zip(classes, found[0], strict=True):
            text = row[0].decode() if isinstance(row[0], bytes) else row[0]
            score, index, _ = text.split(":", 2)
            assert int(index) == logits.argmax() and 0 < float(score) <= 1, text
    statistics = client.get_inference_statistics(NAME)["model_stats"][0]
    assert statistics["inference_stats"]["success"]["count"] == 7 and statistics["inference_count"] == 35
    try:
        client.infer("nothing", [tensor])
    except triton.InferenceServerException as error:
        assert "there is no model nothing" in str(error)
    else:
        raise AssertionError("a model that is not there answers")
    print("tritonclient: metadata, JSON and binary tensors, classification, statistics")
    return found[0]


async def by_kserve(address, logits):
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=1))
    assert await client.is_server_live(address) and await client.is_server_ready(address)
    assert await client.is_model_ready(address, NAME)
    for binary in [True, False]:
        tensor = InferInput("images", [5, 1, 28, 28], "FP32")
        tensor.set_data_from_numpy(images(5), binary_data=binary)
        answer = await client.infer(address, InferRequest(NAME, [tensor], request_id="eight"), model_name=NAME)
        assert answer.id == "eight" and answer.model_name == NAME
        outputs = {output.name: output.as_numpy() for output in answer.outputs}
        assert np.array_equal(outputs["logits"].reshape(logits.shape), logits), "the same bits as Triton's client has"
    await client.close()
    print("kserve: readiness, JSON and binary tensors")


def by_schemathesis(address, examples):
    """Whatever the document allows, and what it does not: no answer is the server's fault, and each is as it says."""
    tool = Path(sys.executable).with_name("schemathesis")
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [tool, "run", f"{address}/openapi.json", "--checks", checks, "--max-examples", str(examples)]
    done = subprocess.run([*command, "--seed", "2017"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    print("schemathesis:", *re.findall(r"^.*(?:passed|generated).*$", done.stdout, re.M)[-2:])
    assert json.load(urllib.request.urlopen(f"{address}/v2/health/ready")) == {"ready": True}


def main(program, examples):
    with tempfile.TemporaryDirectory() as world:
        run = Path(world) / "run"
        train = [program, "train", "seed-mlp", "--data", "drawn-garments", "--epochs", "1", "--limit", "1000"]
        subprocess.run([*train, "--out", run, "--quiet"], check=True, capture_output=True)
        with server(program, run) as address:
            logits = by_triton(address)
            asyncio.run(by_kserve(address, logits))
            by_schemathesis(address, examples)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [program]:
            main(Path(program).resolve(), 30)
        case [program, examples]:
            main(Path(program).resolve(), int(examples))
        case _:
            sys.exit(__doc__)
