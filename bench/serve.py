"""What serving costs: requests a second beside inference alone, latency, start, and ten minutes among broken requests.

    python bench/serve.py [--modiste PROGRAM] [--mlserver PYTHON] [--soak SECONDS] [--out FILE]

Needs no package. PYTHON is one that has mlserver and onnxruntime; without it that row is left out. Everything runs on
this machine, and what sends the requests takes its part of the cores.
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zlib

import machine
from compare import REPOSITORY, build, say
from results import put, table

HEADING = "# What serving comes to"
RECIPE = "speedrun-94"
CONNECTIONS = 64
PIXELS = 28 * 28
IDLE = 1000

PREAMBLE = """\
Written by `bench/serve.py`; nothing in it is typed by hand. One image a request over {connections} connections that \
stay open, each of which asks again when it is answered; `crates/server/examples/load.rs` asks, on the same cores. \
Rounds take turns with `modiste bench infer --recipe speedrun-94 --batch 64`, images as they are, and figures are \
medians of {rounds} rounds of {seconds} s. With no network behind it the server answers {plain} requests/s \
of this kind of client (`/v2/health/live`), which is the limit of both. Latencies at half load count from when a \
request was due."""


def target():
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "release"


class Load:
    """Sends requests by the program beside the server."""

    def __init__(self, program, world):
        self.program = program
        pixels = [float(pixel % 256) for pixel in range(PIXELS)]
        tensor = {"name": "images", "shape": [1, 1, 28, 28], "datatype": "FP32"}
        binary = {"parameters": {"binary_data_output": True}}
        head = json.dumps({**binary, "inputs": [{**tensor, "parameters": {"binary_data_size": 4 * PIXELS}}]}).encode()
        self.head = f"Inference-Header-Content-Length: {len(head)}"
        self.bodies = {
            "binary": head + struct.pack(f"<{PIXELS}f", *pixels),
            "json": json.dumps({"inputs": [{**tensor, "data": pixels}]}).encode(),
            "png": png(28, 28, bytes(pixel % 256 for pixel in range(PIXELS))),
        }
        self.files = {}
        for name, body in self.bodies.items():
            self.files[name] = world / f"request.{name}"
            self.files[name].write_bytes(body)

    def run(self, address, kind, seconds, rate=0, model="net"):
        """What came of `seconds` of requests of a kind, `rate` a second or as many as are answered."""
        path = "/v1/predict" if kind == "png" else f"/v2/models/{model}/infer"
        heads = {"binary": [self.head], "json": ["Content-Type: application/json"], "png": ["Content-Type: image/png"]}
        file, headers = (self.files[kind], heads[kind]) if kind != "none" else ("-", [])
        path = path if kind != "none" else "/v2/health/live"
        command = [self.program, address, path, file, CONNECTIONS, seconds, rate, *headers]
        done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        assert rate or found["failed"] == 0, f"{kind}: {found}"
        return found


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, pixels):
    rows = b"".join(b"\0" + pixels[row * width : (row + 1) * width] for row in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def free_port():
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return any_port.getsockname()[1]


@contextlib.contextmanager
def serving(program, run, *flags):
    """A server: its address, its process, and the seconds from its start until it was ready."""
    address = f"127.0.0.1:{free_port()}"
    begin = time.monotonic()
    command = [program, "serve", run, "--addr", address, "--name", "net", "--quiet", *flags]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield address, process, wait_until_ready(address, begin)
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(address, begin, pause=0.001):
    """Seconds since `begin`, when the server says that it is ready."""
    while time.monotonic() < begin + 120:
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"http://{address}/v2/health/ready", timeout=5).close()
            return time.monotonic() - begin
        time.sleep(pause)
    raise TimeoutError(f"nothing is ready at {address}")


@contextlib.contextmanager
def mlserver(python, network, world):
    """MLServer with the runtime beside this file; gives its address."""
    port = free_port()
    ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    quiet = {"debug": False, "parallel_workers": 0, "host": "127.0.0.1"}
    (world / "settings.json").write_text(json.dumps({**ports, **quiet}))
    model = {"name": "net", "implementation": "mlserver_onnx.Network", "parameters": {"uri": str(network)}}
    batching = {"max_batch_size": 64, "max_batch_time": 0.002}
    (world / "model-settings.json").write_text(json.dumps({**model, **batching}))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "bench" / "peers")}
    command = [pathlib.Path(python).with_name("mlserver"), "start", world]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"127.0.0.1:{port}"
        wait_until_ready(address, time.monotonic(), pause=0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


def resident(process):
    """Bytes of memory that a process has now."""
    lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


class Broken(threading.Thread):
    """Sends what no client should, again and again, a few times a second, until it is stopped."""

    def __init__(self, address, load):
        super().__init__(daemon=True)
        self.address, self.load, self.stop, self.sent = address, load, threading.Event(), 0

    def run(self):
        idle = []
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 30000, 30000, 8, 0, 0, 0, 0))
        bomb += chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        infer, predict = "/v2/models/net/infer", "/v1/predict"
        wrong = self.load.bodies["json"].replace(b"[1, 1, 28, 28]", b"[1, 28, 28, 1]")
        bodies = [(infer, wrong), (infer, b"["), (infer, b"[" * 100_000), (predict, bomb), (predict, b"no picture")]
        while not self.stop.wait(0.05):
            for path, body in bodies:
                self.send(path, body, len(body))
            # Cut bodies, and heads that never end.
            self.send(infer, self.load.bodies["json"][:1000], 5000)
            while len(idle) < IDLE:
                idle.append(self.open(b"GET /v2 HT" if len(idle) % 2 else b""))
                self.sent += 1
            # Some of them end and come again.
            for old in idle[:10]:
                old.close()
            del idle[:10]
        for old in idle:
            old.close()

    def open(self, data):
        host, port = self.address.split(":")
        stream = socket.create_connection((host, int(port)), timeout=10)
        stream.sendall(data)
        return stream

    def send(self, path, body, length):
        self.sent += 1
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
        if path == "/v1/predict":
            head = head.replace("application/json", "image/png")
        with contextlib.suppress(OSError), self.open(head.encode() + b"Connection: close\r\n\r\n" + body) as stream:
            if length == len(body):
                stream.recv(1 << 16)


def soak(program, run, load, seconds, rate):
    """Good requests at a rate among broken ones: what came of the good ones, and the server's memory at each tenth."""
    with serving(program, run) as (address, process, _):
        broken = Broken(address, load)
        broken.start()
        memory, good = [], {}
        asking = threading.Thread(target=lambda: good.update(load.run(address, "binary", seconds, rate)))
        asking.start()
        minute = max(1.0, seconds / 10)
        for _ in range(10):
            asking.join(minute)
            memory.append(resident(process))
        asking.join()
        broken.stop.set()
        broken.join()
        return good, memory, broken.sent


