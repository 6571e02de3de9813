"""Writes pictures and documents of Pillow's into the folder that is named: its encoders, samplings and options."""

import sys
from pathlib import Path

from PIL import Image, ImageCms
import pillow_heif

pillow_heif.register_heif_opener()
folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def picture(width, height):
    """Something of a photo: a slope, a circle and some noise."""
    noise = Image.effect_noise((width, height), 40)
    slope = Image.linear_gradient("L").resize((width, height))
    circle = Image.radial_gradient("L").resize((width, height))
    return Image.merge("RGB", (noise, slope, circle))


rgb = picture(71, 53)
grey, alpha = rgb.convert("L"), rgb.copy()
alpha.putalpha(grey)
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
exif = Image.Exif()
exif[0x0112] = 6
exif[0x010F] = "Camera"


def save(name, image, **options):
    image.save(folder / name, **options)


# JPEG.
for sampling in range(3):
    save(f"jpeg-{sampling}.jpg", rgb, subsampling=sampling, quality=90)
    save(f"jpeg-{sampling}-progressive.jpg", rgb, subsampling=sampling, progressive=True)
save("jpeg-optimized.jpg", rgb, optimize=True, quality=30)
save("jpeg-grey.jpg", grey)
save("jpeg-grey-progressive.jpg", grey, progressive=True)
save("jpeg-cmyk.jpg", rgb.convert("CMYK"))
save("jpeg-cmyk-progressive.jpg", rgb.convert("CMYK"), progressive=True)
save("jpeg-rgb.jpg", rgb, keep_rgb=True)
save("jpeg-rgb-progressive.jpg", rgb, keep_rgb=True, progressive=True)
save("jpeg-exif.jpg", rgb, exif=exif, icc_profile=profile, comment="a comment", dpi=(300, 300))
save("jpeg-restarts.jpg", rgb, restart_marker_blocks=3)
save("jpeg-restarts-progressive.jpg", rgb, restart_marker_rows=1, progressive=True)
save("jpeg-best.jpg", rgb, quality=100, subsampling=0)
save("jpeg-worst.jpg", rgb, quality=1)
save("jpeg-two-pictures.jpg", rgb, format="MPO", save_all=True, append_images=[grey.convert("RGB")])

# PNG.
for mode in ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]:
    base = alpha if "A" in mode else rgb
    image = grey.convert("I").convert("I;16") if mode == "I;16" else base.convert(mode)
    save(f"png-{mode.replace(';', '')}.png", image)
save("png-16-colours.png", rgb.quantize(16), bits=4)
save("png-4-colours.png", rgb.quantize(4), bits=2)
save("png-transparent.png", rgb.convert("P"), transparency=3)
save("png-optimized.png", rgb, optimize=True, icc_profile=profile, dpi=(300, 300), exif=exif)

# WebP.
save("webp-lossy.webp", rgb, quality=50)
save("webp-best.webp", rgb, quality=100, method=6, exact=True)
save("webp-lossless.webp", rgb, lossless=True)
save("webp-alpha.webp", alpha, quality=50, alpha_quality=50)
save("webp-alpha-lossless.webp", alpha, lossless=True)
save("webp-exif.webp", rgb, exif=exif, icc_profile=profile, xmp=b"<x:xmpmeta/>")
save("webp-palette.webp", rgb.quantize(5).convert("RGB"), lossless=True)

# HEIC, by libheif and x265.
save("heic.heic", rgb)
save("heic-large.heic", picture(1025, 771), quality=70)
save("heic-444.heic", rgb, chroma=444)
save("heic-422.heic", rgb, chroma=422)
save("heic-lossless.heic", rgb, quality=-1)
save("heic-alpha.heic", alpha)
save("heic-grey.heic", grey)
save("heic-exif.heic", rgb, exif=exif.tobytes(), icc_profile=profile)
pillow_heif.options.SAVE_HDR_TO_12_BIT = False
save("heic-10-bits.heic", grey.convert("I").point(lambda value: value * 256).convert("I;16"))
save("heic-two-pictures.heic", rgb, save_all=True, append_images=[grey.convert("RGB")])

# PDF.
for mode in ["1", "L", "P", "RGB", "RGBA", "CMYK"]:
    base = alpha if "A" in mode else rgb
    save(f"pdf-{mode}.pdf", base.convert(mode), title="How to (un) /Encrypt", resolution=200)
save("pdf-three-pages.pdf", rgb, save_all=True, append_images=[grey, rgb])
