"""The sample picture of the demo: a landscape with flat colours, soft gradients, fine texture, stripes and thin lines.

It is drawn shape after shape, from the back to the front. A shape is a function that gives the colour (r, g, b), each
0 … 255, of a point, or None where the shape is not. `make_demo.py` writes the result.
"""

import math

WIDTH, HEIGHT = 640, 427  # odd on purpose: tiles of unequal size
SAMPLES = 3  # per pixel and axis


class Canvas:
    def __init__(self):
        self.rows = [[(255.0, 255.0, 255.0)] * WIDTH for _ in range(HEIGHT)]

    def paint(self, box, shape, samples=SAMPLES):
        """Paints a shape within the box (left, top, right, bottom), with soft outlines."""
        left, top, right, bottom = (int(value) for value in box)
        offsets = [(index + 0.5) / samples for index in range(samples)]
        for y in range(max(top, 0), min(bottom + 1, HEIGHT)):
            row = self.rows[y]
            for x in range(max(left, 0), min(right + 1, WIDTH)):
                hits = [c for c in (shape(x + i, y + j) for j in offsets for i in offsets) if c is not None]
                if hits:
                    rest = samples * samples - len(hits)
                    row[x] = tuple((row[x][k] * rest + sum(c[k] for c in hits)) / (samples * samples) for k in range(3))

    def pixels(self):
        """The rows of the picture as bytes r, g, b, r, g, b, …"""
        return [bytes(min(max(round(value), 0), 255) for pixel in row for value in pixel) for row in self.rows]


def mix(a, b, amount):
    """The colour between a (amount 0) and b (amount 1)."""
    amount = min(max(amount, 0.0), 1.0)
    return tuple(p + (q - p) * amount for p, q in zip(a, b))


def lighter(colour, amount):
    return tuple(value + amount for value in colour)


def grain(x, y, size=1.0):
    """A number from -1 to 1 that is always the same for the cell of that size in which a point lies."""
    n = (math.floor(x / size) * 374761393 + math.floor(y / size) * 668265263) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFF) / 32767.5 - 1


def circle(canvas, x, y, radius, colour):
    """A disc; `colour` is a colour, or a function of the point."""
    of = colour if callable(colour) else lambda px, py: colour
    canvas.paint(
        (x - radius, y - radius, x + radius, y + radius),
        lambda px, py: of(px, py) if (px - x) ** 2 + (py - y) ** 2 <= radius**2 else None)


def polygon(canvas, points, colour):
    """A convex polygon, its corners clockwise as seen."""
    of = colour if callable(colour) else lambda px, py: colour
    edges = list(zip(points, points[1:] + points[:1]))

    def shape(px, py):
        inside = all((bx - ax) * (py - ay) - (by - ay) * (px - ax) >= 0 for (ax, ay), (bx, by) in edges)
        return of(px, py) if inside else None

    xs, ys = [p[0] for p in points], [p[1] for p in points]
    canvas.paint((min(xs), min(ys), max(xs), max(ys)), shape)


def sky(canvas):
    def gradient(x, y):
        warm = mix((64, 138, 214), (252, 226, 186), y / 250)
        return mix((255, 240, 200), warm, math.hypot(x - 500, y - 92) / 150)

    canvas.paint((0, 0, WIDTH, 260), gradient, samples=1)
    circle(canvas, 500, 92, 40, (255, 206, 64))
    for cx, cy, size in [(300, 62, 1.0), (598, 50, 0.8), (40, 40, 0.9), (395, 138, 0.6)]:
        for dx, dy, radius in [(-38, 6, 18), (-14, -6, 25), (16, -2, 22), (40, 7, 16), (0, 10, 20)]:
            shade = lambda px, py, base=cy: mix((255, 255, 255), (214, 222, 236), (py - base + 4) / 34)
            circle(canvas, cx + dx * size, cy + dy * size, radius * size, shade)