def infer(program):
    command = [program, "bench", "infer", "--recipe", RECIPE, "--batch", "64", "--steps", "100", "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["images_per_second"]


def measure(program, run, load, rounds, seconds):
    """Rows of a round each: requests a second by kind, and inference alone."""
    found = {kind: [] for kind in ["infer", "none", "binary", "png", "png-once"]}
    for number in range(rounds):
        found["infer"].append(infer(program))
        with serving(program, run) as (address, _, _):
            for kind in ["none", "binary", "png"]:
                found[kind].append(load.run(address, kind, seconds)["requests_per_second"])
        with serving(program, run, "--single-view") as (address, _, _):
            found["png-once"].append(load.run(address, "png", seconds)["requests_per_second"])
        found["infer"].append(infer(program))
        say(f"round {number + 1}: " + ", ".join(f"{kind} {rates[-1]:,.0f}/s" for kind, rates in found.items()))
    return {kind: statistics.median(rates) for kind, rates in found.items()}


def main(arguments, world):
    program = arguments.modiste or build()
    cargo = ["cargo", "build", "--release", "--locked", "-p", "modiste-server", "--example", "load"]
    subprocess.run(cargo, check=True, cwd=REPOSITORY)
    load = Load(target() / "examples" / "load", world)
    run = world / "run"
    train = [program, "train", RECIPE, "--data", "drawn-garments", "--limit", "1000", "--epochs", "1", "--out", run]
    subprocess.run([*train, "--quiet"], check=True, capture_output=True)
    before = machine.load()
    rates = measure(program, run, load, arguments.rounds, arguments.seconds)
    half = rates["binary"] / 2
    rows = [
        [
            "tensors, beside inference alone",
            f"{rates['binary']:,.0f}/s",
            f"{rates['infer']:,.0f}/s",
            f"{rates['binary'] / rates['infer']:.2f}",
            "≥ 0.6",
        ],
        [
            "PNG in one view (`--single-view`), beside tensors",
            f"{rates['png-once']:,.0f}/s",
            f"{rates['binary']:,.0f}/s",
            f"{rates['png-once'] / rates['binary']:.2f}",
            "≥ 0.5",
        ],
        [
            "PNG in both views of the recipe, beside tensors",
            f"{rates['png']:,.0f}/s",
            f"{rates['binary']:,.0f}/s",
            f"{rates['png'] / rates['binary']:.2f}",
            "≥ 0.5",
        ],
    ]
    if arguments.mlserver:
        network = world / "net.onnx"
        subprocess.run([program, "export", run, "--out", network, "--quiet"], check=True)
        with mlserver(arguments.mlserver, network, world) as address:
            theirs = load.run(address, "json", arguments.seconds)["requests_per_second"]
        with serving(program, run) as (address, _, _):
            ours = load.run(address, "json", arguments.seconds)["requests_per_second"]
        rows.append(
            [
                "tensors, beside MLServer, which takes them as JSON",
                f"{rates['binary']:,.0f}/s",
                f"{theirs:,.0f}/s",
                f"{rates['binary'] / theirs:.1f}",
                "≥ 10",
            ]
        )
        rows.append(
            ["tensors as JSON, beside MLServer", f"{ours:,.0f}/s", f"{theirs:,.0f}/s", f"{ours / theirs:.1f}", ""]
        )
    with serving(program, run) as (address, _, _):
        latency = load.run(address, "binary", arguments.seconds, half)
    rows.append(["p99 of tensors at half that load", f"{latency['p99_seconds'] * 1e3:.1f} ms", "", "", "≤ 20 ms"])
    starts = []
    for _ in range(9):
        with serving(program, run) as (_, _, seconds):
            starts.append(seconds)
    rows.append(["start to ready", f"{statistics.median(starts) * 1e3:.0f} ms", "", "", "≤ 150 ms"])
    parts = [
        HEADING,
        PREAMBLE.format(
            connections=CONNECTIONS, rounds=arguments.rounds, seconds=arguments.seconds, plain=f"{rates['none']:,.0f}"
        ),
    ]
    parts.append(table(["work", "modiste", "beside", "ratio", "bar"], rows))
    if arguments.soak:
        good, memory, broken = soak(program, run, load, arguments.soak, half)
        words = ", ".join(f"{bytes_ / 1e6:.0f}" for bytes_ in memory)
        parts.append(
            f"{arguments.soak:,.0f} s of good requests at half load ({half:,.0f}/s) beside {broken:,} broken ones (cut "
            f"bodies, wrong shapes, bombs, heads that never end, {IDLE:,} idle connections): {good['requests']:,} good "
            f"ones answered, {good['failed']} failed; p99 {good['p99_seconds'] * 1e3:.1f} ms. Resident memory "
            f"after each tenth, in MB: {words}; the last is {memory[-1] / memory[1] - 1:+.1%} of the second."
        )
    facts = [
        ("date", f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC"),
        *machine.hardware(),
        ("load before", f"{before:.2f}"),
    ]
    parts.append(table(["what", "which"], facts))
    put(arguments.out, "\n\n".join(parts))
    print("\n\n".join(parts))


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--modiste", metavar="PROGRAM", help="the program [default: build target/release/modiste]")
    options.add_argument("--mlserver", metavar="PYTHON", help="a Python with mlserver and onnxruntime")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=6, help="of each measurement")
    options.add_argument("--soak", type=float, default=600, help="seconds among broken requests; 0 leaves them out")
    options.add_argument("--out", type=pathlib.Path, default=REPOSITORY / "bench" / "RESULTS.md")
    with tempfile.TemporaryDirectory() as directory:
        main(options.parse_args(), pathlib.Path(directory))
