#!/usr/bin/env python3
"""Photographs the documents and the people, and writes the files. See README.md."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from PIL.TiffImagePlugin import IFDRational

from papers import CARD_ZONE, PASSPORT_ZONE, card_back, card_front, passport
from people import ADA, BORYS, portrait

HERE = Path(__file__).parent


# The camera.

SIZE = (1600, 1200)
GRAIN = 1.0


def cloud(draw, size, cells):
    """Smooth noise around 0 with so many cells across and down."""
    small = Image.fromarray(draw.standard_normal((cells[1], cells[0])).astype(np.float32), "F")
    return np.asarray(small.resize(size, Image.Resampling.BICUBIC))


def wood(draw, size):
    """A table of planks."""
    width, height = size
    y = np.arange(height)[:, None] + 9 * cloud(draw, size, (4, 3))
    plank = np.floor(y / 340)
    grain = 0.5 * cloud(draw, size, (7, 300)) + 0.4 * cloud(draw, size, (24, 130)) + 0.8 * cloud(draw, size, (4, 40))
    rings = np.sin(y / 17 + 5 * cloud(draw, size, (3, 9)) + plank * 2)
    tone = 1 + 0.035 * grain + 0.03 * rings + 0.05 * np.sin(plank * 2.4)
    seam = np.abs(y - np.round(y / 340) * 340)
    tone *= 1 - 0.5 * np.exp(-((seam / 2.6) ** 2))
    return tone[..., None] * np.array([172, 124, 84])


def cloth(draw, size):
    """A desk pad of felt."""
    tone = (
        1
        + 0.035 * cloud(draw, size, (500, 380))
        + 0.03 * cloud(draw, size, (160, 120))
        + 0.05 * cloud(draw, size, (6, 5))
    )
    return tone[..., None] * np.array([84, 100, 104])


def perspective(corners, size):
    """What Pillow wants: from places in the picture back to places on the sheet."""
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, [(0, 0), (size[0], 0), size, (0, size[1])]):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.linalg.solve(np.array(rows, float), np.array(right, float))


def softened(mask, dx, dy, blur):
    moved = Image.new("L", mask.size)
    moved.paste(mask, (dx, dy))
    moved = moved.filter(ImageFilter.GaussianBlur(blur))
    return np.asarray(moved, float)[..., None] / 255


def lay(scene, document, corners):
    """The document on the table, with its shadow. Answers where it is, too."""
    twice = (SIZE[0] * 2, SIZE[1] * 2)
    back = perspective([(2 * x, 2 * y) for x, y in corners], document.size)
    flat = document.transform(twice, Image.Transform.PERSPECTIVE, back, Image.Resampling.BICUBIC)
    flat = flat.resize(SIZE, Image.Resampling.LANCZOS)
    mask = flat.getchannel("A")
    scene = scene * (1 - 0.42 * softened(mask, 16, 24, 22)) * (1 - 0.5 * softened(mask, 4, 6, 5))
    edge = softened(mask, 1, 3, 0.6)
    scene = scene * (1 - edge) + np.array([150, 152, 150]) * edge
    cover = np.asarray(mask, float)[..., None] / 255
    return scene * (1 - cover) + np.asarray(flat.convert("RGB"), float) * cover, cover


def light(scene, lamp, cast):
    """Brighter where the lamp is, darker towards the corners, and of the lamp's colour."""
    height, width = scene.shape[:2]
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    near = np.hypot(x - lamp[0], y - lamp[1])
    middle = np.hypot(x - width / max(height, width) / 2, y - height / max(height, width) / 2)
    level = 1.13 - 0.34 * near**1.3 - 0.2 * middle**2.2
    return scene * level[..., None] * np.array(cast)


def glare(scene, cover, x, y, rx, ry, strength):
    """The lamp, mirrored in what is glossy."""
    height, width = scene.shape[:2]
    v, u = np.mgrid[0:height, 0:width]
    spot = np.exp(-(((u - x + (v - y) * 0.5) / rx) ** 2) - ((v - y) / ry) ** 2)[..., None]
    return scene + (255 - scene) * spot * cover * strength


