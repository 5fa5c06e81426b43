"""Measures how soon a network answers, and in how much memory: Tessera beside ONNX Runtime, OpenVINO and ncnn.

    python scripts/peer_start.py MODELS NETWORK[,NETWORK...] --tessera PATH [--threads N] [--precision f32] [--rounds N]

MODELS is a folder with NETWORK.onnx, all of whose sizes are fixed. The Python that runs this has the packages `numpy`, `onnx`,
`onnxruntime`, `openvino` and `ncnn`; ncnn's files are made beside the model by `pnnx`, which must be in PATH. A peer that is
missing, or that cannot run a network, is left out, and standard error says why.

Each contender runs in a process of its own, once in each round, and the rounds alternate; a first round, which finds the files
not yet in the system's cache, does not count. The figures are medians over the rounds:

  start   milliseconds from before the model's file is read until the first inference has answered. Imports do not count; for
          Tessera it is load_ms + first_ms of `tessera bench`.
  memory  MiB by which the process's peak of resident memory grew in that time
  whole   MiB of that peak, with Python and the runtime's own code

The last columns are ours divided by the best peer's start and memory.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

PEERS = {"f32": ["onnxruntime", "openvino", "ncnn"], "bf16": ["openvino", "ncnn"], "f16": ["openvino"]}
MIB = 1 << 20


def peak_bytes():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024


def forget_peak():
    """What imports took for a moment must not hide what comes after: the peak becomes what is resident now."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


# In a process of its own: what each peer does from its file to its first answer.


def onnxruntime_start(arguments):
    import onnxruntime

    def start(x):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = arguments.threads
        session = onnxruntime.InferenceSession(arguments.model, options, providers=["CPUExecutionProvider"])
        session.run(None, {session.get_inputs()[0].name: x})

    return start


def openvino_start(arguments):
    import openvino

    def start(x):
        settings = {
            "INFERENCE_NUM_THREADS": arguments.threads, "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": arguments.precision,
        }
        request = openvino.Core().compile_model(arguments.model, "CPU", settings).create_infer_request()
        request.infer({0: openvino.Tensor(x)})

    return start


def ncnn_start(arguments):
    import ncnn

    stem = ncnn_stem(arguments.model)

    def start(x):
        net = ncnn.Net()
        net.opt.num_threads = arguments.threads
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_storage = arguments.precision == "bf16"
        if net.load_param(f"{stem}.ncnn.param") or net.load_model(f"{stem}.ncnn.bin"):
            raise RuntimeError(f"ncnn cannot load {stem}.ncnn.param")
        with net.create_extractor() as extractor:
            extractor.input(net.input_names()[0], ncnn.Mat(x[0]))
            extractor.extract(net.output_names()[0])

    return start


def measure_here(arguments):
    import numpy

    start = globals()[f"{arguments.contender}_start"](arguments)
    shape = [int(size) for size in arguments.shape.split("x")]
    x = numpy.random.default_rng(1).random(shape).astype("f4")
    forget_peak()
    before, begin = peak_bytes(), time.perf_counter()
    start(x)
    elapsed, after = time.perf_counter() - begin, peak_bytes()
    print(json.dumps({"start_ms": elapsed * 1e3, "memory": after - before, "whole": after}))


# In the process that compares.


def ncnn_stem(model):
    return model.removesuffix(".onnx") + ".f32"


def convert_for_ncnn(model, shape):
    stem = ncnn_stem(model)
    if os.path.exists(f"{stem}.ncnn.param"):
        return
    if not shutil.which("pnnx"):
        raise RuntimeError("there is no pnnx in PATH")
    if not os.path.exists(f"{stem}.onnx"):
        os.symlink(os.path.abspath(model), f"{stem}.onnx")
    sizes = "[" + shape.replace("x", ",") + "]"
    subprocess.run(["pnnx", f"{stem}.onnx", f"inputshape={sizes}", "fp16=0"], check=True, capture_output=True)


