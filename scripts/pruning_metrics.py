"""How many test pictures a pruned network still classifies right, by metric and rule: at once, and after retraining.

    python3 scripts/pruning_metrics.py DATA [--network resnet20] [--factor 2.11] [--epochs 6] [--cases l2:ratio l2:steepness]

DATA is a folder with `cifar10_jpeg.tar.gz`, CIFAR-10 as pictures in folders train/CLASS and test/CLASS, and
`models/NETWORK_cifarjpeg.safetensors`. Wants a release build of tessera; TESSERA names another one.

Each network is pruned to FACTOR times fewer multiply-accumulates and run on all test pictures: as it comes, with the statistics of its
batch normalizations measured anew on training pictures, and, with --epochs, after so much retraining. torch_magnitude.py does the same
with Torch-Pruning.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESSERA = pathlib.Path(os.environ.get("TESSERA", ROOT / ".build/release/tessera"))

TRAINING = """tessera: 1
network: {network}
data: {{path: {archive}, train: train, test: test}}
augment: {{flip: true, crop_padding: 4}}
optimizer: {{kind: sgd, rate: 0.02, nesterov: true, weight_decay: 0.0001}}
schedule: cosine
epochs: {epochs}
batch: 128
seed: {seed}
{threads}resume: false
output: {output}
"""

PRUNING = """tessera: 1
metric: {metric}
amount: {{rule: target-macs, factor: {factor}, by: {rule}}}
samples: {{path: {archive}, part: train, count: {samples}, batch_norm: {anew}}}
keep: [{keep}]
"""

# Layers that end the blocks, and so the channels of the shortcuts between them.
SHORTCUTS = {
    name: ["conv1"] + [f"layer{stage}.{block}.conv2" for stage in (1, 2, 3) for block in range(blocks)]
    for name, blocks in (("resnet20", 3), ("resnet56", 9))
}


def tessera(*arguments):
    result = subprocess.run([TESSERA, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode:
        raise SystemExit(f"tessera {arguments[0]}: {result.stderr.strip()}")
    return json.loads(result.stdout)


class Case:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.network = ROOT / f"configs/networks/{options.network}.yaml"
        self.weights = options.data / f"models/{options.network}_cifarjpeg.safetensors"
        self.archive = options.data / "cifar10_jpeg.tar.gz"
        self.training = folder / "train.yaml"
        self.training.write_text(
            TRAINING.format(
                network=self.network, archive=self.archive, epochs=max(1, options.epochs), seed=options.seed,
                threads=f"threads: {options.threads}\n" if options.threads else "", output=folder / "trained",
            )
        )

    def accuracy(self, network, *weights):
        """The percentage of test pictures whose largest output is that of their class."""
        return 100 * tessera("evaluate", self.training, "--network", network, *weights, "--json")["accuracy"]

    def before(self):
        return self.accuracy(self.network, "--weights", self.weights)

    def pruned(self, metric, rule, anew, *extra):
        """The report of `tessera prune`, and the accuracy of what it wrote."""
        config, output = self.folder / "prune.yaml", self.folder / "pruned"
        config.write_text(
            PRUNING.format(
                metric=metric, rule=rule, factor=self.options.factor, archive=self.archive,
                samples=self.options.samples, anew=str(anew).lower(),
                keep=", ".join(SHORTCUTS[self.options.network]) if self.options.inner else "",
            )
        )
        report = tessera(
            "prune", self.network, "--weights", self.weights, "--config", config, "-o", output, "--force", "--no-latency",
            "--json", *extra,
        )
        return report, self.accuracy(output / "network.yaml")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--network", default="resnet20", choices=["resnet20", "resnet56"])
    parser.add_argument("--factor", type=float, default=2.11)
    parser.add_argument("--epochs", type=int, default=0, help="of retraining; none if left out")
    parser.add_argument("--cases", nargs="+", default=["l2:ratio", "l2:steepness"], metavar="METRIC:RULE")
    parser.add_argument("--samples", type=int, default=500, help="training pictures for losses and statistics")
    parser.add_argument("--inner", action="store_true", help="keep the channels of shortcuts, as torch_magnitude.py has to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, help="of training; all cores if left out, of which none should be busy")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        case = Case(options, pathlib.Path(name))
        print(f"{options.network}: {case.before():.2f} % right before pruning", flush=True)
        retrained = f"{f'{options.epochs} epochs':>11}" if options.epochs else ""
        print(f"{'metric':10}{'rule':14}{'MACs':>10}{'less':>7}{'parameters':>12}{'at once':>9}{'anew':>9}{retrained}")
        for metric, rule in (text.split(":") for text in options.cases):
            report, at_once = case.pruned(metric, rule, False)
            _, anew = case.pruned(metric, rule, True)
            after = report["after"]
            line = (
                f"{metric:10}{rule:14}{after['macs']:>10}{report['before']['macs'] / after['macs']:>6.2f}x"
                f"{after['parameters']:>12}{at_once:>8.2f}%{anew:>8.2f}%"
            )
            if options.epochs:
                line += f"{case.pruned(metric, rule, True, '--retrain', case.training)[1]:>10.2f}%"
            print(line, flush=True)


main()
