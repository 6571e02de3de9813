//! The check and the decoders against the samples.

mod properties;

use crate::samples::{self, Expected};
use crate::{
    Checker, DecodeLimits, Decoded, Facts, Kind, MAX_PIXELS, MAX_SIDE, Rejected, Size, Unreadable, decode,
    for_export,
};

fn check(bytes: &[u8]) -> Result<Facts, Rejected> {
    let mut checker = Checker::new(Kind::ALL, MAX_PIXELS);
    checker.push(bytes)?;
    checker.finish()
}

#[test]
fn valid_files_pass_with_their_size() {
    for &kind in Kind::ALL {
        let size = (kind != Kind::Pdf).then_some(Size { width: 70, height: 51 });
        assert_eq!(check(&samples::valid(kind, 70, 51)), Ok(Facts { kind, size }));
        assert_eq!(check(&samples::with_location(kind)).map(|facts| facts.kind), Ok(kind));
    }
    let more = [
        (Kind::Jpeg, samples::jpeg_progressive(70, 51)),
        (Kind::Webp, samples::webp_lossy()),
        (Kind::Pdf, samples::pdf_with_object_stream()),
    ];
    for (kind, bytes) in more {
        assert_eq!(check(&bytes).map(|facts| facts.kind), Ok(kind));
    }
    assert_eq!(check(&samples::pdf_encrypted()), Err(Rejected::Encrypted));
}

#[test]
fn files_of_any_length_can_be_had() {
    for &kind in Kind::ALL {
        for length in [4096, 65_536, 262_144 + 2, 10_485_760] {
            let bytes = samples::of_size(kind, length);
            assert_eq!(bytes.len(), length, "{kind}");
            assert_eq!(check(&bytes).map(|facts| facts.kind), Ok(kind), "{length}");
        }
    }
}

fn read(kind: Kind, bytes: &[u8]) -> Result<Decoded, Unreadable> {
    decode(kind, bytes, &DecodeLimits::default(), &|| false)
}

#[test]
fn valid_files_decode_upright() {
    let upright = Size { width: 70, height: 51 };
    for &kind in Kind::ALL {
        let image = kind != Kind::Pdf;
        let expected = |size| Ok(Decoded { size: image.then_some(size), pages: (!image).then_some(1) });
        assert_eq!(read(kind, &samples::valid(kind, 70, 51)), expected(upright), "{kind}");
        let turned = Size { width: 48, height: 64 };
        assert_eq!(read(kind, &samples::with_location(kind)), expected(turned), "{kind}");
    }
    assert_eq!(
        read(Kind::Jpeg, &samples::jpeg_progressive(70, 51)).map(|decoded| decoded.size),
        Ok(Some(upright))
    );
    assert!(read(Kind::Webp, &samples::webp_lossy()).is_ok());
    assert_eq!(read(Kind::Pdf, &samples::pdf_with_object_stream()).map(|decoded| decoded.pages), Ok(Some(1)));
    assert_eq!(read(Kind::Pdf, &samples::pdf(7)).map(|decoded| decoded.pages), Ok(Some(7)));
}

#[test]
fn files_of_any_length_decode() {
    for &kind in Kind::ALL {
        assert!(read(kind, &samples::of_size(kind, 262_144)).is_ok(), "{kind}");
    }
}

#[test]
fn a_file_is_given_up_when_the_time_is_over() {
    for &kind in Kind::ALL {
        let result = decode(kind, &samples::valid(kind, 70, 51), &DecodeLimits::default(), &|| true);
        assert_eq!(result, Err(Unreadable::TimeOver), "{kind}");
    }
}

#[test]
fn a_copy_is_the_same_picture_without_what_is_beside_it() {
    let holds = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    for &kind in Kind::ALL {
        let bytes = samples::with_location(kind);
        assert!(holds(&bytes, samples::PLANTED.as_bytes()), "{kind}");
        let copy = for_export(kind, &bytes).expect("a valid file");
        assert!(!holds(&copy, samples::PLANTED.as_bytes()), "{kind}");
        assert!(!holds(&copy, b"GPS"), "{kind}");
        assert_eq!(read(kind, &copy), read(kind, &bytes), "{kind}: the same, and turned the same way");
        assert_eq!(for_export(kind, &copy), Ok(copy), "{kind}: nothing more to leave out");
    }
}

#[test]
fn a_copy_of_a_plain_file_has_the_same_image_data() {
    let jpeg = samples::jpeg(70, 51);
    assert_eq!(for_export(Kind::Jpeg, &jpeg), Ok(jpeg));
    for kind in [Kind::Png, Kind::Webp, Kind::Pdf] {
        let bytes = samples::valid(kind, 70, 51);
        assert_eq!(for_export(kind, &bytes), Ok(bytes), "{kind}");
    }
}

