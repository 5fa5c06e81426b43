"""Torch-Pruning on a ResNet for CIFAR-10: pruned by magnitude, retrained, and tested, for comparison with `tessera prune`.

    scripts/python.sh training scripts/torch_magnitude.py DATA [--network resnet20] [--factor 2.11] [--epochs 6]

DATA is a folder with `cifar10_jpeg.tar.gz` and `models/NETWORK_cifarjpeg.safetensors`, as for pruning_metrics.py, and retraining is the
same: SGD with Nesterov momentum, rate 0.02 along half a cosine, weight decay 0.0001, batches of 128, mirrored and shifted by up to 4 pixels.

Torch-Pruning cannot follow shortcuts of option A (every second pixel, zeros for new channels), so only the channels inside of blocks
are pruned, by the L2 norm of their dependency groups, least salient first over the whole network.
"""

import argparse
import io
import math
import pathlib
import tarfile
import time

import numpy
import torch
import torch.nn.functional as F
import torch_pruning
from PIL import Image
from safetensors.torch import load_file
from torch_resnet import NETWORKS, ResNet

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
PADDING = 4


def pictures(archive):
    """Pictures as [count, 3, 32, 32] bytes and the numbers of their classes, of training and of test."""
    parts = {"train": [], "test": []}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = pathlib.PurePosixPath(member.name).parts
            if member.isfile() and path[-1].endswith(".jpg"):
                pixels = numpy.asarray(Image.open(io.BytesIO(tar.extractfile(member).read())).convert("RGB"))
                parts[path[-3]].append((path[-2], pixels.transpose(2, 0, 1)))
    classes = sorted({name for name, _ in parts["train"]})
    return {
        part: (
            torch.from_numpy(numpy.stack([pixels for _, pixels in items])),
            torch.tensor([classes.index(name) for name, _ in items]),
        )
        for part, items in parts.items()
    }


def normalized(pixels):
    return (pixels.float() / 255 - MEAN) / DEVIATION


def augmented(pixels, generator):
    """Every other picture, at random, mirrored, and cut anywhere out of itself with black pixels around it."""
    count = len(pixels)
    padded = F.pad(pixels, (PADDING,) * 4)
    shifts = torch.randint(0, 2 * PADDING + 1, (count, 2), generator=generator)
    flips = torch.rand(count, generator=generator) < 0.5
    result = torch.empty_like(pixels)
    for index, (top, left) in enumerate(shifts.tolist()):
        picture = padded[index, :, top : top + 32, left : left + 32]
        result[index] = picture.flip(2) if flips[index] else picture
    return normalized(result)


def accuracy(model, data):
    model.eval()
    pixels, labels = data
    with torch.no_grad():
        right = sum(
            (model(normalized(pixels[start : start + 500])).argmax(1) == labels[start : start + 500]).sum().item()
            for start in range(0, len(pixels), 500)
        )
    return 100 * right / len(pixels)


def multiply_accumulates(model):
    """Of convolutions and linear layers for one picture."""
    total = 0

    def count(module, inputs, output):
        nonlocal total
        taps = module.weight[0].numel()
        total += taps * output.numel()

    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    model.eval()
    with torch.no_grad():
        model(torch.zeros(1, 3, 32, 32))
    for hook in hooks:
        hook.remove()
    return total


def pruned(network, weights, ratio):
    model = ResNet(network)
    model.load_state_dict(load_file(weights), strict=False)
    inner = {block.conv1 for stage in (model.layer1, model.layer2, model.layer3) for block in stage}
    kept = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear)) and m not in inner]
    pruner = torch_pruning.pruner.MagnitudePruner(
        model, torch.zeros(1, 3, 32, 32), importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        global_pruning=True, pruning_ratio=ratio, max_pruning_ratio=0.9, ignored_layers=kept,
    )
    pruner.step()
    return model


def pruned_to(network, weights, factor):
    """With the smallest part of channels pruned that reaches the factor."""
    whole = multiply_accumulates(ResNet(network))
    low, high = 0.0, 0.9
    for _ in range(12):
        middle = (low + high) / 2
        if whole / multiply_accumulates(pruned(network, weights, middle)) >= factor:
            high = middle
        else:
            low = middle
    return pruned(network, weights, high)


def retrain(model, data, epochs, seed):
    generator = torch.Generator().manual_seed(seed)
    pixels, labels = data
    optimizer = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9, nesterov=True, weight_decay=1e-4)
    steps = len(pixels) // 128
    for epoch in range(epochs):
        model.train()
        start, order = time.time(), torch.randperm(len(pixels), generator=generator)
        for step in range(steps):
            chosen = order[step * 128 : step * 128 + 128]
            done = (epoch * steps + step) / (epochs * steps)
            for group in optimizer.param_groups:
                group["lr"] = 0.02 * (1 + math.cos(math.pi * done)) / 2
            optimizer.zero_grad()
            F.cross_entropy(model(augmented(pixels[chosen], generator)), labels[chosen]).backward()
            optimizer.step()
        print(f"epoch {epoch + 1} of {epochs}: {time.time() - start:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--network", default="resnet20", choices=NETWORKS)
    parser.add_argument("--factor", type=float, default=2.11)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    weights = options.data / f"models/{options.network}_cifarjpeg.safetensors"
    data = pictures(options.data / "cifar10_jpeg.tar.gz")
    whole = multiply_accumulates(ResNet(options.network))
    model = pruned_to(options.network, weights, options.factor)
    macs = multiply_accumulates(model)
    parameters = sum(p.numel() for p in model.parameters())
    at_once = accuracy(model, data["test"])
    retrain(model, data["train"], options.epochs, options.seed)
    print(
        f"Torch-Pruning {torch_pruning.__version__}, {options.network}: {macs} MACs, {whole / macs:.2f}x fewer, "
        f"{parameters} parameters, {at_once:.2f} % at once, {accuracy(model, data['test']):.2f} % after {options.epochs} epochs"
    )


main()