def input_shape(model):
    import onnx

    # The weights, if they are in files of their own, say nothing of shapes.
    graph = onnx.load(model, load_external_data=False).graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    sizes = [size.dim_value for size in inputs[0].type.tensor_type.shape.dim]
    if len(inputs) != 1 or not all(sizes):
        raise RuntimeError(f"expected a model with one input of fixed sizes, found {model}")
    return "x".join(map(str, sizes))


def output_of(command, threads):
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1])
    return json.loads(done.stdout[done.stdout.index("{"):])


def peer_figures(contender, model, shape, arguments):
    return output_of(
        [sys.executable, __file__, "--contender", contender, "--model", model, "--shape", shape,
         "--threads", str(arguments.threads), "--precision", arguments.precision], arguments.threads)


def own_figures(model, arguments):
    command = [arguments.tessera, "bench", model, "--json", "--seconds", "0", "--warm-up", "0",
               "--threads", str(arguments.threads)]
    if arguments.precision != "f32":
        command += ["--precision", arguments.precision]
    report = output_of(command, arguments.threads)
    peak = report["peak_rss_bytes"]
    return {"start_ms": report["load_ms"] + report["first_ms"], "memory": peak - report["start_rss_bytes"],
            "whole": peak, "process_ms": report["start_ms"]}


def compare(network, arguments):
    model = os.path.join(arguments.models, f"{network}.onnx")
    shape = input_shape(model)
    contenders = {"tessera": lambda: own_figures(model, arguments)}
    for peer in PEERS[arguments.precision]:
        contenders[peer] = lambda peer=peer: peer_figures(peer, model, shape, arguments)
    samples = {}
    for round_number in range(arguments.rounds + 1):
        for name in list(contenders):
            try:
                if name == "ncnn" and round_number == 0:
                    convert_for_ncnn(model, shape)
                figures = contenders[name]()
            except (RuntimeError, OSError, ValueError, subprocess.CalledProcessError) as error:
                print(f"# {name} {network} {arguments.precision}: {error}", file=sys.stderr)
                del contenders[name]
                samples.pop(name, None)
                continue
            if round_number:
                samples.setdefault(name, []).append(figures)
    return {
        name: {key: statistics.median(figures[key] for figures in runs) for key in runs[0]}
        for name, runs in samples.items()
    }


def ratio(medians, key):
    peers = [figures[key] for name, figures in medians.items() if name != "tessera"]
    return medians["tessera"][key] / min(peers) if peers and "tessera" in medians else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="?", metavar="MODELS")
    parser.add_argument("networks", nargs="?", metavar="NETWORK[,NETWORK...]")
    parser.add_argument("--tessera", default=".build/release/tessera", help="the command")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=sorted(PEERS), default="f32")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file, too")
    # How this program calls itself for one contender.
    for hidden in ["--contender", "--model", "--shape"]:
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        return measure_here(arguments)
    if not arguments.networks:
        parser.error("expected MODELS and NETWORK")
    if arguments.rounds < 1 or arguments.threads < 1:
        parser.error("expected at least 1 round and 1 thread")
    rows = []
    print(f"{'network':14}{'contender':14}{'start ms':>10}{'memory':>10}{'whole MiB':>11}{'ours/best':>12}{'memory':>9}")
    for network in arguments.networks.split(","):
        medians = compare(network, arguments)
        ratios = {key: ratio(medians, key) for key in ["start_ms", "memory"]}
        rows.append({"network": network, "precision": arguments.precision, "threads": arguments.threads,
                     "medians": medians, "ratio": ratios})
        for name, figures in medians.items():
            line = (f"{network:14}{name:14}{figures['start_ms']:10.1f}{figures['memory'] / MIB:10.1f}"
                    f"{figures['whole'] / MIB:11.1f}")
            if name == "tessera" and ratios["start_ms"] is not None:
                line += f"{ratios['start_ms']:12.2f}{ratios['memory']:9.2f}"
            print(line, flush=True)
        if "tessera" in medians:
            print(f"# tessera's process took {medians['tessera']['process_ms']:.0f} ms to start before that")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")
    # A network that Tessera did not run is a failure, whatever the peers did.
    return 0 if all("tessera" in row["medians"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
