"""Runs ONNX's own operator cases (those of the `onnx` package) through `tessera run` and compares every output.

    scripts/python.sh onnx scripts/onnx_conformance.py [--quick] [--filter TEXT] [--tessera PATH] [--unsupported FILE]

A case passes if each output has the expected type, shape and values, within the case's own tolerances. One that Tessera says
it does not support must be listed in FILE (default: docs/onnx-unsupported.txt, `CASE: reason` on each line), and one that is
listed must not pass: the list stays true. Everything else fails. --quick takes every eighth case of each operator.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy
import onnx
import safetensors.numpy
from onnx.backend.test.case.node import collect_testcases

# What networks for vision and sequences are made of, and what exporters put around it.
OPERATORS = frozenset(
    """
    Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Celu Clip Concat Constant ConstantOfShape Conv
    ConvInteger ConvTranspose CumSum DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp Expand
    Flatten Floor GRU Gather Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GroupNormalization HardSigmoid
    HardSwish Identity InstanceNormalization LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul
    MatMulInteger Max MaxPool Mean Min Mish Mul Neg NonMaxSuppression Not Or PRelu Pad Pow QLinearConv QLinearMatMul
    QuantizeLinear RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
    ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round Selu Shape Sigmoid Sign Size Slice Softmax Softplus
    Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tanh ThresholdedRelu Tile TopK Transpose Unsqueeze Upsample Where Xor
    """.split()
)
# What safetensors and NumPy share: neither strings and sequences nor numbers of four or eight bits.
TYPES = frozenset(numpy.dtype(t) for t in "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 ?".split())


def is_plain(value):
    return isinstance(value, (numpy.ndarray, numpy.generic)) and numpy.asarray(value).dtype in TYPES


def all_cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in collect_testcases(None):
            operators = {node.op_type for node in case.model.graph.node}
            if operators <= OPERATORS and case.data_sets and all(map(is_plain, sum(map(list, case.data_sets[0]), []))):
                yield case


def quick(cases):
    seen = collections.Counter()
    for case in cases:
        operator = case.model.graph.node[0].op_type if len(case.model.graph.node) == 1 else "several"
        if seen[operator] % 8 == 0:
            yield case
        seen[operator] += 1


def mismatch(case, name, found, expected):
    expected = numpy.asarray(expected)
    if found is None:
        return f"output {name} is missing"
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return f"output {name}: expected {expected.dtype} {expected.shape}, found {found.dtype} {found.shape}"
    a, b = found.astype(float), expected.astype(float)
    if not numpy.allclose(a, b, rtol=case.rtol, atol=max(case.atol, 1e-6), equal_nan=True):
        return f"output {name}: differs by {numpy.nanmax(numpy.abs(a - b)):.3g}"
    return None


def run(case, tessera, folder):
    """('pass' | 'fail' | 'unsupported', what was found)."""
    folder = pathlib.Path(folder)
    inputs, outputs = case.data_sets[0]
    graph = case.model.graph
    stored = {tensor.name for tensor in graph.initializer}
    names = [value.name for value in graph.input if value.name not in stored]
    tensors = {name: numpy.ascontiguousarray(value) for name, value in zip(names, inputs)}
    onnx.save(case.model, folder / "model.onnx")
    safetensors.numpy.save_file(tensors, folder / "in.safetensors")
    command = [tessera, "run", folder / "model.onnx", "--output", folder / "out.safetensors"]
    for name in tensors:
        command += ["--input", f"{name}={folder / 'in.safetensors'}#{name}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return "fail", "took more than two minutes"
    if done.returncode:
        message = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        return ("unsupported" if done.returncode == 1 and "not supported" in done.stderr else "fail"), message
    made = safetensors.numpy.load_file(folder / "out.safetensors")
    for value, expected in zip(graph.output, outputs):
        problem = mismatch(case, value.name, made.get(value.name), expected)
        if problem:
            return "fail", problem
    return "pass", ""


def run_in_own_folder(case, tessera):
    with tempfile.TemporaryDirectory() as folder:
        return run(case, tessera, folder)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tessera", default=root / ".build/release/tessera")
    parser.add_argument("--unsupported", default=root / "docs/onnx-unsupported.txt", type=pathlib.Path)
    parser.add_argument("--filter", default="")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()

    cases = [case for case in all_cases() if options.filter in case.name]
    if options.quick:
        cases = list(quick(cases))
    if not cases:
        sys.exit("no case has that name")
    listed = {}
    if options.unsupported.exists():
        for line in options.unsupported.read_text().splitlines():
            if line and not line.startswith("#"):
                name, reason = line.split(":", 1)
                listed[name] = reason.strip()

    counts, problems = collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, (result, note) in zip(cases, pool.map(lambda case: run_in_own_folder(case, options.tessera), cases)):
            counts[result] += 1
            if result == "fail" or (result == "unsupported") != (case.name in listed):
                problems.append(f"{result}: {case.name}: {note or 'is listed as not supported'}")
    print("\n".join(problems))
    share = 100 * counts["pass"] / len(cases)
    print(f"onnx: {len(cases)} cases: {counts['pass']} pass ({share:.1f} %), {counts['unsupported']} not supported, {counts['fail']} fail")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
