"""Compares quantized networks with ONNX Runtime on labelled pictures, both ways.

    scripts/python.sh quantization scripts/onnx_quantization.py NETWORK WEIGHTS PICTURES [--count N] [--tessera PATH]

1. `tessera quantize` makes a network of integers, `tessera export` a model of it; ONNX Runtime and Tessera run both.
2. `tessera export` makes a model of the network in f32, ONNX Runtime quantizes that (QDQ, per channel); both run it.

PICTURES is a folder with a sub-folder of pictures for each class. The network reads one picture, scaled as its file says for
CIFAR-10. Says how often both find the same class, and how far outputs are apart relative to the largest.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnxruntime
import safetensors.numpy
from onnxruntime import quantization
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEAN, DEVIATION = numpy.float32([0.485, 0.456, 0.406]), numpy.float32([0.229, 0.224, 0.225])
BATCH = 250


def pictures(folder, count):
    """Pictures of every class in turn, and their classes."""
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [sorted(path.iterdir()) for path in classes]
    chosen = [(own[i], label) for i in range(max(map(len, files))) for label, own in enumerate(files) if i < len(own)]
    chosen = chosen[:count]
    images = [(numpy.asarray(Image.open(path).convert("RGB"), "f4") / 255 - MEAN) / DEVIATION for path, _ in chosen]
    return numpy.stack(images).transpose(0, 3, 1, 2).copy(), numpy.array([label for _, label in chosen])


def batches(images):
    return [images[i : i + BATCH] for i in range(0, len(images), BATCH)]


class Tessera:
    def __init__(self, path):
        self.path = path

    def run(self, *arguments):
        done = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr.strip())
        return done.stdout

    def infer(self, network, name, images, folder):
        results = []
        for batch in batches(images):
            source, target = folder / "in.safetensors", folder / "out.safetensors"
            safetensors.numpy.save_file({name: batch}, source)
            self.run("run", network, "--input", f"{name}={source}#{name}", "--output", target)
            results.append(next(iter(safetensors.numpy.load_file(target).values())))
        return numpy.concatenate(results)


def runtime(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return name, lambda images: numpy.concatenate([session.run(None, {name: b})[0] for b in batches(images)])


class Reader(quantization.CalibrationDataReader):
    def __init__(self, name, images):
        self.items = iter([{name: batch} for batch in batches(images)])

    def get_next(self):
        return next(self.items, None)


def compare(what, ours, theirs, labels):
    same = float((ours.argmax(1) == theirs.argmax(1)).mean())
    difference = float(numpy.abs(ours - theirs).max() / numpy.abs(theirs).max())
    right = [float((outputs.argmax(1) == labels).mean()) for outputs in (ours, theirs)]
    print(
        f"{what}: same class {same:.4f}, largest difference {difference:.4f} of the largest output, "
        f"right {right[0]:.4f} here and {right[1]:.4f} in ONNX Runtime",
        flush=True,
    )
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=pathlib.Path)
    parser.add_argument("weights", type=pathlib.Path)
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--tessera", default=ROOT / ".build/release/tessera")
    options = parser.parse_args()
    tessera = Tessera(options.tessera)
    images, labels = pictures(options.pictures, options.count)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        samples = folder / "samples.safetensors"
        calibration = images[:512]

        plain = folder / "plain.onnx"
        tessera.run("export", options.network, "--weights", options.weights, "-o", plain)
        input_name, f32 = runtime(plain)
        safetensors.numpy.save_file({input_name: calibration}, samples)
        print(f"f32: right {float((f32(images).argmax(1) == labels).mean()):.4f}", flush=True)

        report = tessera.run(
            "quantize", options.network, "--weights", options.weights, "--calibrate", samples, "--count", len(calibration),
            "-o", folder / "small", "--json")
        print(f"quantized: {json.loads(report)['output_sqnr_db']:.1f} dB", flush=True)
        small, model = folder / "small/network.yaml", folder / "small.onnx"
        tessera.run("export", small, "-o", model)
        _, theirs = runtime(model)
        found = [compare(
            "quantized here", tessera.infer(small, input_name, images, folder), theirs(images), labels)]

        other = folder / "other.onnx"
        # Not all processors have instructions for products of bytes: without them, 8 bits of weights do not fit.
        quantization.quantize_static(
            plain, other, Reader(input_name, calibration), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
            activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8, reduce_range=True)
        _, theirs = runtime(other)
        found.append(compare(
            "quantized by ONNX Runtime", tessera.infer(other, input_name, images, folder), theirs(images), labels))
    sys.exit(0 if min(found) >= 0.995 else 1)


if __name__ == "__main__":
    main()
