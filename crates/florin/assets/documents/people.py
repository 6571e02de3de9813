"""Shapes on a sheet, and two people who do not exist.

Sheets are measured in units of their own, and drawn larger than they are used."""

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

# Shapes on a sheet.


def curve(points, closed=True):
    """A smooth line through the points (Catmull-Rom)."""
    points = np.array(points, float)
    padded = np.vstack([points[-1:], points, points[:2]] if closed else [points[:1], points, points[-1:]])
    t = np.linspace(0, 1, 16, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:]):
        pieces.append(b + t * ((c - a) + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - a - 3 * c + d))) / 2)
    return np.vstack(pieces if closed else [*pieces, points[-1:]])


def both(half, x=50):
    """A closed outline from its right half, which goes from top to bottom as distances from the middle `x`."""
    return [(x + dx, y) for dx, y in half] + [(x - dx, y) for dx, y in reversed(half) if dx]


def oval(x, y, rx, ry):
    return [(x + rx * cos(a), y + ry * sin(a)) for a in np.linspace(0, 2 * pi, 24, endpoint=False)]


def font(style, size):
    return ImageFont.truetype(f"DejaVuSans{style}.ttf", size, layout_engine=ImageFont.Layout.BASIC)


class Sheet:
    """A drawing `width` by `height` units large, with `scale` pixels to the unit."""

    def __init__(self, width, height, scale, fill=(0, 0, 0, 0)):
        self.scale = scale
        self.image = Image.new("RGBA", (round(width * scale), round(height * scale)), fill)

    def mask(self, points, smooth=True):
        mask = Image.new("L", self.image.size)
        points = curve(points) if smooth else np.array(points, float)
        ImageDraw.Draw(mask).polygon([tuple(p) for p in points * self.scale], fill=255)
        return mask

    def paint(self, mask, colour, alpha=1.0, blur=0.0, within=None):
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur * self.scale))
        if within is not None:
            mask = ImageChops.multiply(mask, within)
        if alpha < 1:
            mask = mask.point(lambda v: round(v * alpha))
        layer = Image.new("RGBA", self.image.size, (*colour, 255))
        layer.putalpha(mask)
        self.image.alpha_composite(layer)

    def shape(self, points, colour, alpha=1.0, blur=0.0, within=None, smooth=True):
        mask = self.mask(points, smooth)
        self.paint(mask, colour, alpha, blur, within)
        return mask

    def line(self, points, colour, width, alpha=1.0, blur=0.0, within=None):
        """A smooth line, thick in the middle and thin at its ends, as a brush leaves it."""
        path = curve(points, closed=False)
        lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        at = np.arange(0, lengths[-1], max(0.1, width / 6))
        path = np.stack([np.interp(at, lengths, path[:, 0]), np.interp(at, lengths, path[:, 1])], axis=1)
        mask = Image.new("L", self.image.size)
        draw = ImageDraw.Draw(mask)
        for (x, y), part in zip(path, np.linspace(0, pi, len(path))):
            r = width / 2 * (0.35 + 0.65 * sin(part))
            draw.ellipse(
                [(x - r) * self.scale, (y - r) * self.scale, (x + r) * self.scale, (y + r) * self.scale], fill=255
            )
        self.paint(mask, colour, alpha, blur, within)

    def text(self, x, y, text, size, colour=(28, 32, 46), style="", anchor="ls", alpha=255):
        layer = Image.new("RGBA", self.image.size, (*colour, 0))
        at = (x * self.scale, y * self.scale)
        ImageDraw.Draw(layer).text(at, text, (*colour, alpha), font(style, size * self.scale), anchor)
        self.image.alpha_composite(layer)

    def rectangle(self, x, y, width, height, radius=0.0):
        mask = Image.new("L", self.image.size)
        box = [v * self.scale for v in (x, y, x + width, y + height)]
        ImageDraw.Draw(mask).rounded_rectangle(box, radius * self.scale, fill=255)
        return mask

    def place(self, image, x, y, width, height):
        size = (round(width * self.scale), round(height * self.scale))
        self.image.alpha_composite(
            image.resize(size, Image.Resampling.LANCZOS), (round(x * self.scale), round(y * self.scale))
        )


# Two people who do not exist.


@dataclass
class Person:
    surname: str
    given: str
    mrz_name: tuple
    sex: str
    born: str
    born_mrz: str
    birthplace: str
    skin: tuple
    hair: tuple
    iris: tuple
    has_beard: bool


ADA = Person(
    "LINDQVIST",
    "ADA",
    ("LINDQVIST", "ADA"),
    "F",
    "10 DEC 1990",
    "901210",
    "AMAUROT",
    (244, 205, 178),
    (138, 66, 38),
    (74, 124, 98),
    False,
)
BORYS = Person(
    "ZIELIŃSKI",
    "BORYS",
    ("ZIELINSKI", "BORYS"),
    "M",
    "02 MAR 1985",
    "850302",
    "AMAUROT",
    (233, 188, 155),
    (62, 44, 36),
    (84, 112, 150),
    True,
)