def expose(scene, draw, focus, noise):
    """Lens and sensor: sharp at the focus, softer away from it, and grainy."""
    image = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8), "RGB")
    sharp = np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), float)
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(1.7)), float)
    height, width = scene.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    away = np.clip(np.hypot(x - focus[0], y - focus[1]) / 1000, 0, 1)[..., None] ** 2
    scene = sharp * (1 - away) + soft * away
    grain = draw.normal(0, noise, (height, width, 1))
    colour = (
        np.stack([cloud(draw, (width, height), (width // 3, height // 3)) for _ in range(3)], axis=2) * noise * 0.35
    )
    dark = 1.35 - 0.7 * scene.mean(axis=2, keepdims=True) / 255
    return Image.fromarray(np.clip(scene + (grain + colour) * dark, 0, 255).round().astype(np.uint8), "RGB")


def photograph(document, corners, table, seed, lamp, shine):
    draw = np.random.default_rng(seed)
    scene, cover = lay(table(draw, SIZE), document, corners)
    scene = glare(light(scene, lamp, (1.03, 1.0, 0.95)), cover, *shine)
    return expose(scene, draw, (800, 620), GRAIN)


def selfie(person, garment, wall, seed, smile, tilt):
    """The person before a wall, upright."""
    width, height = SIZE[1], SIZE[0]
    draw = np.random.default_rng(seed)
    figure = portrait(person, 60, 80, 40, garment, smile, tilt).resize((width, height), Image.Resampling.LANCZOS)
    cover = np.asarray(figure.getchannel("A"), float)[..., None] / 255
    plaster = 1 + 0.008 * cloud(draw, (width, height), (300, 400)) + 0.014 * cloud(draw, (width, height), (5, 7))
    scene = plaster[..., None] * np.array(wall) * (1 - 0.26 * softened(figure.getchannel("A"), 46, 40, 48))
    scene = scene * (1 - cover) + np.asarray(figure.convert("RGB"), float) * cover
    return expose(light(scene, (0.2, 0.15), (1.02, 1.0, 0.97)), draw, (600, 700), GRAIN)


# The file, as a telephone writes it.


def degrees(value):
    minutes = abs(value) % 1 * 60
    return (IFDRational(int(abs(value))), IFDRational(int(minutes)), IFDRational(round(minutes % 1 * 6000), 100))


def exif(taken, orientation, stored):
    """With a place, so that it can be seen to be gone: Point Nemo, farther from land than any other."""
    latitude, longitude = -48.8767, -123.3933
    tags = Image.Exif()
    tags[0x010F], tags[0x0110], tags[0x0131] = "Florin", "Specimen camera", "make.py"
    tags[0x0112], tags[0x0213], tags[0x0132] = orientation, 1, taken
    tags[0x011A], tags[0x011B], tags[0x0128] = IFDRational(72), IFDRational(72), 2
    tags.get_ifd(0x8769).update(
        {
            0x829A: IFDRational(1, 60),
            0x829D: IFDRational(9, 5),
            0x8827: 125,
            0x9000: b"0232",
            0x9003: taken,
            0x9004: taken,
            0x9101: b"\x01\x02\x03\x00",
            0xA000: b"0100",
            0x9010: "+00:00",
            0x9011: "+00:00",
            0x9209: 0,
            0x920A: IFDRational(26, 5),
            0xA001: 1,
            0xA002: stored[0],
            0xA003: stored[1],
        }
    )
    day, hour = taken.split(" ")
    tags.get_ifd(0x8825).update(
        {
            0: b"\x02\x03\x00\x00",
            1: "S" if latitude < 0 else "N",
            2: degrees(latitude),
            3: "W" if longitude < 0 else "E",
            4: degrees(longitude),
            5: b"\x00",
            6: IFDRational(3),
            7: tuple(IFDRational(int(part)) for part in hour.split(":")),
            29: day,
        }
    )
    return tags


def write(name, image, taken, turned=False, progressive=False):
    """`turned`: the telephone was held upright, so the sensor's rows run down the picture (orientation 6)."""
    if turned:
        image = image.transpose(Image.Transpose.ROTATE_90)
    tags = exif(taken, 6 if turned else 1, image.size)
    data = BytesIO()
    image.save(data, "JPEG", quality=77, subsampling="4:2:0", optimize=True, progressive=progressive, exif=tags)
    data = data.getvalue()
    if data[2:4] == b"\xff\xe0":  # Telephones begin with EXIF; Pillow puts a JFIF header before it.
        data = data[:2] + data[4 + int.from_bytes(data[4:6], "big") :]
    (HERE / name).write_bytes(data)
    print(f"{name:22}{image.width}x{image.height}{len(data):8} bytes")


def main():
    print(*CARD_ZONE, *PASSPORT_ZONE, sep="\n")
    front = photograph(
        card_front(),
        [(166, 196), (1432, 158), (1466, 966), (138, 1002)],
        wood,
        1,
        (0.25, 0.05),
        (1130, 300, 260, 150, 0.26),
    )
    write("id_card_front.jpg", front, "2026:02:03 10:14:05")
    back = photograph(
        card_back(),
        [(150, 150), (1440, 214), (1424, 1026), (120, 980)],
        wood,
        2,
        (0.8, 0.1),
        (420, 330, 240, 130, 0.24),
    )
    write("id_card_back.jpg", back, "2026:02:03 10:14:41")
    write(
        "id_card_selfie.jpg", selfie(ADA, (196, 92, 70), (206, 214, 206), 3, 2, 4), "2026:02:03 10:16:20", turned=True
    )
    page = photograph(
        passport(),
        [(206, -556), (1392, -520), (1470, 1120), (124, 1096)],
        cloth,
        4,
        (0.3, 0.2),
        (1180, 560, 300, 170, 0.22),
    )
    write("passport_front.jpg", page, "2026:02:04 17:40:12", progressive=True)
    write("passport_selfie.jpg", selfie(BORYS, (92, 112, 84), (222, 212, 198), 5, 0.6, -3), "2026:02:04 17:42:58")


if __name__ == "__main__":
    main()
