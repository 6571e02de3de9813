"""Paper and print, the machine readable zone, and the documents of Utopia, which is nowhere."""

from math import cos, pi, sin

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from people import ADA, BORYS, Sheet, portrait

# Paper and print.


def blend(width, height, scale, left, right):
    """A ground that goes from one colour to the other."""
    ramp = np.linspace(0, 1, round(width * scale))[None, :, None]
    pixels = np.array(left) * (1 - ramp) + np.array(right) * ramp
    pixels = np.repeat(pixels, round(height * scale), axis=0)
    return Image.fromarray(pixels.round().astype(np.uint8), "RGB").convert("RGBA")


def waves(sheet, colour, pitch, swing, seed, alpha=0.5, within=None):
    """Guilloche: thin parallel lines that swing together."""
    height, width = sheet.image.height, sheet.image.width
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / sheet.scale
    draw = np.random.default_rng(seed)
    bend = sum(
        swing / n * np.sin(x * f + p) for n, f, p in zip((1, 2, 3), draw.uniform(0.06, 0.35, 3), draw.uniform(0, 6, 3))
    )
    bend *= 1 + 0.5 * np.sin(y * draw.uniform(0.05, 0.12) + draw.uniform(0, 6))
    phase = (y + bend) / pitch
    slope = np.hypot(*np.gradient(phase)) * sheet.scale
    away = np.abs(phase - np.round(phase)) / np.maximum(slope, 1e-6)
    cover = np.clip((0.055 - away) * sheet.scale + 0.5, 0, 1)
    sheet.paint(Image.fromarray((cover * 255).astype(np.uint8), "L"), colour, alpha, within=within)


def rosette(sheet, x, y, radius, colour, petals, alpha=0.6):
    """Guilloche: one line that goes round many times."""
    mask = Image.new("L", sheet.image.size)
    draw = ImageDraw.Draw(mask)
    turn = np.linspace(0, 2 * pi, 1440)
    for i in range(18):
        r = radius * (0.56 + 0.3 * np.sin(petals * turn + i * pi / 9) + 0.14 * np.sin(2 * petals * turn - i * pi / 9))
        points = np.stack([x + r * np.cos(turn), y + r * np.sin(turn)], axis=1) * sheet.scale
        draw.line([tuple(p) for p in points], fill=255, width=max(1, round(0.09 * sheet.scale)), joint="curve")
    sheet.paint(mask, colour, alpha)


def emblem(sheet, x, y, r, colour, alpha=1.0):
    """Utopia's arms: the sun over an island and three waves."""
    for i in range(16):
        a, b = pi * i / 8 - 0.09, pi * i / 8 + 0.09
        if sin(a) < 0.45:
            ray = [(x + r * k * cos(v), y + r * k * sin(v)) for k, v in ((0.56, a), (1, (a + b) / 2), (0.56, b))]
            sheet.shape(ray, colour, alpha, smooth=False)
    sheet.shape(
        [(x + r * 0.46 * cos(a), y + r * 0.46 * sin(a)) for a in np.linspace(pi * 0.93, pi * 2.07, 20)],
        colour,
        alpha,
        smooth=False,
    )
    for i, wide in enumerate((0.92, 0.74, 0.5)):
        level = y + r * (0.36 + 0.21 * i)
        sheet.line(
            [(x + wide * r * k, level + (-1) ** n * r * 0.05) for n, k in enumerate(np.linspace(-1, 1, 7))],
            colour,
            r * 0.11,
            alpha,
        )


def foil(sheet, x, y, rx, ry):
    """A patch of the shining kind."""
    height, width = sheet.image.height, sheet.image.width
    v, u = np.mgrid[0:height, 0:width].astype(np.float32) / sheet.scale
    angle, far = np.arctan2(v - y, u - x), np.hypot((u - x) / rx, (v - y) / ry)
    hue = angle * 2 + 5 * far + 0.7 * np.sin(9 * angle)
    pixels = np.stack([0.62 + 0.38 * np.sin(hue + k) for k in (0, 2.1, 4.2)], axis=2)
    spokes = 0.5 + 0.5 * np.sin(24 * angle + 14 * far)
    cover = np.clip((1 - far) * min(rx, ry) * sheet.scale, 0, 1) * (0.2 + 0.32 * spokes)
    layer = np.dstack([pixels * 255, cover * 255]).round().astype(np.uint8)
    sheet.image.alpha_composite(Image.fromarray(layer, "RGBA"))
    emblem(sheet, x, y, min(rx, ry) * 0.62, (255, 255, 255), 0.6)


