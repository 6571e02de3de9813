//! PDF files.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::{Noise, exif};

/// A document of so many pages, each with a line of text; a plain table of objects.
#[must_use]
pub fn pdf(pages: u32) -> Vec<u8> {
    document(pages, &[], "")
}

/// Encrypted with a password, as the file says.
#[must_use]
pub fn pdf_encrypted() -> Vec<u8> {
    let keys = format!("<{}>", "41".repeat(32));
    let dictionary = format!("<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O {keys} /U {keys} >>");
    document(1, &[dictionary.into_bytes()], "/Encrypt 5 0 R /ID [<00> <00>]")
}

/// Objects in a compressed object stream, the table in a stream too.
#[must_use]
pub fn pdf_with_object_stream() -> Vec<u8> {
    compressed(&format!("{PAGES} << /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"))
}

/// A catalog and its list of one page, object 3.
pub(super) const PAGES: &str = "<< /Type /Catalog /Pages 2 0 R >> << /Type /Pages /Kids [3 0 R] /Count 1 >>";

/// A document whose first three objects are `objects` (which begins with [`PAGES`]) in one object stream.
pub(super) fn compressed(objects: &str) -> Vec<u8> {
    let second = PAGES.find("<< /Type /Pages").unwrap_or_default();
    let index = format!("1 0 2 {second} 3 {} ", PAGES.len() + 1);
    let packed = deflate([index.as_bytes(), objects.as_bytes()]);
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let objects_at = file.len();
    let dictionary = format!("/Type /ObjStm /N 3 /First {} /Filter /FlateDecode", index.len());
    object(&mut file, 4, &stream(&dictionary, &packed));
    let table_at = file.len();
    let mut table: Vec<[u8; 6]> = vec![[0, 0, 0, 0, 0, 0]];
    table.extend((0..3).map(|at| [2, 0, 0, 0, 4, at]));
    for at in [objects_at, table_at] {
        let [a, b, c, d] = (at as u32).to_be_bytes();
        table.push([1, a, b, c, d, 0]);
    }
    let packed = deflate([table.concat().as_slice(), &[]]);
    let dictionary = "/Type /XRef /Size 6 /W [1 4 1] /Root 1 0 R /Filter /FlateDecode";
    object(&mut file, 5, &stream(dictionary, &packed));
    file.extend(format!("startxref\n{table_at}\n%%EOF\n").bytes());
    file
}

/// One page, and an image of grey noise that is as long as needed.
pub(super) fn pdf_of_size(bytes: usize) -> Vec<u8> {
    let with = |length: usize| {
        let dictionary = format!(
            "/Type /XObject /Subtype /Image /Width {length} /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"
        );
        document(1, &[stream(&dictionary, &Noise::new(4).bytes(length))], "")
    };
    let around = with(bytes - 2048).len() - (bytes - 2048);
    let mut file = with(bytes - around);
    // The lengths inside may have one digit more than those of the first try.
    let end = file.len();
    if end < bytes {
        file.resize(bytes, b'\n');
    } else if end > bytes {
        file = with(bytes - around - (end - bytes) - 8);
        file.resize(bytes, b'\n');
    }
    file
}

/// A metadata stream, and a photo with EXIF. What stays in a copy (the Info dictionary) has nothing planted.
pub(super) fn with_location() -> Vec<u8> {
    let photo = super::jpeg::with_location();
    let image =
        "/Type /XObject /Subtype /Image /Width 64 /Height 48 /ColorSpace /DeviceRGB /BitsPerComponent 8";
    let more = [
        b"<< /Title (A document) >>".to_vec(),
        stream("/Type /Metadata /Subtype /XML", &exif::xmp()),
        stream(&format!("{image} /Filter /DCTDecode"), &photo[..photo.len() - super::jpeg::TRAILER]),
    ];
    document(1, &more, "/Info 5 0 R")
}

/// A document with further objects, numbered from 5, and something more in its trailer.
pub(super) fn document(pages: u32, more: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>".to_vec();
    let others = 5 + more.len()..4 + more.len() + pages as usize;
    let kids: String =
        std::iter::once(3).chain(others.clone()).map(|number| format!("{number} 0 R ")).collect();
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {pages} >>").into_bytes(),
        page.clone(),
        stream("", b"BT /F1 12 Tf 72 720 Td (A document) Tj ET"),
    ];
    objects.extend(more.iter().cloned());
    objects.extend(others.map(|_| page.clone()));
    file(&objects, trailer)
}

/// A file of these objects, numbered from 1, the first of which is the catalog.
pub(super) fn file(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut table = b"0000000000 65535 f \n".to_vec();
    for (index, body) in objects.iter().enumerate() {
        table.extend(format!("{:010} 00000 n \n", file.len()).bytes());
        object(&mut file, index + 1, body);
    }
    let start = file.len();
    let size = objects.len() + 1;
    file.extend(format!("xref\n0 {size}\n").bytes());
    file.extend(table);
    file.extend(
        format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n").bytes(),
    );
    file
}

pub(super) fn object(file: &mut Vec<u8>, number: usize, body: &[u8]) {
    file.extend(format!("{number} 0 obj\n").bytes());
    file.extend(body);
    file.extend(b"\nendobj\n");
}

pub(super) fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< {dictionary} /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// Compressed as `/FlateDecode` wants it.
pub(super) fn deflate(parts: [&[u8]; 2]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for part in parts {
        encoder.write_all(part).expect("memory does not fail");
    }
    encoder.finish().expect("memory does not fail")
}