def tint(colour, by):
    """The colour, lighter or darker."""
    return tuple(max(0, min(255, round(c + (255 - c) * by if by > 0 else c * (1 + by)))) for c in colour)


def dress(sheet, person, cloth, foot):
    """Neck, shoulders and clothes."""
    skin, shade = person.skin, tint(person.skin, -0.22)
    wide = 4 if person.has_beard else 0
    body = sheet.shape(
        both([(8, 94), (16 + wide, 98), (31 + wide, 104), (40 + wide, 114), (44 + wide, foot + 8), (0, foot + 8)]),
        cloth,
    )
    sheet.shape([(60, 90), (110, 95), (110, foot + 9), (70, foot + 9)], tint(cloth, -0.35), 0.55, 4, body)
    sheet.line([(20.5, 113), (19.5, 120), (17, foot + 3)], tint(cloth, -0.45), 0.7, 0.75, 0.12, body)
    sheet.line([(79.5, 113), (80.5, 120), (83, foot + 3)], tint(cloth, -0.6), 0.7, 0.75, 0.12, body)
    neck = sheet.shape(
        both([(0, 70), (9.5 + wide / 2, 72), (9.5 + wide / 2, 88), (13 + wide / 2, 97), (7, 104), (0, 107 - wide)]),
        skin,
    )
    sheet.shape(oval(51, 80, 14, 11), shade, 0.9, 1.6, neck)
    if person.has_beard:
        for side in (-1, 1):
            flap = [(50 + side * dx, y) for dx, y in [(0.5, 105), (10.5, 92), (15.8, 96.5), (14, 108), (7.5, 114)]]
            sheet.shape(flap, (240, 242, 246), smooth=False)
            sheet.shape(
                [(50 + side * dx, y) for dx, y in [(0.5, 105), (7, 114), (4, 117)]], (205, 212, 222), smooth=False
            )
        return
    sheet.line([(36.5, 97), (41, 104), (50, 109), (59, 104), (63.5, 97)], tint(cloth, 0.3), 1.8, 0.9, 0.1)
    sheet.line([(40, 93), (44, 101), (50, 103.5), (56, 101), (60, 93)], (202, 164, 84), 0.55)
    sheet.shape(oval(50, 104.8, 1.5, 1.7), (202, 164, 84))


def eyes(sheet, person, face):
    dark = tint(person.hair, -0.55)
    for side in (-1, 1):
        x = 50 + side * 9.3
        sheet.shape(oval(x, 53, 6.6, 4.6), tint(person.skin, -0.2), 0.45, 1.3, face)
        lid = [(x - 4.7, 53.4), (x - 2.2, 50.9), (x + 1.6, 50.6), (x + 4.6, 53), (x + 1.8, 55.4), (x - 2, 55.5)]
        white = sheet.shape(lid, (252, 250, 247))
        sheet.shape(oval(x, 53, 2.75, 2.75), tint(person.iris, -0.35), within=white)
        sheet.shape(oval(x, 53.4, 2.2, 2.2), person.iris, within=white)
        sheet.shape(oval(x, 53, 1.25, 1.25), (20, 18, 22), within=white)
        sheet.shape(oval(x - 0.9, 52, 0.7, 0.7), (255, 255, 255))
        sheet.shape(
            [(x - 6, 49), (x, 48.4), (x + 6, 49), (x + 5, 52), (x, 51.4), (x - 5, 52)], (60, 50, 60), 0.3, 0.5, white
        )
        sheet.line(
            [(x - 5, 53.6), (x - 2.2, 50.8), (x + 1.6, 50.5), (x + 5, 53.2)], dark, 0.75 if person.has_beard else 1.15
        )
        sheet.line([(x - 3.4, 55.4), (x, 56.1), (x + 3.4, 55.1)], tint(person.skin, -0.35), 0.35, 0.8)
        if not person.has_beard:
            sheet.line([(x + side * 4.2, 52.4), (x + side * 5.6, 51.4), (x + side * 6.4, 50.4)], dark, 0.8)
        brow = [(50 + side * dx, y) for dx, y in [(4.2, 46.4), (8, 44.2), (12.5, 44.3), (15.4, 47)]]
        sheet.line(brow, tint(person.hair, -0.25), 2.0 if person.has_beard else 1.35, 0.92, 0.15)