def specimen(sheet, x, y, size, angle, alpha=120):
    layer = Sheet(sheet.image.width / sheet.scale, sheet.image.height / sheet.scale, sheet.scale)
    layer.text(x, y, "SPECIMEN", size, (196, 22, 44), "-Bold", "mm", alpha)
    centre = (x * sheet.scale, y * sheet.scale)
    sheet.image.alpha_composite(layer.image.rotate(angle, Image.Resampling.BICUBIC, center=centre))


def field(sheet, x, y, label, value, size=2.5, style="-Bold"):
    sheet.text(x, y, label, 1.42, (70, 88, 112))
    sheet.text(x, y + size * 1.12, value, size, style=style)


def signature(sheet, x, y, size, seed):
    """A hand that writes nothing legible."""
    draw = np.random.default_rng(seed)
    points = [(x, y)]
    for i in range(11):
        points.append(
            (
                x + size * (0.5 + i) / 2.4,
                y
                + size
                * (draw.uniform(-1.2, -0.4) if i % 2 else draw.uniform(0.1, 0.6))
                * (1.7 if i in (1, 5) else 0.7),
            )
        )
    sheet.line([*points, (x + size * 5.6, y - size * 0.2)], (30, 36, 96), 0.34)


# The machine readable zone: ICAO Doc 9303, parts 3 (check digits), 4 (passports) and 5 (cards).


def check_digit(text):
    values = [0 if c == "<" else int(c, 36) for c in text]
    return str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


def with_check(text):
    return text + check_digit(text)


def zone_names(name, length):
    surname, given = (part.replace(" ", "<") for part in name)
    return f"{surname}<<{given}".ljust(length, "<")


def td1(name, number, born, sex, expires, state="UTO"):
    first = f"I<{state}{with_check(number)}".ljust(30, "<")
    born, expires = with_check(born), with_check(expires)
    second = f"{born}{sex}{expires}{state}".ljust(29, "<")
    return [first, second + check_digit(first[5:30] + born + expires + second[18:29]), zone_names(name, 30)]


def td3(name, number, born, sex, expires, optional="", state="UTO"):
    number, born, expires = with_check(number), with_check(born), with_check(expires)
    rest = with_check(optional.ljust(14, "<"))
    second = f"{number}{state}{born}{sex}{expires}{rest}"
    return [f"P<{state}{zone_names(name, 39)}", second + check_digit(number + born + expires + rest)]


# The specimens that ICAO prints.
ICAO = ("ERIKSSON", "ANNA MARIA"), "740812", "F", "120415"
assert td1(ICAO[0], "D23145890", *ICAO[1:])[1] == "7408122F1204159UTO<<<<<<<<<<<6"
assert td3(ICAO[0], "L898902C3", *ICAO[1:], "ZE184226B")[1] == "L898902C36UTO7408122F1204159ZE184226B<<<<<10"


def zone(sheet, x, y, lines):
    """Ten characters to the inch, as the standard asks."""
    for row, text in enumerate(lines):
        for column, character in enumerate(text):
            sheet.text(x + 2.54 * (column + 0.5), y + 4.6 * row, character, 4.0, (18, 18, 22), "Mono", "ms")


# The documents, in millimetres.

CARD = (85.6, 53.98)
CARD_NUMBER, CARD_ISSUED, CARD_EXPIRES = "FLN904117", ("15 JAN 2026", "260115"), ("14 JAN 2036", "360114")
CARD_ZONE = td1(ADA.mrz_name, CARD_NUMBER, ADA.born_mrz, ADA.sex, CARD_EXPIRES[1])
PAGE = (125, 88)
PASSPORT_NUMBER, PASSPORT_ISSUED, PASSPORT_EXPIRES = "FLP310582", ("20 JUN 2025", "250620"), ("19 JUN 2035", "350619")
PASSPORT_ZONE = td3(BORYS.mrz_name, PASSPORT_NUMBER, BORYS.born_mrz, BORYS.sex, PASSPORT_EXPIRES[1])
INK, SEA, ROSE = (24, 62, 104), (62, 136, 158), (206, 118, 132)


def card_blank(scale=32):
    sheet = Sheet(*CARD, scale)
    sheet.image = blend(*CARD, scale, (218, 236, 240), (246, 228, 226))
    waves(sheet, SEA, 0.62, 2.6, 3, 0.42)
    waves(sheet, ROSE, 0.74, 3.4, 8, 0.36)
    return sheet