def balloon(canvas, x, y, radius):
    gores = [(214, 58, 52), (250, 206, 74), (42, 112, 176), (244, 238, 222)]

    def envelope(px, py):
        dx, dy = (px - x) / radius, (py - y) / radius
        narrow = 1.0 if dy < 0.2 else 1.0 - 0.55 * (dy - 0.2)  # the lower half tapers
        if (dx / narrow) ** 2 + (dy / 1.12) ** 2 > 1:
            return None
        width = narrow * math.sqrt(max(1e-6, 1 - (dy / 1.12) ** 2))
        gore = math.floor((math.asin(min(max(dx / width, -1), 1)) / math.pi + 0.5) * 8)
        return lighter(gores[gore % 4], -28 * dx)

    for side in (-1, 1):
        ax, bx = x + side * radius * 0.42, x + side * 8
        polygon(canvas, [(ax, y + radius), (ax + 1.6, y + radius), (bx + 1.6, y + radius * 1.6), (bx, y + radius * 1.6)],
                (96, 72, 50))
    canvas.paint((x - radius, y - radius * 1.2, x + radius, y + radius * 1.2), envelope)
    polygon(canvas, [(x - 11, y + radius * 1.55), (x + 11, y + radius * 1.55), (x + 9, y + radius * 1.85),
                     (x - 9, y + radius * 1.85)],
            lambda px, py: (150, 100, 56) if math.floor(py / 3) % 2 else (176, 124, 72))


def mountains(canvas):
    def ranges(x, y):
        near = 206 - 40 * abs(math.sin(x / 92 + 0.6)) - 7 * math.sin(x / 29) - 3 * math.sin(x / 8.0)
        if y >= near:
            return mix((96, 106, 156), (166, 178, 200), (y - 160) / 100)
        far = 186 - 52 * abs(math.sin(x / 131 + 2.3)) - 8 * math.sin(x / 43) - 3 * math.sin(x / 11.0)
        if y < far:
            return None
        snow = 158 + 7 * math.sin(x / 7) + 3 * math.sin(x / 3.1)
        return (244, 247, 252) if y < snow else mix((146, 154, 192), (196, 204, 218), (y - 150) / 80)

    canvas.paint((0, 110, WIDTH, 270), ranges)


def hills(canvas):
    def far(x, y):
        top = 232 - 20 * math.sin(x / 118 + 1.2) - 6 * math.sin(x / 37)
        if y < top:
            return None
        return lighter(mix((150, 182, 96), (112, 158, 84), (y - top) / 60), 5 * grain(x, y, 2))

    def field(x, y):
        top = 274 + 20 * math.sin(x / 105 - 0.4)
        if y < top:
            return None
        # Furrows that meet at a point far away.
        furrow = math.sin(math.atan2(x - 200, y - 205) * 44)
        return mix((196, 170, 84), (150, 122, 62), 0.5 + 2.5 * furrow)

    def meadow(x, y):
        top = 318 - 26 * math.sin(x / 150 + 0.5) + 5 * math.sin(x / 41)
        if y < top:
            return None
        return lighter(mix((108, 168, 70), (64, 122, 48), (y - top) / 110), 16 * grain(x, y) + 8 * grain(x, y, 3))

    def road(x, y):
        if y < 292:
            return None
        depth = (y - 292) / 135
        middle = 408 + 70 * math.sin(depth * 4.4) * (0.25 + depth) - 60 * depth
        width = 5 + 40 * depth
        return lighter((226, 206, 166), 7 * grain(x, y, 2)) if abs(x - middle) < width else None

    canvas.paint((0, 195, WIDTH, 330), far, samples=2)
    canvas.paint((0, 240, WIDTH, 360), field)
    canvas.paint((0, 280, WIDTH, HEIGHT), meadow, samples=2)
    canvas.paint((200, 292, 520, HEIGHT), road)


def house(canvas, x, y, width, height, wall, roof):
    """A house whose front's lower left corner is at (x, y)."""
    top = y - height
    polygon(canvas, [(x, top), (x + width, top), (x + width, y), (x, y)], lambda px, py: lighter(wall, 4 * grain(px, py, 2)))
    tiles = lambda px, py: lighter(roof, 0 if math.floor(py / 4) % 2 else -24)
    polygon(canvas, [(x + width * 0.14, top - height * 0.62), (x + width * 0.86, top - height * 0.62),
                     (x + width + 7, top + 2), (x - 7, top + 2)], tiles)
    polygon(canvas, [(x + width * 0.68, top - height * 0.8), (x + width * 0.78, top - height * 0.8),
                     (x + width * 0.78, top - height * 0.4), (x + width * 0.68, top - height * 0.4)], (150, 84, 70))
    for column in (0.12, 0.64):
        wx, wy, side = x + width * column, top + height * 0.24, width * 0.22
        polygon(canvas, [(wx, wy), (wx + side, wy), (wx + side, wy + side), (wx, wy + side)],
                lambda px, py: (250, 246, 232) if min(abs(px - wx - side / 2), abs(py - wy - side / 2)) < 1.1 else (70, 98, 128))
    dx = x + width * 0.42
    polygon(canvas, [(dx, y - height * 0.56), (dx + width * 0.15, y - height * 0.56), (dx + width * 0.15, y), (dx, y)],
            (112, 66, 44))


