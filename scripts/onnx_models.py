"""Compares Tessera with others on whole networks, through ONNX files.

    scripts/python.sh onnx scripts/onnx_models.py [--quick] [--filter TEXT] [--tessera PATH]

1. The `light_*` models of the `onnx` package must match their stored outputs. All their weights are equal, so that says little:
   each is also run with weights drawn at random, and compared with ONNX Runtime.
2. Every network of configs/networks is exported, run by ONNX Runtime and by Tessera (the YAML file, the exported file, and the
   network that importing the exported file gives), and all must agree.

Outputs agree if they differ by no more than 1e-4 of the largest element of the expected output.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
import safetensors.numpy
from onnx import numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOLERANCE = 1e-4
# For sizes that a network leaves open.
OPEN_SIZES = {"height": 64, "width": 96}


class Checker:
    def __init__(self, tessera):
        self.tessera = tessera
        self.failures = 0

    def run(self, *arguments):
        done = subprocess.run([self.tessera, *map(str, arguments)], capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1])
        return done.stdout

    def infer(self, network, inputs, folder):
        source, target = folder / "in.safetensors", folder / "out.safetensors"
        safetensors.numpy.save_file(inputs, source)
        given = [part for name in inputs for part in ("--input", f"{name}={source}#{name}")]
        self.run("run", network, *given, "--output", target)
        return safetensors.numpy.load_file(target)

    def compare(self, what, found, expected):
        worst = 0.0
        for name, value in expected.items():
            if name not in found or found[name].shape != value.shape or found[name].dtype != value.dtype:
                worst = float("inf")
            else:
                scale = max(numpy.abs(value).max(), 1e-30) if value.size else 1
                difference = numpy.abs(found[name].astype(float) - value.astype(float))
                worst = max(worst, float(difference.max() / scale) if value.size else 0)
        ok = worst <= TOLERANCE
        self.failures += not ok
        print(f"{'ok  ' if ok else 'FAIL'} {what}: largest relative difference {worst:.2g}", flush=True)

    def attempt(self, what, body):
        try:
            body()
        except Exception as error:  # A failure of one network must not hide those of others.
            self.failures += 1
            print(f"FAIL {what}: {error}", flush=True)


def runtime_outputs(path, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, (numpy.asarray(value) for value in session.run(names, inputs))))


def graph_inputs(model):
    stored = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in stored]


def sizes(value):
    return [d.dim_value or OPEN_SIZES.get(d.dim_param, 2) for d in value.type.tensor_type.shape.dim]


def randomized(model, generator):
    """The model with its constant weights replaced by random ones, of a size that keeps activations in bounds."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    keep = []
    for node in model.graph.node:
        shape = stored.get(node.input[0]) if node.op_type == "ConstantOfShape" else None
        if shape is None:
            keep.append(node)
            continue
        shape = shape.tolist()
        fan_in = max(1, int(numpy.prod(shape[1:]))) if len(shape) > 1 else 100
        value = generator.standard_normal(shape) * (2 / fan_in) ** 0.5
        if len(shape) == 1:
            value = numpy.abs(value) + 0.5  # Variances and scales among them.
        model.graph.initializer.append(numpy_helper.from_array(value.astype("f4"), node.output[0]))
    del model.graph.node[:]
    model.graph.node.extend(keep)
    return model


def check_light(checker, path, folder):
    model = onnx.load(path)
    value = graph_inputs(model)[0]
    count = int(numpy.prod(sizes(value)))
    inputs = {value.name: (numpy.arange(count) / count).astype("f4").reshape(sizes(value))}
    stored = onnx.TensorProto.FromString(path.with_name(path.stem + "_output_0.pb").read_bytes())
    expected = {model.graph.output[0].name: numpy_helper.to_array(stored)}
    checker.compare(f"{path.stem}, stored output", checker.infer(path, inputs, folder), expected)
    generator = numpy.random.default_rng(0)
    random_path = folder / "random.onnx"
    onnx.save(randomized(model, generator), random_path)
    inputs = {value.name: generator.standard_normal(sizes(value)).astype("f4")}
    found = checker.infer(random_path, inputs, folder)
    checker.compare(f"{path.stem}, random weights", found, runtime_outputs(random_path, inputs))


def check_network(checker, path, folder):
    exported, imported = folder / "model.onnx", folder / "imported"
    checker.run("export", path, "-o", exported)
    onnx.checker.check_model(str(exported))
    generator = numpy.random.default_rng(1)
    inputs = {}
    for value in graph_inputs(onnx.load(exported, load_external_data=False)):
        inputs[value.name] = generator.standard_normal(sizes(value)).astype("f4")
    expected = runtime_outputs(exported, inputs)
    checker.compare(f"{path.stem}, YAML", checker.infer(path, inputs, folder), expected)
    checker.compare(f"{path.stem}, exported", checker.infer(exported, inputs, folder), expected)
    checker.run("import", exported, "-o", imported)
    network = next(imported.glob("*.yaml"))
    checker.compare(f"{path.stem}, imported again", checker.infer(network, inputs, folder), expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tessera", default=ROOT / ".build/release/tessera")
    parser.add_argument("--filter", default="")
    parser.add_argument("--quick", action="store_true", help="only the networks of configs/networks")
    options = parser.parse_args()
    checker = Checker(options.tessera)
    light = pathlib.Path(onnx.__file__).parent / "backend/test/data/light"
    todo = [] if options.quick else [(check_light, path) for path in sorted(light.glob("*.onnx"))]
    todo += [(check_network, path) for path in sorted((ROOT / "configs/networks").glob("*.yaml"))]
    todo = [(check, path) for check, path in todo if options.filter in path.stem]
    if not todo:
        sys.exit("no network has that name")
    for check, path in todo:
        with tempfile.TemporaryDirectory() as folder:
            checker.attempt(path.stem, lambda: check(checker, path, pathlib.Path(folder)))
    print(f"onnx models: {len(todo)} networks, {checker.failures} failures")
    sys.exit(1 if checker.failures else 0)


if __name__ == "__main__":
    main()
