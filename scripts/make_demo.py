#!/usr/bin/env python3
"""Makes what the project ships: the weights of configs/networks/sketch.yaml and the picture configs/pictures/landscape.png.

The weights are designed, not trained: each layer's kernels are written down below as what they are, blurs, oriented line
detectors and hinges. Needs Python 3 alone, and writes the same bytes every time.
"""

import json
import math
import pathlib
import struct
import sys
import zlib

import landscape

CONFIGS = pathlib.Path(__file__).resolve().parent.parent / "configs"
ORIENTATIONS = 16  # of lines, over half a turn
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601

# ---------------------------------------------------------------------------------------------------------------------
# Kernels: lists of rows


def kernel(size, value):
    """A square kernel: value(x, y) with (0, 0) in the middle, x to the right, y down."""
    half = size // 2
    return [[value(x, y) for x in range(-half, half + 1)] for y in range(-half, half + 1)]


def normalized(rows):
    """The kernel with its elements adding up to 1."""
    scale = 1 / sum(map(sum, rows))
    return [[value * scale for value in row] for row in rows]


def scaled(rows, factor):
    return [[value * factor for value in row] for row in rows]


def gaussian(size, deviation):
    return normalized(kernel(size, lambda x, y: math.exp(-(x * x + y * y) / (2 * deviation**2))))


def constant(size, value):
    """A kernel that multiplies the pixel itself by `value`."""
    return kernel(size, lambda x, y: value if x == y == 0 else 0.0)


def across_and_along(x, y, orientation):
    """Coordinates of a point across and along a line of an orientation, counted from 0, the horizontal."""
    angle = math.pi * orientation / ORIENTATIONS
    return y * math.cos(angle) - x * math.sin(angle), x * math.cos(angle) + y * math.sin(angle)


def line_detector(size, orientation, width, length):
    """Positive on a line denser than its surroundings, and on the dense side of an edge; 0 on flat colour and on ramps.

    Across the line it is the second derivative of a Gaussian, along it a Gaussian. Scaled so that a wide step of height 1
    gives about 1.
    """

    def value(x, y):
        u, v = across_and_along(x, y, orientation)
        return (1 - (u / width) ** 2) * math.exp(-(u / width) ** 2 / 2 - (v / length) ** 2 / 2)

    rows = kernel(size, value)
    # Sampled and cut off, it does not add up to zero any more: take the rest off evenly.
    mean = sum(map(sum, rows)) / size**2
    rows = [[element - mean for element in row] for row in rows]
    gain = sum(element for row in rows for element in row if element > 0)
    return scaled(rows, 2 / gain)


def support(size, own, other, length, inhibition):
    """How a line of orientation `other` nearby speaks for one of orientation `own` here: for it, if it lies in its
    extension and has nearly its direction; against it, if it crosses it."""
    turn = math.cos(2 * math.pi * (own - other) / ORIENTATIONS)  # 1: the same direction, -1: at right angles

    def value(x, y):
        u, v = across_and_along(x, y, own)
        return math.exp(-(u / 0.55) ** 2 / 2 - (v / length) ** 2 / 2)

    agreement = max(0.0, turn) ** 6 - inhibition * max(0.0, -turn)
    return scaled(normalized(kernel(size, value)), agreement)


# ---------------------------------------------------------------------------------------------------------------------
# Layers: kernels by output channel and input channel, and a bias for each output channel


def each_colour(rows):
    """The same kernel for red, green and blue, each by itself."""
    zero = constant(len(rows), 0.0)
    return [[rows if i == o else zero for i in range(3)] for o in range(3)]


def soften():
    return each_colour(gaussian(3, 0.7)), [0.0] * 3


def invert():
    """1 - x: a maximum over these is a minimum over the originals."""
    return each_colour(constant(1, -1.0)), [1.0] * 3


WASHES = 6  # the number of densities that the washes have
EDGE = 0.05  # how far the density changes while a wash goes over into the next


def hinges():
    """Where the density's staircase begins to rise and where it stops."""
    for level in range(WASHES):
        middle = (level + 0.5) / WASHES
        yield middle - EDGE / 2, middle + EDGE / 2