def face(sheet, person, smile):
    skin, shade = person.skin, tint(person.skin, -0.2)
    for side in (-1, 1):
        sheet.shape(oval(50 + side * 22, 56, 3.3, 6), tint(skin, -0.1))
        sheet.line([(50 + side * 22.4, 52.5), (50 + side * 23.8, 55), (50 + side * 22.4, 59)], tint(skin, -0.3), 0.6)
    jaw = 1.6 if person.has_beard else 0
    outline = [
        (0, 25),
        (12, 26.5),
        (19.8, 34),
        (22, 47),
        (21.2, 59),
        (17.6 + jaw, 71),
        (10.6 + jaw, 80),
        (4.6, 83.6),
        (0, 84.2),
    ]
    mask = sheet.shape(both(outline), skin)
    sheet.shape([(66, 20), (80, 50), (70, 90), (48, 90), (62, 74), (67, 55)], shade, 0.75, 3.2, mask)
    sheet.shape(oval(43, 40, 13, 8), tint(skin, 0.4), 0.5, 4, mask)
    if person.has_beard:
        beard = [(22, 51), (22.2, 58), (21.4, 66), (17.4, 76), (10, 83.6), (0, 86.6)]
        inner = [(-6, 68.2), (-12, 67.6), (-16.4, 63), (-18.9, 57), (-20.6, 51)]
        outer = both(beard)[: len(beard)] + [(50 - dx, y) for dx, y in reversed(beard[:-1])]
        points = outer + [(50 + dx, y) for dx, y in reversed(inner)] + [(50, 68.8)] + [(50 - dx, y) for dx, y in inner]
        beard = sheet.shape(points, tint(person.hair, 0.04), 0.93, 0.22)
        sheet.shape([(62, 60), (80, 55), (70, 90), (52, 90)], tint(person.hair, -0.5), 0.5, 2.5, beard)
        for x, y in np.random.default_rng(7).uniform((30, 60), (70, 88), (260, 2)):
            sheet.line(
                [(x, y), (x + (x - 50) * 0.02, y + 1.2), (x + (x - 50) * 0.05, y + 2.2)],
                tint(person.hair, 0.28),
                0.28,
                0.55,
                within=beard,
            )
    else:
        for side in (-1, 1):
            sheet.shape(oval(50 + side * 13, 64, 5.4, 4.2), (232, 120, 104), 0.34, 2.2, mask)
    eyes(sheet, person, mask)
    sheet.shape([(50.6, 53), (52, 60), (55, 66), (50.5, 68)], shade, 0.75, 0.7, mask)
    sheet.line([(46.4, 65.2), (47.4, 66.9), (50, 67.5), (52.6, 66.9), (53.6, 65.2)], tint(skin, -0.42), 0.75, 0.85)
    sheet.shape(oval(49.3, 63.6, 1.3, 1.7), tint(skin, 0.6), 0.6, 0.6)
    mouth(sheet, person, smile)


def mouth(sheet, person, smile):
    lip = (176, 108, 98) if person.has_beard else (201, 92, 88)
    y, w = 73.6, 6.4 + smile
    if smile > 1:
        low = [(50 - w, y - 2.6), (50 - w * 0.55, y + 2.4), (50, y + 4.1), (50 + w * 0.55, y + 2.4), (50 + w, y - 2.6)]
        top = [(50 - w, y - 2.6), (50 - w * 0.5, y - 0.5), (50, y + 0.1), (50 + w * 0.5, y - 0.5), (50 + w, y - 2.6)]
        gap = sheet.shape(low + top[3:0:-1], (104, 38, 40))
        sheet.shape(top + [(x, y + 2.4) for x, y in top[3:0:-1]], (250, 247, 242), within=gap)
        sheet.line(low, lip, 1.7)
        sheet.line(top, lip, 1.3)
        for side in (-1, 1):
            x = 50 + side * (w + 1)
            sheet.line(
                [(x - side * 0.4, y - 4), (x + side * 0.5, y - 2.8), (x, y - 1.2)], tint(person.skin, -0.35), 0.6, 0.8
            )
    else:
        sheet.shape(
            [(50 - w, y - 0.8), (48, y - 2), (50, y - 1.5), (52, y - 2), (50 + w, y - 0.8), (50, y + 0.4)],
            tint(lip, -0.08),
        )
        sheet.shape([(50 - w, y - 0.8), (50, y + 0.4), (50 + w, y - 0.8), (50, y + 3.2)], tint(lip, 0.12))
        sheet.line(
            [
                (50 - w - 0.9, y - 1.7),
                (50 - w * 0.5, y + 0.1),
                (50, y + 0.4),
                (50 + w * 0.5, y + 0.1),
                (50 + w + 0.9, y - 1.7),
            ],
            tint(lip, -0.45),
            0.6,
        )
    sheet.line(
        [(47, y + 6), (50, y + 6.6), (53, y + 6)], tint(person.skin, -0.3), 0.7, 0 if person.has_beard else 0.5, 0.3
    )


