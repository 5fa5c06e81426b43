#!/usr/bin/env python3
"""Draws pictures to train with: leaves of all sizes that cover one another, each of a colour, a shade and a texture of its own.

    scripts/dead_leaves.py FOLDER [COUNT [SIZE]]

Such pictures have edges and scales as photographs have them: radii are distributed as r^-3 (Lee, Mumford, Huang, "Occlusion models
for natural images", 2001), which is enough to learn how to denoise photographs from (Achddou, Gousseau, Ladjal, "Synthetic images as a
regularity prior for image restoration neural networks", 2021). Needs Python 3 alone, and draws the same pictures every time.
"""

import colorsys
import math
import pathlib
import random
import sys

from make_demo import write_png

SCALE = 2  # pixels are means of so many by so many
SMALLEST, LARGEST = 2.0, 120.0  # radii, in pixels of the result


def radius(source):
    """Distributed as r^-3 between the smallest and the largest."""
    a, b = SMALLEST**-2, LARGEST**-2
    return (a - source.random() * (a - b)) ** -0.5


def texture(source):
    """A function that gives the lightness of a point: even, shaded, striped or grained."""
    kind, angle = source.randrange(4), source.uniform(0, 2 * math.pi)
    dx, dy = math.cos(angle), math.sin(angle)
    if kind == 0:
        return lambda x, y: 0.0
    if kind == 1:
        slope = source.uniform(10, 60) / LARGEST / SCALE
        return lambda x, y: slope * (x * dx + y * dy)
    strength = source.uniform(6, 40)
    if kind == 2:
        frequency = 2 * math.pi / (SCALE * source.uniform(3, 24))
        return lambda x, y: strength * math.sin(frequency * (x * dx + y * dy))
    size, seed = SCALE * source.uniform(0.7, 4), source.randrange(1 << 30)

    def grain(x, y):
        n = (int(x // size) * 374761393 + int(y // size) * 668265263 + seed) & 0xFFFFFFFF
        n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
        return strength * (((n >> 16) & 0xFFFF) / 32767.5 - 1)

    return grain


def colour(source):
    """Photographs have more dull colours than bright ones."""
    return tuple(255 * c for c in colorsys.hsv_to_rgb(source.random(), source.random() ** 2, source.uniform(0.05, 1)))


def spans(source, size):
    """The rows (y, first x, end) of a disc or of a turned rectangle."""
    r, x, y = radius(source) * SCALE, source.uniform(0, size), source.uniform(0, size)
    if source.random() < 0.6:
        for row in range(max(0, math.ceil(y - r)), min(size, math.floor(y + r) + 1)):
            half = math.sqrt(max(0.0, r * r - (row - y) ** 2))
            yield row, max(0, math.ceil(x - half)), min(size, math.floor(x + half) + 1)
        return
    angle, flat = source.uniform(0, math.pi), source.uniform(0.15, 1)
    a, b = (r * math.cos(angle), r * math.sin(angle)), (-flat * r * math.sin(angle), flat * r * math.cos(angle))
    corners = [(x + i * a[0] + j * b[0], y + i * a[1] + j * b[1]) for i, j in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    sides = list(zip(corners, corners[1:] + corners[:1]))
    low, high = min(c[1] for c in corners), max(c[1] for c in corners)
    for row in range(max(0, math.ceil(low)), min(size, math.floor(high) + 1)):
        cuts = [px + (row - py) * (qx - px) / (qy - py) for (px, py), (qx, qy) in sides if (py <= row) != (qy <= row)]
        if len(cuts) == 2:
            yield row, max(0, math.ceil(min(cuts))), min(size, math.floor(max(cuts)) + 1)


def draw(source, size):
    """The rows of a picture, each as bytes r, g, b, …; drawn from the front to the back until nothing is left to cover."""
    wide = size * SCALE
    rows = [[None] * wide for _ in range(wide)]
    left = wide * wide
    while left > wide * wide // 500:
        base, shade = colour(source), texture(source)
        for y, first, end in spans(source, wide):
            row = rows[y]
            for x in range(first, end):
                if row[x] is None:
                    light = shade(x, y)
                    row[x] = (base[0] + light, base[1] + light, base[2] + light)
                    left -= 1
    for row in rows:  # the few gaps take the colour beside them
        previous = (128.0, 128.0, 128.0)
        for x, pixel in enumerate(row):
            if pixel is None:
                row[x] = previous
            previous = row[x]
    result = []
    for y in range(0, wide, SCALE):
        values = []
        for x in range(0, wide, SCALE):
            block = [rows[y + j][x + i] for j in range(SCALE) for i in range(SCALE)]
            values += [min(255, max(0, round(sum(p[k] for p in block) / len(block)))) for k in range(3)]
        result.append(bytes(values))
    return result


def main():
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__.split("\n\n")[1].strip())
    folder, count, size = pathlib.Path(sys.argv[1]), *(int(text) for text in (sys.argv[2:] + ["24", "256"][len(sys.argv) - 2 :]))
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        path = folder / f"leaves{index:03}.png"
        write_png(path, draw(random.Random(f"{folder.name} {index}"), size), size)
        print(path, flush=True)


if __name__ == "__main__":
    main()