def rounded(sheet, radius):
    mask = sheet.rectangle(0, 0, sheet.image.width / sheet.scale, sheet.image.height / sheet.scale, radius)
    sheet.image.putalpha(mask)
    return sheet.image


def photo(person, width, height, cloth):
    """The picture in the document, with its own grey ground."""
    scale = 40
    ground = blend(width, height, scale, (214, 219, 224), (196, 202, 210))
    ground.alpha_composite(portrait(person, width, height, scale, cloth))
    return ground


def card_front():
    sheet = card_blank()
    rosette(sheet, 58, 31, 15, SEA, 9, 0.5)
    rosette(sheet, 58, 31, 8.5, ROSE, 7, 0.5)
    sheet.paint(sheet.rectangle(0, 0, CARD[0], 10.4), INK)
    waves(sheet, (120, 176, 200), 0.55, 2.2, 21, 0.35, sheet.rectangle(0, 0, CARD[0], 10.4))
    emblem(sheet, 8.4, 5.6, 3.9, (244, 214, 128))
    sheet.text(15, 5.7, "UTOPIA", 4.4, (255, 255, 255), "-Bold")
    sheet.text(15, 8.7, "IDENTITY CARD  /  CARTE D’IDENTITÉ", 1.9, (214, 230, 240))
    sheet.text(81.4, 7.4, "UTO", 4.2, (244, 214, 128), "-Bold", "rs")
    picture = photo(ADA, 24, 31, (38, 110, 118))
    sheet.place(picture, 4, 13.2, 24, 31)
    sheet.text(4.2, 49.4, CARD_NUMBER, 3.1, (160, 24, 40), "Mono-Bold")
    x = 31.5
    field(sheet, x, 15.2, "1  Surname / Nom", ADA.surname, 3.3)
    field(sheet, x, 21.8, "2  Given names / Prénoms", ADA.given, 3.3)
    field(sheet, x, 28.2, "3  Sex / Sexe", ADA.sex)
    field(sheet, x + 14, 28.2, "4  Nationality", "UTO")
    field(sheet, x, 33.8, "5  Date of birth / Naissance", ADA.born)
    field(sheet, x, 39.4, "6  Date of expiry / Expiration", CARD_EXPIRES[0])
    sheet.text(x, 45, "7  Signature", 1.42, (70, 88, 112))
    signature(sheet, x + 1, 49.6, 3.4, 5)
    ghost = picture.convert("L").convert("RGBA")
    ghost.putalpha(
        ImageChops.multiply(
            Image.new("L", ghost.size, 120), Image.eval(ghost.convert("L"), lambda v: max(0, min(255, 2 * (230 - v))))
        )
    )
    sheet.place(ghost, 66.5, 27.5, 14.6, 18.9)
    foil(sheet, 27, 40.4, 5.6, 5.6)
    specimen(sheet, 50, 31, 12, 17)
    return rounded(sheet, 3.18)


def card_back():
    sheet = card_blank()
    rosette(sheet, 70, 17, 12, SEA, 11, 0.55)
    rosette(sheet, 70, 17, 6.5, ROSE, 8, 0.55)
    sheet.paint(sheet.rectangle(0, 0, CARD[0], 3), INK)
    waves(sheet, (120, 176, 200), 0.55, 2.2, 21, 0.35, sheet.rectangle(0, 0, CARD[0], 3))
    field(sheet, 4, 6.8, "8  Place of birth / Lieu de naissance", ADA.birthplace)
    field(sheet, 4, 12.6, "9  Address / Domicile", "1 CAPE ST, AMAUROT")
    field(sheet, 4, 18.4, "10  Date of issue / Délivrée le", CARD_ISSUED[0])
    field(sheet, 4, 24.2, "11  Authority / Autorité", "REGISTRY OF UTOPIA")
    field(sheet, 40, 18.4, "12  Height / Taille", "1,71 m")
    field(sheet, 40, 24.2, "13  Eyes / Yeux", "GREEN")
    foil(sheet, 70, 17, 6.4, 6.4)
    draw, x = np.random.default_rng(12), 40.0
    while x < 59:
        wide = draw.choice([0.22, 0.44, 0.66])
        sheet.paint(sheet.rectangle(x, 5.6, wide, 6.4), (26, 26, 32))
        x += wide + draw.choice([0.22, 0.44])
    sheet.text(40, 14, "No legal value. Nobody exists.", 1.3, (70, 88, 112))
    sheet.paint(sheet.rectangle(0, 33.6, CARD[0], CARD[1] - 33.6), (250, 250, 250), 0.72)
    sheet.text(
        4,
        32.5,
        "SPECIMEN · SPECIMEN · SPECIMEN · SPECIMEN · SPECIMEN · SPECIMEN · SPECIMEN",
        1.3,
        (196, 22, 44),
        "-Bold",
    )
    zone(sheet, 4.7, 40.4, CARD_ZONE)
    specimen(sheet, 42.8, 25, 12, 17)
    return rounded(sheet, 3.18)


