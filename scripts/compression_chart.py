#!/usr/bin/env python3
"""Draws bytes against quality: every row of the tables that scripts/compression_codecs.py prints is a point, and points of one codec are joined.

    python3 scripts/compression_chart.py TABLE... > CHART.svg

A TABLE is a file that has such a table, such as docs/compression.md; rows without a quality are left out.
"""
import re
import sys

COLOURS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#000000", "#ee8866", "#44bb99"]
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 830, 420, 60, 46, 16, 260


def points(paths):
    """The points of every codec: times smaller than f32, quality."""
    found = {}
    for path in paths:
        for line in open(path, encoding="utf-8"):
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            # The scripts' tables have 8 columns, that of docs/compression.md 4; in both, the ratio of the file stands before the quality.
            if len(cells) not in (4, 8) or not cells[0].startswith("`"):
                continue
            ratio, quality = cells[len(cells) // 2 :][:2]
            quality = re.match(r"([\d.]+) (%|dB)", quality)
            if quality:
                setting = cells[0].strip("`")
                name = "NNCodec" if setting.startswith("nncodec") else re.search(r"--codec (\S+)", setting).group(1)
                if "--target-bytes" in setting:
                    name += ", searched"
                if "--dependent" in setting:
                    name += ", two grids"
                if setting.startswith("folded"):
                    name += ", folded"
                found.setdefault(name, []).append((float(ratio.rstrip("x")), float(quality.group(1)), quality.group(2)))
    return {name: sorted(own) for name, own in found.items()}


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    series = points(sys.argv[1:])
    if not series:
        sys.exit("expected a table with a column of quality, found none")
    everything = [point for own in series.values() for point in own]
    unit = everything[0][2]
    ratios = [point[0] for point in everything]
    x0, x1 = 0, max(ratios) * 1.05
    best = max(point[1] for point in everything)
    # What lost nearly everything would leave no room for the rest.
    y0, y1 = max(min(point[1] for point in everything), best - 12) - 0.5, best + 0.5

    def x(ratio):
        return LEFT + (ratio - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)

    def y(quality):
        return HEIGHT - BOTTOM - (max(quality, y0) - y0) / (y1 - y0) * (HEIGHT - BOTTOM - TOP)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for tick in range(0, int(x1) + 1, max(1, int(x1) // 8)):
        lines.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        lines.append(f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick}x</text>')
    for tick in range(int(y0) + 1, int(y1) + 1, max(1, int(y1 - y0) // 6)):
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#ddd"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick} {unit}</text>')
    lines.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">times smaller than f32, the whole file</text>')
    for index, (name, own) in enumerate(sorted(series.items())):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{x(ratio):.1f},{y(quality):.1f}" for ratio, quality, _ in own)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for ratio, quality, _ in own:
            lines.append(f'<circle cx="{x(ratio):.1f}" cy="{y(quality):.1f}" r="3.5" fill="{colour}"/>')
        row = TOP + 14 + 17 * index
        lines.append(f'<circle cx="{WIDTH - RIGHT + 16}" cy="{row - 4}" r="4" fill="{colour}"/>')
        lines.append(f'<text x="{WIDTH - RIGHT + 26}" y="{row}">{name}</text>')
    print("\n".join(lines + ["</svg>"]))


main()
