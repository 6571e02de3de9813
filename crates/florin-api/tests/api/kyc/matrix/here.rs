//! What the encoders in Rust write.

use super::{HEIGHT, Made, WIDTH, pixels};
use florin_document::samples;
use image_webp::{ColorType as WebpColor, WebPEncoder};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use png::{BitDepth, ColorType as PngColor, Filter};

pub(super) fn made() -> Vec<Made> {
    let mut files = jpegs();
    files.extend(pngs());
    files.extend(webps());
    files.push(Made::new("samples: HEIC in one tile", samples::heic(WIDTH.min(64), HEIGHT)));
    files.push(Made::new("samples: HEIC in 35 tiles", samples::heic(430, 300)));
    files.push(Made::new("samples: PDF", samples::pdf(3)));
    files.push(Made::new("samples: PDF with an object stream", samples::pdf_with_object_stream()));
    files
}

const SAMPLINGS: [SamplingFactor; 8] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_1_2,
    SamplingFactor::F_2_2,
    SamplingFactor::F_4_1,
    SamplingFactor::F_1_4,
    SamplingFactor::F_4_2,
    SamplingFactor::F_2_4,
];

fn jpeg(color: ColorType, bytes_per_pixel: usize, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 80);
    set(&mut encoder);
    let count = (WIDTH * HEIGHT) as usize * bytes_per_pixel;
    let source: Vec<u8> = pixels(WIDTH, HEIGHT).into_iter().cycle().take(count).collect();
    encoder.encode(&source, WIDTH as u16, HEIGHT as u16, color).expect("it can be encoded");
    bytes
}

fn jpegs() -> Vec<Made> {
    let mut files = Vec::new();
    for sampling in SAMPLINGS {
        for (progressive, optimized) in [(false, false), (false, true), (true, false)] {
            let name =
                format!("jpeg-encoder: {sampling:?}, progressive {progressive}, optimized {optimized}");
            let bytes = jpeg(ColorType::Rgb, 3, |encoder| {
                encoder.set_sampling_factor(sampling);
                encoder.set_progressive(progressive);
                encoder.set_optimized_huffman_tables(optimized);
            });
            files.push(Made::new(name, bytes));
        }
    }
    for (color, bytes_per_pixel) in [(ColorType::Luma, 1), (ColorType::Cmyk, 4), (ColorType::CmykAsYcck, 4)] {
        for progressive in [false, true] {
            let bytes = jpeg(color, bytes_per_pixel, |encoder| encoder.set_progressive(progressive));
            files.push(Made::new(format!("jpeg-encoder: {color:?}, progressive {progressive}"), bytes));
        }
    }
    let restarts = jpeg(ColorType::Rgb, 3, |encoder| encoder.set_restart_interval(1));
    files.push(Made::new("jpeg-encoder: a restart behind each unit", restarts));
    files
}

fn pngs() -> Vec<Made> {
    let mut files = Vec::new();
    let kinds = [
        (PngColor::Grayscale, BitDepth::One),
        (PngColor::Grayscale, BitDepth::Two),
        (PngColor::Grayscale, BitDepth::Four),
        (PngColor::Grayscale, BitDepth::Eight),
        (PngColor::Grayscale, BitDepth::Sixteen),
        (PngColor::GrayscaleAlpha, BitDepth::Eight),
        (PngColor::GrayscaleAlpha, BitDepth::Sixteen),
        (PngColor::Indexed, BitDepth::One),
        (PngColor::Indexed, BitDepth::Eight),
        (PngColor::Rgb, BitDepth::Eight),
        (PngColor::Rgb, BitDepth::Sixteen),
        (PngColor::Rgba, BitDepth::Eight),
        (PngColor::Rgba, BitDepth::Sixteen),
    ];
    for (color, depth) in kinds {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
        encoder.set_color(color);
        encoder.set_depth(depth);
        encoder.set_filter(Filter::Adaptive);
        if color == PngColor::Indexed {
            encoder.set_palette(vec![0x55; 3 << depth as usize]);
        }
        let row = (WIDTH as usize * color.samples() * depth as usize).div_ceil(8);
        let source: Vec<u8> = pixels(WIDTH, HEIGHT).into_iter().cycle().take(row * HEIGHT as usize).collect();
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(&source).expect("as many bytes as pixels");
        writer.finish().expect("an end");
        files.push(Made::new(format!("png: {color:?}, {depth:?}"), bytes));
    }
    files
}

fn webps() -> Vec<Made> {
    let kinds = [(WebpColor::L8, 1), (WebpColor::La8, 2), (WebpColor::Rgb8, 3), (WebpColor::Rgba8, 4)];
    let webp = |(color, bytes_per_pixel): (WebpColor, usize)| {
        let count = (WIDTH * HEIGHT) as usize * bytes_per_pixel;
        let source: Vec<u8> = pixels(WIDTH, HEIGHT).into_iter().cycle().take(count).collect();
        let mut bytes = Vec::new();
        let encoder = WebPEncoder::new(&mut bytes);
        encoder.encode(&source, WIDTH, HEIGHT, color).expect("it can be encoded");
        Made::new(format!("image-webp: {color:?}"), bytes)
    };
    kinds.into_iter().map(webp).collect()
}
