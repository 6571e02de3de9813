//! What other programs write. Each line is a program's options.

use super::{HEIGHT, Made, WIDTH, pixels, run};
use florin_document::samples;
use std::process::Command;

/// A folder with a picture as PPM and as PNG, with and without transparency, and a PDF.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        desk.put("in.ppm", &ppm(WIDTH, HEIGHT));
        for (name, color, channels) in
            [("in.png", png::ColorType::Rgb, 3), ("clear.png", png::ColorType::Rgba, 4)]
        {
            let mut bytes = Vec::new();
            let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
            encoder.set_color(color);
            let count = (WIDTH * HEIGHT * channels) as usize;
            let source: Vec<u8> = pixels(WIDTH, HEIGHT).into_iter().cycle().take(count).collect();
            let mut writer = encoder.write_header().expect("a header");
            writer.write_image_data(&source).expect("as many bytes as pixels");
            writer.finish().expect("an end");
            desk.put(name, &bytes);
        }
        desk.put("in.pdf", &samples::pdf(3));
        desk
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join(name), bytes).expect("a file can be written");
    }

    /// What a line writes into `out`.
    fn made(&self, line: &str) -> Made {
        let out = self.0.path().join("out");
        let _ = std::fs::remove_file(&out);
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().expect("a program"));
        run(command.args(words).current_dir(self.0.path()));
        Made::new(line, std::fs::read(&out).expect("the program writes"))
    }

    fn all(&self, lines: impl IntoIterator<Item = String>) -> Vec<Made> {
        lines.into_iter().map(|line| self.made(&line)).collect()
    }
}

fn ppm(width: u32, height: u32) -> Vec<u8> {
    [format!("P6\n{width} {height}\n255\n").as_bytes(), &pixels(width, height)].concat()
}

/// Blocks across and down, of luma alone or of each component.
const SAMPLINGS: [&str; 18] = [
    "1x1",
    "2x1",
    "1x2",
    "2x2",
    "4x1",
    "1x4",
    "4x2",
    "2x4",
    "3x1",
    "1x3",
    "3x2",
    "2x3",
    "1x2,1x2,1x2",
    "2x1,2x1,2x1",
    "3x1,3x1,3x1",
    "2x2,2x1,1x2",
    "2x1,1x1,2x1",
    "1x1,2x2,2x2",
];

pub(super) fn libjpeg() -> Vec<Made> {
    let desk = Desk::new();
    let lines = SAMPLINGS.iter().flat_map(|sampling| {
        ["", " -progressive"].map(|more| format!("cjpeg -sample {sampling}{more} -outfile out in.ppm"))
    });
    let mut files = desk.all(lines);
    // Scans of their own: a component each, and bit by bit.
    desk.put("components", b"0;\n1;\n2;\n");
    desk.put(
        "bits",
        b"0 1 2: 0 0 0 2;\n0: 1 63 0 3;\n1: 1 63 0 0;\n2: 1 63 0 0;\n0 1 2: 0 0 2 1;\n0 1 2: 0 0 1 0;\n\
                       0: 1 63 3 2;\n0: 1 63 2 1;\n0: 1 63 1 0;\n",
    );
    let options = [
        "-rgb",
        "-rgb -progressive",
        "-grayscale",
        "-grayscale -sample 2x2",
        "-grayscale -progressive",
        "-optimize",
        "-restart 1",
        "-restart 1B -progressive",
        "-restart 3B -sample 2x1",
        "-quality 1",
        "-quality 100 -dct float",
        "-scans components",
        "-scans bits",
        "-scans bits -restart 2B",
        "-quality 100 -sample 1x1 -progressive",
    ];
    files.extend(desk.all(options.map(|options| format!("cjpeg {options} -outfile out in.ppm"))));
    for sampling in ["2x1", "1x2", "2x2"] {
        desk.put("in.jpg", &desk.made(&format!("cjpeg -sample {sampling} -outfile out in.ppm")).bytes);
        let turns =
            ["-rotate 90", "-rotate 270 -progressive", "-transpose", "-optimize -restart 1", "-grayscale"];
        for options in turns {
            let made = desk.made(&format!("jpegtran {options} -outfile out in.jpg"));
            files.push(Made::new(format!("{} of {sampling}", made.name), made.bytes));
        }
    }
    let plain = desk.made("cjpeg -outfile out in.ppm").bytes;
    files.push(Made::new("frame of a film, without code tables", without_code_tables(&plain)));
    files
}

fn without_code_tables(jpeg: &[u8]) -> Vec<u8> {
    let mut bytes = jpeg.to_vec();
    while let Some(at) = bytes.windows(2).position(|two| two == [0xFF, 0xC4]) {
        let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        bytes.drain(at..at + 2 + length);
    }
    bytes
}

/// Progressive pictures of 24 to 50 megapixels.
pub(super) fn large() -> Vec<Made> {
    let desk = Desk::new();
    let mut files = Vec::new();
    for (width, height) in [(6000, 4000), (8192, 6144)] {
        desk.put("large.ppm", &ppm(width, height));
        for sampling in ["2x2", "1x1"] {
            let line = format!("cjpeg -quality 20 -progressive -sample {sampling} -outfile out large.ppm");
            files.push(desk.made(&line));
        }
    }
    files
}

pub(super) fn libheif() -> Vec<Made> {
    let options = [
        "-q 30",
        "-q 90",
        "-L",
        "-b 10",
        "-p chroma=444",
        "-p chroma=422",
        "-p preset=ultrafast",
        "-t 32",
        "-p x265:ctu=16",
        "-p x265:ctu=32:min-cu-size=16",
        "-p x265:no-sao=1",
        "-p x265:hash=1",
        "-p x265:slices=2",
        "-p x265:wpp=1",
        "-p x265:lossless=1",
        "-p x265:tskip=1",
    ];
    let desk = Desk::new();
    let pictures = ["in.png", "clear.png"].into_iter();
    desk.all(
        pictures.flat_map(|picture| options.map(|options| format!("heif-enc {options} {picture} -o out"))),
    )
}

pub(super) fn libwebp() -> Vec<Made> {
    let options = [
        "-q 50",
        "-q 5 -m 0",
        "-q 90 -m 6 -sharp_yuv",
        "-lossless",
        "-lossless -z 9",
        "-near_lossless 40",
        "-q 80 -segments 1",
        "-q 80 -f 0",
        "-q 80 -strong",
        "-alpha_q 30",
        "-preset text",
        "-hint graph -lossless",
    ];
    let desk = Desk::new();
    let pictures = ["in.png", "clear.png"].into_iter();
    desk.all(
        pictures
            .flat_map(|picture| options.map(|options| format!("cwebp -quiet {options} {picture} -o out"))),
    )
}

pub(super) fn qpdf() -> Vec<Made> {
    let options = [
        "--linearize",
        "--object-streams=generate",
        "--object-streams=disable",
        "--compress-streams=n",
        "--qdf",
        "--stream-data=uncompress",
        "--stream-data=compress",
        "--min-version=2.0",
        "--newline-before-endstream",
        "--linearize --object-streams=generate",
        "--recompress-flate --compression-level=9",
        "--preserve-unreferenced",
        "--pages . 1,3 --",
    ];
    let desk = Desk::new();
    desk.put("packed.pdf", &samples::pdf_with_object_stream());
    let mut files = desk.all(options.map(|options| format!("qpdf in.pdf {options} out")));
    let packed = options.into_iter().filter(|options| !options.contains("--pages"));
    files.extend(desk.all(packed.map(|options| format!("qpdf packed.pdf {options} out"))));
    files
}
