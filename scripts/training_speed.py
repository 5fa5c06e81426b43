"""Training with PyTorch and with Tessera on this machine, side by side.

    scripts/python.sh training scripts/training_speed.py speed [--networks resnet20 resnet56] [--precision f32 bf16]
    scripts/python.sh training scripts/training_speed.py losses WEIGHTS INPUTS

`speed` measures images a second of training steps (forward, backward, SGD with Nesterov momentum) with batches of 128 on all
cores, in rounds that take turns. It wants `scripts/build.sh -c release --product tessera` before.

`losses` prints PyTorch's losses of 20 steps over the tensors `input` and `label` of a safetensors file, in two batches that
take turns: what Tests/TesseraTrainingTests/PyTorchAgreementTests.swift expects.
"""

import argparse
import json
import statistics
import subprocess
import time

import torch
import torch.nn.functional as F
from torch_resnet import NETWORKS, ResNet


def optimizer_of(model, rate):
    return torch.optim.SGD(model.parameters(), rate, momentum=0.9, nesterov=True)


def losses(arguments):
    from safetensors.torch import load_file

    model = ResNet("resnet20")
    model.load_state_dict(load_file(arguments.weights), strict=False)
    tensors = load_file(arguments.inputs)
    inputs, labels = tensors["input"].float(), tensors["label"].long()
    optimizer = optimizer_of(model, 0.02)
    half = len(labels) // 2
    result = []
    for step in range(20):
        part = slice(0, half) if step % 2 == 0 else slice(half, 2 * half)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs[part]), labels[part])
        loss.backward()
        optimizer.step()
        result.append(loss.item())
    print(", ".join(f"{value:.6f}" for value in result))


def torch_speed(network, precision, batch, seconds):
    """Images a second of PyTorch, in its usual and in its channels-last layout; the better one counts."""
    best = 0
    for layout in (torch.contiguous_format, torch.channels_last):
        model = ResNet(network).to(memory_format=layout)
        optimizer = optimizer_of(model, 0.02)
        inputs = torch.rand(batch, 3, 32, 32).to(memory_format=layout)
        labels = torch.randint(0, 10, (batch,))

        def step():
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                loss = F.cross_entropy(model(inputs), labels)
            loss.backward()
            optimizer.step()

        step()
        times, end = [], time.perf_counter() + seconds / 2
        while time.perf_counter() < end or len(times) < 3:
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        best = max(best, batch / statistics.median(times))
    return best


def tessera_speed(network, precision, batch, seconds):
    command = [
        ".build/release/tessera", "bench", f"configs/networks/{network}.yaml", "--training", "--random-weights",
        "--shape", f"image={batch}x3x32x32", "--precision", precision, "--seconds", str(seconds), "--json",
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output)["images_per_second"]


def speed(arguments):
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, batch {arguments.batch}, images/s")
    print(f"{'network':10}{'precision':>10}{'PyTorch':>10}{'Tessera':>10}{'ratio':>8}")
    for network in arguments.networks:
        for precision in arguments.precision:
            theirs, ours = [], []
            for _ in range(arguments.rounds):
                theirs.append(torch_speed(network, precision, arguments.batch, arguments.seconds))
                ours.append(tessera_speed(network, precision, arguments.batch, arguments.seconds))
            a, b = statistics.median(theirs), statistics.median(ours)
            print(f"{network:10}{precision:>10}{a:10.1f}{b:10.1f}{b / a:8.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(required=True)
    part = parts.add_parser("speed")
    part.add_argument("--networks", nargs="+", default=["resnet20", "resnet56"], choices=NETWORKS)
    part.add_argument("--precision", nargs="+", default=["f32"], choices=["f32", "bf16"])
    part.add_argument("--batch", type=int, default=128)
    part.add_argument("--rounds", type=int, default=3)
    part.add_argument("--seconds", type=float, default=10)
    part.set_defaults(run=speed)
    part = parts.add_parser("losses")
    part.add_argument("weights")
    part.add_argument("inputs")
    part.set_defaults(run=losses)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