def hair_behind(sheet, person):
    if person.has_beard:
        return
    mask = sheet.shape(
        both([(0, 14), (16, 16), (27, 28), (31.2, 50), (32.6, 72), (34, 88), (29, 102), (20, 106), (12, 100), (0, 98)]),
        tint(person.hair, -0.3),
    )
    for dx in np.linspace(-29, 29, 19):
        sheet.line(
            [(50 + dx * 0.8, 40), (50 + dx, 70), (50 + dx * 1.04, 86), (50 + dx * 0.85, 104)],
            tint(person.hair, -0.5),
            0.5,
            0.6,
            within=mask,
        )


def hair_before(sheet, person):
    hair, light, dark = person.hair, tint(person.hair, 0.22), tint(person.hair, -0.35)
    if person.has_beard:
        cap = [
            (27.4, 53),
            (25.6, 40),
            (28, 27),
            (36, 17.5),
            (48, 14),
            (61, 15.5),
            (70.5, 23),
            (74.4, 36),
            (72.6, 53),
            (70.4, 47),
            (69.4, 39),
            (64, 33),
            (54, 35),
            (44, 33.4),
            (36, 30.6),
            (31.4, 37),
            (29.6, 46),
        ]
        mask = sheet.shape(cap, hair)
        sheet.shape([(60, 14), (78, 25), (76, 54), (68, 50), (68, 36)], dark, 0.7, 2, mask)
        for i in range(12):
            x = 30 + 3.4 * i
            sheet.line(
                [(x, 34), (x + 2, 26), (x + 8, 19), (x + 15, 16)], light if i % 3 else dark, 0.5, 0.55, within=mask
            )
        return
    right = [
        (42, 20),
        (52, 29),
        (63, 36),
        (69.5, 47),
        (71, 62),
        (74.5, 80),
        (80, 92),
        (82, 72),
        (80.5, 48),
        (75, 28),
        (63, 16.5),
        (49, 13.5),
    ]
    left = [
        (43, 19.5),
        (37, 29),
        (31.5, 38),
        (29, 50),
        (28.4, 62),
        (25.5, 80),
        (19.5, 92),
        (18.4, 72),
        (19.6, 48),
        (25, 28),
        (35, 17),
        (47, 13.6),
    ]
    for points, tip, side in ((left, 31, -1), (right, 69, 1)):
        sheet.shape(
            [(x, y + 1.6) for x, y in points], tint(person.skin, -0.4), 0.35, 1.2, sheet.mask(oval(50, 54, 22, 30))
        )
        mask = sheet.shape(points, hair)
        for i in range(9):
            at = 2.2 + 1.9 * i
            flow = [
                (43 + side * at * 0.5, 15 + i * 0.55),
                (50 + side * (at * 0.6 + 11), 23 + i),
                (tip + side * i * 0.9, 46),
                (tip + side * (i * 1.2 + 1), 72),
                (tip + side * (i + 7), 90),
            ]
            sheet.line(flow, (light, dark, light)[i % 3], 0.62, 0.6, within=mask)
        sheet.shape(oval(50 + side * 21, 30, 7, 3.4), light, 0.55, 2.2, mask)


def glasses(sheet):
    frame = (44, 40, 48)
    for side in (-1, 1):
        x = 50 + side * 9.6
        lens = sheet.rectangle(x - 7.2, 47.6, 14.4, 11.6, 4.4)
        hole = sheet.rectangle(x - 6.3, 48.5, 12.6, 9.8, 3.7)
        sheet.paint(ImageChops.subtract(lens, hole), frame)
        sheet.shape(
            [(x - 5, 48), (x - 1, 48), (x - 4, 58.5), (x - 6.4, 58.5)], (255, 255, 255), 0.2, 0.2, hole, smooth=False
        )
        sheet.line([(50 + side * 16.6, 51), (50 + side * 19.4, 51), (50 + side * 22, 52)], frame, 1.1)
    sheet.line([(47, 52), (50, 51), (53, 52)], frame, 1.2)


def portrait(person, width, height, scale, cloth, smile=0.0, tilt=0.0):
    """The person, transparent around, on a sheet 100 units wide whose head is always in the same place."""
    unit = width * scale / 100
    behind, body, head = (Sheet(100, height / width * 100, unit) for _ in range(3))
    hair_behind(behind, person)
    dress(body, person, cloth, height / width * 100)
    face(head, person, smile)
    hair_before(head, person)
    if person.has_beard:
        glasses(head)
    whole = Image.new("RGBA", body.image.size)
    for sheet, angle in ((behind, tilt), (body, 0), (head, tilt)):
        whole.alpha_composite(sheet.image.rotate(angle, Image.Resampling.BICUBIC, center=(50 * unit, 82 * unit)))
    return whole