#[test]
fn a_copy_holds_nothing_of_what_stands_around_the_file() {
    for &kind in Kind::ALL {
        let file = samples::valid(kind, 70, 51);
        let copy = for_export(kind, &file).expect("a valid file");
        for behind in [&b"\0"[..], &[0; 4096], &[0xA7; 700], b"\x1A", b"\r\n%%EOF\r\n", b"rest of a crop"] {
            let with = [&file[..], behind].concat();
            assert_eq!(check(&with), check(&file), "{kind}");
            assert_eq!(read(kind, &with), read(kind, &file), "{kind}");
            assert!(for_export(kind, &with).as_ref() == Ok(&copy), "{kind} {behind:?}");
        }
    }
    let jpeg = samples::jpeg(70, 51);
    // Behind JFIF's segment.
    let between = [&jpeg[..20], b"between", &jpeg[20..]].concat();
    assert_eq!(for_export(Kind::Jpeg, &between), Ok(jpeg));
    let pdf = samples::pdf(1);
    for before in [&b"\r\n"[..], b"\xEF\xBB\xBF", b"\x1B%-12345X@PJL ENTER LANGUAGE=PDF\r\n"] {
        assert_eq!(for_export(Kind::Pdf, &[before, &pdf].concat()).as_ref(), Ok(&pdf));
    }
}

/// A table whose positions count what stands before the header: they stay right.
#[test]
fn a_copy_of_a_pdf_keeps_the_positions_of_its_table() {
    let pdf = samples::pdf(1);
    let table = memchr::memmem::rfind(&pdf, b"\nxref").expect("a table") + 1;
    let text = |at: usize| format!("startxref\n{at}\n");
    let start = memchr::memmem::rfind(&pdf, b"startxref").expect("its position");
    let head = b"@PJL ENTER LANGUAGE=PDF\r\n";
    let moved =
        [&head[..], &pdf[..start], text(table + head.len()).as_bytes(), b"%%EOF\n", b"@PJL EOJ"].concat();
    let copy = for_export(Kind::Pdf, &moved).expect("a valid file");
    assert!(copy.starts_with(b"%PDF-1.7 ") && copy.ends_with(b"%%EOF\n"));
    assert!(copy[table + head.len()..].starts_with(b"xref"));
    assert_eq!(read(Kind::Pdf, &copy), read(Kind::Pdf, &pdf));
    assert_eq!(for_export(Kind::Pdf, &copy), Ok(copy));
}

/// What is taken and readable is so as a copy too, and a copy of that is the same.
#[test]
fn copies_of_odd_files_are_readable() {
    for row in samples::hostile().into_iter().filter(|row| row.expected == Expected::Accepted) {
        let kind = check(&row.bytes).expect(row.name).kind;
        let copy = for_export(kind, &row.bytes).expect(row.name);
        assert_eq!(read(kind, &copy), read(kind, &row.bytes), "{}", row.name);
        assert!(for_export(kind, &copy).as_ref() == Ok(&copy), "{}", row.name);
    }
}

/// What comes of a file: in the request, then in the full decode.
fn outcome(bytes: &[u8]) -> (Expected, String) {
    match check(bytes) {
        Err(rejected) => (Expected::Rejected, rejected.to_string()),
        Ok(facts) => match read(facts.kind, bytes) {
            Err(unreadable) => (Expected::Unreadable, unreadable.to_string()),
            Ok(decoded) => (Expected::Accepted, format!("{decoded:?}")),
        },
    }
}

#[test]
fn hostile_files_come_out_as_the_table_says() {
    let wrong: Vec<String> = samples::hostile()
        .into_iter()
        .filter_map(|row| {
            let (came, why) = outcome(&row.bytes);
            (came != row.expected).then(|| format!("{}: {:?}, but {came:?} ({why})", row.name, row.expected))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An image of one column takes far more of a decoder than its pixels say.
#[test]
fn an_image_is_not_longer_than_a_jpeg_can_be() {
    let long = |height| check(&samples::valid(Kind::Png, 1, height)).map(drop);
    assert_eq!(long(MAX_SIDE), Ok(()));
    assert_eq!(long(MAX_SIDE + 1), Err(Rejected::TooLong(MAX_SIDE)));
}

#[test]
fn bombs_end_at_a_bound() {
    let bombs = samples::hostile().into_iter().filter(|row| row.name.contains("bomb of"));
    let ends: Vec<_> = bombs.map(|row| check(&row.bytes).map(|facts| read(facts.kind, &row.bytes))).collect();
    assert_eq!(ends, [Ok(Err(Unreadable::Memory)); 3]);
}
