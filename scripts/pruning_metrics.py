"""How many test pictures a pruned network still classifies right, by metric and rule, before any retraining.

    scripts/python.sh pruning scripts/pruning_metrics.py DATA [--network resnet20] [--factor 2.11] [--metrics l1,l2]

DATA is a folder with `cifar10_jpeg.tar.gz`, CIFAR-10 as pictures in folders train/CLASS and test/CLASS, and
`models/NETWORK_cifarjpeg.safetensors`. Wants a release build of tessera; TESSERA names another one.

Each network is pruned to FACTOR times fewer multiply-accumulates and run on all test pictures, once as it comes and once with the
statistics of its batch normalizations measured anew on training pictures.
"""

import argparse
import io
import json
import os
import pathlib
import subprocess
import tarfile
import tempfile

import numpy
from PIL import Image
from safetensors.numpy import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESSERA = pathlib.Path(os.environ.get("TESSERA", ROOT / ".build/release/tessera"))
MEAN = numpy.array([0.485, 0.456, 0.406], numpy.float32)
DEVIATION = numpy.array([0.229, 0.224, 0.225], numpy.float32)


def pictures(archive, part, most_per_class):
    """Pictures [count, 3, 32, 32] as the network wants them, one of each class in turn, and the numbers of their classes."""
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = pathlib.PurePosixPath(member.name).parts
            if not member.isfile() or part not in path:
                continue
            images = found.setdefault(path[-2], [])
            if len(images) < most_per_class:
                pixels = numpy.asarray(Image.open(io.BytesIO(tar.extractfile(member).read())).convert("RGB"))
                images.append(((pixels / numpy.float32(255) - MEAN) / DEVIATION).transpose(2, 0, 1))
    classes = [found[name] for name in sorted(found)]
    rows = [(image, label) for row in zip(*classes) for label, image in enumerate(row)]
    images = numpy.ascontiguousarray(numpy.stack([image for image, _ in rows]), dtype=numpy.float32)
    return images, numpy.array([label for _, label in rows], numpy.int64)


def tessera(*arguments):
    result = subprocess.run([TESSERA, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"tessera {arguments[0]}: {result.stderr.strip()}")
    return result.stdout


def accuracy(network, parts, labels, folder, weights=None):
    """The percentage of pictures whose largest output is that of their class."""
    correct = 0
    for index, part in enumerate(parts):
        output = folder / "logits.safetensors"
        extra = ["--weights", weights] if weights else []
        tessera("run", network, *extra, "--input", f"{part}#image", "--output", output, "--threads", 2)
        logits = next(iter(load_file(output).values()))
        correct += int((logits.argmax(1) == labels[index * 1000 : index * 1000 + 1000]).sum())
    return 100 * correct / len(labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--network", default="resnet20")
    parser.add_argument("--factor", type=float, default=2.11)
    parser.add_argument("--metrics", default="l1,l2,fpgm,bn-scale,random,loss")
    parser.add_argument("--rules", default="ratio,global-ratio,steepness")
    parser.add_argument("--pictures", type=int, default=10000, help="test pictures, a multiple of 1000")
    parser.add_argument("--samples", type=int, default=500, help="training pictures for losses and statistics")
    options = parser.parse_args()
    network = ROOT / f"configs/networks/{options.network}.yaml"
    weights = options.data / f"models/{options.network}_cifarjpeg.safetensors"
    archive = options.data / "cifar10_jpeg.tar.gz"

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        images, labels = pictures(archive, "test", options.pictures // 10)
        parts = []
        for start in range(0, len(images), 1000):
            parts.append(folder / f"test{start}.safetensors")
            save_file({"image": images[start : start + 1000]}, parts[-1])
        images, own = pictures(archive, "train", -(-options.samples // 10))
        samples = folder / "train.safetensors"
        save_file({"image": images, "label": own}, samples)
        print(f"{options.network}: {accuracy(network, parts, labels, folder, weights):.2f} % right before pruning")
        print(f"{'metric':10}{'rule':14}{'MACs':>10}{'less':>7}{'parameters':>12}{'at once':>9}{'measured anew':>15}")
        for metric in options.metrics.split(","):
            for rule in options.rules.split(","):
                figures = []
                for anew in ("false", "true"):
                    config = folder / "prune.yaml"
                    config.write_text(
                        f"tessera: 1\nmetric: {metric}\n"
                        f"amount: {{rule: target-macs, factor: {options.factor}, by: {rule}}}\n"
                        f"samples: {{path: {samples}, count: {len(own)}, batch_norm: {anew}}}\n"
                    )
                    output = folder / "pruned"
                    report = json.loads(
                        tessera(
                            "prune", network, "--weights", weights, "--config", config, "-o", output, "--force",
                            "--no-latency", "--json",
                        )
                    )
                    figures.append(accuracy(output / "network.yaml", parts, labels, folder))
                after = report["after"]
                less = report["before"]["macs"] / after["macs"]
                print(
                    f"{metric:10}{rule:14}{after['macs']:>10}{less:>6.2f}x{after['parameters']:>12}"
                    f"{figures[0]:>7.2f} %{figures[1]:>13.2f} %",
                    flush=True,
                )


main()
