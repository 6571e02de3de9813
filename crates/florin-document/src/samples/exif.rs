//! EXIF and XMP that tell a place.

/// The text in every place where a file with a location can hold one: no copy that leaves the vault may have it.
pub const PLANTED: &str = "PLANTED-52.5163N-13.3777E";

/// An EXIF body (a little-endian TIFF file) with orientation 6 (turn right by a quarter), a description and a GPS
/// directory.
pub(super) fn exif() -> Vec<u8> {
    let text = [PLANTED.as_bytes(), b"\0"].concat();
    let mut body = b"II\x2A\0\x08\0\0\0".to_vec();
    // The directory at 8: count, three entries, no next; then the text; then the GPS directory.
    let text_at = 8 + 2 + 3 * 12 + 4;
    let gps_at = text_at + text.len() + text.len() % 2;
    body.extend(3u16.to_le_bytes());
    entry(&mut body, (0x010E, 2), text.len(), text_at);
    entry(&mut body, (0x0112, 3), 1, 6);
    entry(&mut body, (0x8825, 4), 1, gps_at);
    body.extend([0; 4]);
    body.extend(&text);
    body.resize(gps_at, 0);
    body.extend(2u16.to_le_bytes());
    entry(&mut body, (0x0001, 2), 2, usize::from(b'N'));
    entry(&mut body, (0x0002, 5), 3, gps_at + 2 + 2 * 12 + 4);
    body.extend([0; 4]);
    for part in [52u32, 1, 30, 1, 5868, 100] {
        body.extend(part.to_le_bytes());
    }
    body
}

fn entry(body: &mut Vec<u8>, (tag, kind): (u16, u16), count: usize, value: usize) {
    body.extend(tag.to_le_bytes());
    body.extend(kind.to_le_bytes());
    body.extend((count as u32).to_le_bytes());
    body.extend((value as u32).to_le_bytes());
}

/// An XMP packet.
pub(super) fn xmp() -> Vec<u8> {
    format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF><rdf:Description exif:GPSLatitude=\"{PLANTED}\"/></rdf:RDF>\
         </x:xmpmeta>"
    )
    .into_bytes()
}