def levels():
    """Channels 0-2: the colours; 3: the luminance; then, for every step of the staircase, luminance - threshold.

    After the relu these are the hinges of which `wash` makes the staircase.
    """
    blur = gaussian(3, 0.8)
    weight, bias = each_colour(blur), [0.0] * 3
    grey = [scaled(blur, share) for share in LUMINANCE]
    weight.append(grey)
    bias.append(0.0)
    for begin, end in hinges():
        weight += [grey, grey]
        bias += [-begin, -end]
    return weight, bias


POSTERIZE = 0.75  # 0: densities as they were; 1: nothing but steps
SATURATION = 1.35


def wash():
    """Colour + POSTERIZE · (staircase(luminance) - luminance), more saturated than it was."""
    step = 1 / WASHES / EDGE
    weight = []
    for colour in range(3):
        row = [(1 - SATURATION) * share for share in LUMINANCE]
        row[colour] += SATURATION
        row.append(-POSTERIZE)
        for _ in range(WASHES):
            row += [POSTERIZE * step, -POSTERIZE * step]
        weight.append([constant(1, value) for value in row])
    return weight, [0.0] * 3


def halo():
    """A wide blur: 5x5 elements at distance 2."""
    return each_colour(gaussian(5, 1.3)), [0.0] * 3


def wet_edge(strength=0.55):
    """Inputs: the wash and its halo. Where a wash ends, pigment gathers on its side: wash + strength · (wash - halo)."""
    weight = [[constant(1, (1 + strength) * (i == o) - strength * (i == o + 3)) for i in range(6)] for o in range(3)]
    return weight, [0.0] * 3


def lines(threshold=0.025):
    """One channel for each orientation."""
    # Not the luminance: a colour's own edges count as well.
    shares = (0.40, 0.35, 0.25)
    detectors = [line_detector(7, orientation, width=0.9, length=2.0) for orientation in range(ORIENTATIONS)]
    return [[scaled(rows, share) for share in shares] for rows in detectors], [-threshold] * ORIENTATIONS


def join(threshold, gain, length, inhibition):
    """Lines go on where others of nearly their direction lead to them; what stands alone fades."""
    orientations = range(ORIENTATIONS)
    weight = [
        [scaled(support(5, own, other, length, inhibition), gain) for other in orientations] for own in orientations]
    return weight, [-threshold] * ORIENTATIONS


def press(strength=1.3):
    """1 - strength · (all orientations): after the relu, 0 where ink is to be, 1 where none is, and never more than black."""
    return [[constant(1, -strength)] * ORIENTATIONS], [1.0]


def ink(density=(0.80, 0.76, 0.62)):
    """The density of ink in red, green and blue: a dark blue. Takes what `press` left white."""
    return [[constant(1, -value)] for value in density], list(density)


LAYERS = {
    "soften": soften(),
    "invert0": invert(),
    "invert1": invert(),
    "levels": levels(),
    "wash": wash(),
    "halo": halo(),
    "wet_edge": wet_edge(),
    "lines": lines(),
    "join0": join(threshold=0.02, gain=1.3, length=1.8, inhibition=0.5),
    "join1": join(threshold=0.03, gain=1.3, length=1.8, inhibition=0.5),
    "press": press(),
    "ink": ink(),
}

# ---------------------------------------------------------------------------------------------------------------------
# Files


def tensors():
    """Tensors by name: a shape and the values in order."""
    for layer, (weight, bias) in LAYERS.items():
        shape = [len(weight), len(weight[0]), len(weight[0][0]), len(weight[0][0][0])]
        yield f"{layer}.weight", shape, [v for kernels in weight for rows in kernels for row in rows for v in row]
        yield f"{layer}.bias", [len(bias)], bias


def write_safetensors(path):
    """An 8-byte length, a JSON header with every tensor's place, and the values as little-endian f32."""
    header, data = {}, b""
    for name, shape, values in tensors():
        values = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_png(path, rows, width):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    lines = b"".join(b"\0" + row for row in rows)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))


def main():
    weights = CONFIGS / "networks" / "sketch.safetensors"
    picture = CONFIGS / "pictures" / "landscape.png"
    picture.parent.mkdir(exist_ok=True)
    write_safetensors(weights)
    if "--weights-only" not in sys.argv[1:]:
        write_png(picture, landscape.draw(), landscape.WIDTH)
    for path in (weights, picture):
        print(f"{path.relative_to(CONFIGS.parent)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
