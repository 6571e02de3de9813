//! Files of no kind that is taken.

use super::super::heic::{Builder, atom};
use super::{Hostile, accepted, appended, rejected, zip};

/// What a printer's driver writes before a document.
const PRINTER: &[u8] =
    b"\x1B%-12345X@PJL JOB NAME=\"a.pdf\"\r\n@PJL SET DUPLEX=ON\r\n@PJL ENTER LANGUAGE=PDF\r\n";

pub(super) fn rows() -> Vec<Hostile> {
    let pdf = crate::samples::pdf(1);
    let movie = [&b"isom\0\0\0\0isomavc1"[..], &[0; 8]].concat();
    vec![
        rejected("empty", Vec::new()),
        rejected("one byte", vec![0xFF]),
        rejected("text", b"A letter that somebody wrote, saved with the name of a photo.\n".to_vec()),
        rejected("HTML", b"<!DOCTYPE html><html><script>alert(1)</script></html>".to_vec()),
        rejected("SVG", b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".to_vec()),
        rejected(
            "GIF",
            b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec(),
        ),
        rejected("GIF that is a script", b"GIF89a/*\0\0\0\0*/=1;alert(1);".to_vec()),
        rejected("BMP", b"BM\x3A\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec()),
        rejected("TIFF", b"II\x2A\0\x08\0\0\0\0\0\0\0\0\0".to_vec()),
        rejected("ZIP", zip(0)),
        rejected("program", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xFF\xFF\0\0".to_vec()),
        rejected("sound in a RIFF file", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec()),
        rejected("MP4", atom(b"ftyp", &movie)),
        rejected("AVIF", Builder { brand: *b"avif", kind: *b"av01", ..Builder::new(64, 48) }.build()),
        rejected(
            "AVIF by a general brand",
            Builder { brand: *b"mif1", kind: *b"av01", ..Builder::new(64, 48) }.build(),
        ),
        rejected("PDF behind HTML", appended(b"<html><script>alert(1)</script></html>\n", &pdf)),
        rejected("PDF behind a letter", appended(b"a", &pdf)),
        rejected("PDF behind a ZIP archive", appended(&zip(0), &pdf)),
        rejected("PDF behind 2,000 line breaks", appended(&b"\n".repeat(2000), &pdf)),
        rejected("PDF behind a printer's endless command", appended(&b"@PJL ".repeat(400), &pdf)),
        rejected(
            "printer data without a PDF",
            b"\x1B%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PCL\r\n".to_vec(),
        ),
        accepted("PDF behind a line break", appended(b"\r\n", &pdf)),
        accepted("PDF behind a byte order mark", appended(b"\xEF\xBB\xBF", &pdf)),
        accepted("PDF behind printer commands", appended(PRINTER, &pdf)),
    ]
}