def passport():
    """An open passport: a leaf of its pages above the fold, the data page below it, the cover around both."""
    rim, scale = 2.2, 22
    sheet = Sheet(PAGE[0] + 2 * rim, 2 * (PAGE[1] + rim), scale, (86, 24, 40, 255))
    above, below = Sheet(*PAGE, scale), Sheet(*PAGE, scale)
    above.image = blend(*PAGE, scale, (240, 234, 222), (230, 236, 228))
    below.image = blend(*PAGE, scale, (222, 236, 238), (246, 232, 222))
    waves(above, (196, 160, 120), 0.8, 4, 31, 0.45)
    rosette(above, 62, 47, 30, (190, 140, 110), 12, 0.45)
    emblem(above, 62, 48, 13, (176, 120, 92), 0.55)
    above.text(62, 80, "THIS PASSPORT CONTAINS 32 SPECIMEN PAGES", 2.2, (150, 104, 84), anchor="ms")
    waves(below, SEA, 0.72, 3.2, 14, 0.42)
    waves(below, ROSE, 0.86, 4.2, 17, 0.34)
    rosette(below, 84, 36, 24, SEA, 10, 0.42)
    rosette(below, 84, 36, 13, ROSE, 8, 0.42)
    data_page(below)
    sheet.place(above.image, rim, rim, *PAGE)
    sheet.place(below.image, rim, rim + PAGE[1], *PAGE)
    fold = sheet.rectangle(0, rim + PAGE[1] - 1.6, PAGE[0] + 2 * rim, 3.2)
    sheet.paint(fold, (40, 30, 30), 0.5, 1.5)
    sheet.paint(sheet.rectangle(0, rim + PAGE[1] - 0.12, PAGE[0] + 2 * rim, 0.24), (40, 26, 26), 0.8)
    return rounded(sheet, 3.4)


def data_page(sheet):
    emblem(sheet, 10, 8, 4.4, INK)
    sheet.text(18, 8, "UTOPIA", 5, INK, "-Bold")
    sheet.text(18, 11.4, "PASSPORT / PASSEPORT", 2.2, INK)
    field(sheet, 58, 5.6, "Type", "P", 2.8)
    field(sheet, 69, 5.6, "Code of State", "UTO", 2.8)
    sheet.text(92, 5.6, "Passport No. / No du passeport", 1.42, (70, 88, 112))
    sheet.text(92, 9.3, PASSPORT_NUMBER, 3.5, (160, 24, 40), "Mono-Bold")
    picture = photo(BORYS, 34, 43.5, (44, 58, 92))
    sheet.place(picture, 5, 15, 34, 43.5)
    x = 43
    field(sheet, x, 17, "1  Surname / Nom", BORYS.surname, 3.5)
    field(sheet, x, 24, "2  Given names / Prénoms", BORYS.given, 3.5)
    field(sheet, x, 31, "3  Nationality / Nationalité", "UTOPIAN", 3)
    field(sheet, x, 37.4, "4  Date of birth / Date de naissance", BORYS.born, 3)
    field(sheet, x + 37, 37.4, "5  Sex / Sexe", BORYS.sex, 3)
    field(sheet, x, 43.8, "6  Place of birth / Lieu de naissance", BORYS.birthplace, 3)
    field(sheet, x, 50.2, "7  Date of issue / Date de délivrance", PASSPORT_ISSUED[0], 3)
    field(sheet, x + 37, 50.2, "9  Authority / Autorité", "REGISTRY OF UTOPIA", 2.4)
    field(sheet, x, 56.6, "8  Date of expiry / Date d’expiration", PASSPORT_EXPIRES[0], 3)
    signature(sheet, x + 38, 61.5, 4, 9)
    foil(sheet, 37, 52, 7.5, 7.5)
    sheet.paint(sheet.rectangle(0, 65, PAGE[0], PAGE[1] - 65), (250, 250, 250), 0.72)
    zone(sheet, 6.6, 75.2, PASSPORT_ZONE)
    specimen(sheet, 76, 37, 16, 16)