def lighthouse(canvas, x, y, height):
    def tower(px, py):
        return (206, 48, 44) if math.floor((y - py) / height * 6) % 2 == 0 else (248, 244, 236)

    shaded = lambda px, py: lighter(tower(px, py), -1.6 * (x - px))
    polygon(canvas, [(x - 12, y - height), (x + 12, y - height), (x + 20, y), (x - 20, y)], shaded)
    polygon(canvas, [(x - 17, y - height - 4), (x + 17, y - height - 4), (x + 17, y - height), (x - 17, y - height)], (60, 62, 70))
    polygon(canvas, [(x - 9, y - height - 20), (x + 9, y - height - 20), (x + 9, y - height - 4), (x - 9, y - height - 4)],
            (255, 232, 130))
    polygon(canvas, [(x, y - height - 34), (x + 12, y - height - 20), (x - 12, y - height - 20)], (60, 62, 70))
    for storey in (0.3, 0.62):
        polygon(canvas, [(x - 4, y - height * storey - 11), (x + 4, y - height * storey - 11), (x + 4, y - height * storey),
                         (x - 4, y - height * storey)], (70, 80, 96))


def tree(canvas, x, y, size):
    polygon(canvas, [(x - size * 0.1, y - size), (x + size * 0.1, y - size), (x + size * 0.16, y), (x - size * 0.16, y)],
            (98, 66, 40))

    def leaves(px, py):
        return lighter(mix((96, 156, 58), (34, 92, 46), (py - y + size * 2.1) / (size * 1.5)), 16 * grain(px, py, 2))

    for dx, dy, radius in [(-0.42, -1.05, 0.46), (0.42, -1.1, 0.46), (0, -0.95, 0.5), (-0.2, -1.6, 0.48), (0.26, -1.62, 0.42)]:
        circle(canvas, x + dx * size, y + dy * size, radius * size, leaves)


def garden(canvas):
    for index in range(11):  # a fence
        x = 14 + index * 20
        polygon(canvas, [(x + 3.5, 362), (x + 7, 367), (x + 7, 408), (x, 408), (x, 367)], (240, 232, 214))
    for y in (374, 394):
        polygon(canvas, [(4, y), (232, y), (232, y + 4), (4, y + 4)], (226, 216, 194))
    petals = [(232, 70, 92), (250, 208, 70), (244, 240, 246), (170, 90, 190)]
    for index in range(46):  # flowers
        x = 455 + 90 * (1 + grain(index, 3)) + 2
        y = 366 + 28 * (1 + grain(index, 8))
        for turn in range(5):
            angle = turn * 2 * math.pi / 5
            circle(canvas, x + 3.2 * math.cos(angle), y + 3.2 * math.sin(angle), 2.4, petals[index % 4])
        circle(canvas, x, y, 1.9, (120, 84, 30))


def draw():
    """The rows of the picture, each as bytes r, g, b, r, g, b, …"""
    canvas = Canvas()
    sky(canvas)
    mountains(canvas)
    balloon(canvas, 150, 100, 54)
    hills(canvas)
    lighthouse(canvas, 588, 300, 118)
    house(canvas, 254, 316, 74, 40, (240, 222, 186), (188, 76, 52))
    house(canvas, 470, 330, 92, 50, (222, 228, 226), (88, 96, 122))
    house(canvas, 96, 336, 84, 48, (246, 214, 170), (172, 62, 48))
    tree(canvas, 54, 350, 40)
    tree(canvas, 214, 342, 30)
    tree(canvas, 440, 338, 26)
    tree(canvas, 618, 362, 38)
    garden(canvas)
    return canvas.pixels()
