"""How well a network with few bits does after quantization-aware training, with and without an auxiliary network.

    python3 scripts/quantization_aware.py DATA [--bits 2 4] [--methods dorefa lsq] [--cases plain 1 1d 2 2d] [--seeds 1 2 3]
        [--pictures 5000] [--epochs 2] [--results FILE]

DATA is a folder with `cifar10_jpeg.tar.gz`, CIFAR-10 as pictures in folders train/CLASS and test/CLASS, and
`models/NETWORK_cifarjpeg.safetensors`, which all begin with. Wants a release build of tessera; TESSERA names another one.

A case is `plain`, or how many sets of kernels the auxiliary network has, with a `d` if the quantized network learns from its outputs, too.
All cases train on the same pictures, the first of every class, for as many epochs, with the same seeds. What is measured is what was saved:
a network of integers, on all test pictures. Accuracies go into FILE as they come, one JSON object a line, and what is there is not
measured again: so a table can be stopped and continued.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESSERA = pathlib.Path(os.environ.get("TESSERA", ROOT / ".build/release/tessera"))

TRAINING = """tessera: 1
network: {network}
weights: {weights}
data: {{path: {pictures}, train: train}}
augment: {{flip: true, crop_padding: 4}}
quantization: {{method: {method}, weight_bits: {bits}, activation_bits: {bits}{auxiliary}}}
optimizer: {{kind: sgd, rate: {rate}, nesterov: true, weight_decay: 0.0001}}
schedule: cosine
epochs: {epochs}
batch: 128
seed: {seed}
{threads}resume: false
output: {output}
"""

TESTING = """tessera: 1
network: {network}
data: {{path: {archive}, train: test, test: test}}
batch: 100
output: {output}
"""


def tessera(*arguments):
    result = subprocess.run([TESSERA, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode:
        raise SystemExit(f"tessera {arguments[0]}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def extract(archive, folder, count):
    """The first pictures of every class to train with, as many of each; all if count is 0."""
    seen = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = pathlib.PurePosixPath(member.name).parts
            if not member.isfile() or len(parts) < 3 or parts[-3] != "train":
                continue
            seen.setdefault(parts[-2], []).append((parts[-1], member))
        for label, members in seen.items():
            members.sort(key=lambda pair: pair[0])
            chosen = members[: count // len(seen)] if count else members
            (folder / "train" / label).mkdir(parents=True)
            for name, member in chosen:
                (folder / "train" / label / name).write_bytes(tar.extractfile(member).read())


def known(file):
    """What a file of results has, by what was measured."""
    if file is None or not file.exists():
        return {}
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return {json.dumps(line["run"]): line for line in lines}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--network", default="resnet20", choices=["resnet20", "resnet56"])
    parser.add_argument("--bits", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--methods", nargs="+", default=["dorefa", "lsq"])
    parser.add_argument("--cases", nargs="+", default=["plain", "1", "1d", "2", "2d"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--pictures", type=int, default=5000, help="to train with; 0 for all")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rate", type=float, default=0.02, help="the largest learning rate")
    parser.add_argument("--results", type=pathlib.Path, help="a file that keeps what was measured")
    parser.add_argument("--threads", type=int, help="of training; all cores if left out, of which none should be busy")
    options = parser.parse_args()
    results = known(options.results)
    network = ROOT / f"configs/networks/{options.network}.yaml"
    archive = (options.data / "cifar10_jpeg.tar.gz").resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        extract(archive, folder / "pictures", options.pictures)
        output = folder / "out"
        (folder / "test.yaml").write_text(TESTING.format(network=network, archive=archive, output=folder / "none"))
        print(f"{'bits':6}{'method':9}{'case':7}{'mean':>8}{'spread':>8}{'seconds':>9}  each", flush=True)
        for bits in options.bits:
            for method in options.methods:
                for case in options.cases:
                    width = case.rstrip("d")
                    distillation = 1 if case.endswith("d") else 0
                    auxiliary = "" if case == "plain" else f", auxiliary: {{width: {width}, distillation: {distillation}}}"
                    found, seconds = [], []
                    for seed in options.seeds:
                        run = [options.network, bits, method, case, options.pictures, options.epochs, options.rate, seed]
                        if json.dumps(run) not in results:
                            (folder / "train.yaml").write_text(
                                TRAINING.format(
                                    network=network, weights=(options.data / f"models/{options.network}_cifarjpeg.safetensors").resolve(),
                                    pictures=folder / "pictures", method=method, bits=bits, auxiliary=auxiliary, rate=options.rate,
                                    epochs=options.epochs, seed=seed, output=output,
                                    threads=f"threads: {options.threads}\n" if options.threads else "",
                                )
                            )
                            start = time.monotonic()
                            tessera("train", folder / "train.yaml", "--json")
                            report = tessera("evaluate", folder / "test.yaml", "--network", output / "network.yaml", "--json")
                            line = {"run": run, "accuracy": report["accuracy"], "seconds": round(time.monotonic() - start)}
                            results[json.dumps(run)] = line
                            if options.results:
                                with options.results.open("a") as file:
                                    print(json.dumps(line), file=file)
                        found.append(100 * results[json.dumps(run)]["accuracy"])
                        seconds.append(results[json.dumps(run)]["seconds"])
                    spread = statistics.stdev(found) if len(found) > 1 else 0
                    each = " ".join(f"{accuracy:.2f}" for accuracy in found)
                    print(
                        f"W{bits}A{bits:<3}{method:9}{case:7}{statistics.mean(found):>7.2f}%{spread:>8.2f}"
                        f"{statistics.mean(seconds):>9.0f}  {each}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
