//! Tests of the frame: what clients send, what nobody should, and that the cuts between frames mean nothing.

use super::*;
use proptest::prelude::*;

/// A body as the tests see it: each part's name and content.
type Parts = Vec<(String, Vec<u8>)>;

/// Pushes the body in frames, and takes it apart; the length of what was kept in between must stay bounded.
fn parse_frames<'f>(boundary: &str, frames: impl IntoIterator<Item = &'f [u8]>) -> Result<Parts, Broken> {
    let mut parser = Parser::new(boundary.as_bytes());
    let mut parts = Parts::new();
    let mut is_open = false;
    for frame in frames {
        parser.push(Bytes::copy_from_slice(frame));
        while let Some(event) = parser.event()? {
            match event {
                Event::Part(name) => {
                    assert!(!std::mem::replace(&mut is_open, true));
                    parts.push((String::from_utf8_lossy(&name).into_owned(), Vec::new()));
                }
                Event::Data(data) => {
                    assert!(is_open && !data.is_empty());
                    parts.last_mut().unwrap().1.extend_from_slice(&data);
                }
                Event::End => assert!(std::mem::replace(&mut is_open, false)),
            }
        }
        assert!(parser.unread.len() <= MAX_PART_HEAD + 2, "{}", parser.unread.len());
    }
    parser.finish().inspect(|()| assert!(!is_open))?;
    Ok(parts)
}

fn parse(body: impl AsRef<[u8]>) -> Result<Parts, Broken> {
    parse_frames("b", [body.as_ref()])
}

fn part(name: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x\"\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn body(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let parts: Vec<u8> = parts.iter().flat_map(|(name, content)| part(name, content)).collect();
    [&parts[..], b"--b--\r\n"].concat()
}

fn parts(parts: &[(&str, &[u8])]) -> Parts {
    parts.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect()
}

#[test]
fn what_clients_send() {
    const HEAD: &str = "Content-Disposition: form-data; name=a";
    let bodies = [
        format!("--b\r\n{HEAD}\r\n\r\nx\r\n--b--\r\n"),
        format!("--b\r\n{HEAD}\r\n\r\nx\r\n--b--"),
        format!("--b\r\n{HEAD}\r\n\r\nx\r\n--b-- \t"),
        format!("\r\n--b\r\n{HEAD}\r\n\r\nx\r\n--b--\r\n"),
        format!("a mail program\r\n\r\n--b\r\n{HEAD}\r\n\r\nx\r\n--b--\r\nand an end\r\n--b\r\n"),
        format!("--b \t\r\n{HEAD}\r\n\r\nx\r\n--b--  \r\n"),
        format!(
            "--b\r\nContent-Type: image/jpeg\r\n{HEAD}; filename=\"../../etc/passwd\"\r\n\r\nx\r\n--b--\r\n"
        ),
        "--b\r\ncontent-disposition:FORM-DATA;NAME=\"a\";\r\n\r\nx\r\n--b--\r\n".to_owned(),
        "--b\r\nContent-Disposition: form-data;\r\n name=\"a\"\r\n\r\nx\r\n--b--\r\n".to_owned(),
        "--b\r\nContent-Disposition: form-data; filename=\"x; name=c\"; name=\"\\a\"\r\n\r\nx\r\n--b--\r\n"
            .to_owned(),
        format!("--b\r\n{HEAD}\r\n\r\nx\r\n--b--\n"),
        format!("--b\r\n{HEAD}\r\n\r\nx\r\n--b-- \nand more"),
        format!("--b\r\n{HEAD}; filename=my photo.jpg\r\n\r\nx\r\n--b--\r\n"),
        format!("--b\r\n{HEAD}; filename=my \"best\" photo.jpg; x=y\r\n\r\nx\r\n--b--\r\n"),
        format!("--b\r\n{HEAD}; filename=\"my \"best\" photo.jpg\"\r\n\r\nx\r\n--b--\r\n"),
        format!("--b\r\n{HEAD}; filename=\"a \\\" b.jpg\"\r\n\r\nx\r\n--b--\r\n"),
        format!("--b\r\n{HEAD}; filename=\"C:\\photos\\a.jpg\"\r\n\r\nx\r\n--b--\r\n"),
        "--b\r\nContent-Disposition: form-data; filename=\"a\"b\"; name=\"a\"\r\n\r\nx\r\n--b--\r\n"
            .to_owned(),
        format!("--b\r\n{HEAD}\r\nContent-Transfer-Encoding: Binary\r\n\r\nx\r\n--b--\r\n"),
        format!("--b\r\n{HEAD}; filename=\"Łódź \u{1}.jpg\"; filename*=UTF-8''x\r\n\r\nx\r\n--b--\r\n"),
    ];
    for body in bodies {
        assert_eq!(parse(&body), Ok(parts(&[("a", b"x")])), "{body}");
    }
}

#[test]
fn boundaries_of_any_signs() {
    for boundary in [
        "*****",
        "a&b",
        "{b}",
        "#",
        "~~~",
        "b",
        "----WebKitFormBoundary7",
        "'()+_,-./:=?",
        "\u{e4}",
        "a<>@[\\]^`|%$!b",
    ] {
        let body = String::from_utf8(body(&[("a", b"x\r\n--y")])).unwrap();
        let body = body.replace("--b", &format!("--{boundary}"));
        for size in [1, usize::MAX] {
            let parsed = parse_frames(boundary, body.as_bytes().chunks(size));
            assert_eq!(parsed, Ok(parts(&[("a", b"x\r\n--y")])), "{boundary}");
        }
    }
}

#[test]
fn content_is_passed_on_as_it_is() {
    let contents: [&[u8]; 10] = [
        b"",
        b"\r",
        b"\r\n",
        b"\r\n--",
        b"\r\n--\r\n--\r\n-b",
        b"-\n--b\n--b--",
        b"\n--b--\r\n",
        b"\r\r\n\r\n\0\xff",
        b" --b--",
        b"\r\n --b--\r\n",
    ];
    for content in contents {
        assert_eq!(parse(body(&[("a", content)])), Ok(parts(&[("a", content)])), "{content:?}");
    }
    let two = [("a", &b"1"[..]), ("a", b"2"), ("front_id", b"\r\n")];
    assert_eq!(parse(body(&two)), Ok(parts(&two)));
    assert_eq!(parse("--b--\r\n"), Ok(Vec::new()));
    // RFC 2046 lets a part leave its content out together with the empty line's own break.
    let none = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--";
    assert_eq!(parse(none), Ok(parts(&[("a", b"")])));
}

#[test]
fn what_is_broken() {
    const HEAD: &str = "Content-Disposition: form-data; name=a";
    let long = "x".repeat(MAX_PART_HEAD);
    let with = |head: &str| format!("--b\r\n{head}\r\n\r\nx\r\n--b--\r\n");
    let table = [
        (String::new(), Broken::NoBoundary),
        ("x".to_owned(), Broken::NoBoundary),
        ("--".to_owned(), Broken::NoBoundary),
        ("--c\r\n".to_owned(), Broken::NoBoundary),
        ("x--b\r\n".to_owned(), Broken::NoBoundary),
        ("x\n--b--\r\n".to_owned(), Broken::NoBoundary),
        (
            format!("{}\r\n--b\r\n{HEAD}\r\n\r\nx\r\n--b--\r\n", "x".repeat(MAX_PREAMBLE + 1)),
            Broken::NoBoundary,
        ),
        ("--b".to_owned(), Broken::Unfinished),
        ("--b-".to_owned(), Broken::Unfinished),
        ("--b\r".to_owned(), Broken::Unfinished),
        ("--b\r\n".to_owned(), Broken::Unfinished),
        ("--b-\r\n".to_owned(), Broken::BoundaryLine),
        ("--b\n".to_owned(), Broken::BoundaryLine),
        ("--b\rx".to_owned(), Broken::BoundaryLine),
        ("--bc\r\n".to_owned(), Broken::BoundaryLine),
        ("--b--x".to_owned(), Broken::BoundaryLine),
        ("--b--\r".to_owned(), Broken::BoundaryLine),
        (format!("--b\r\n{HEAD}"), Broken::Unfinished),
        (format!("--b\r\n{HEAD}\r\n"), Broken::Unfinished),
        (format!("--b\r\n{HEAD}\r\n\r\n"), Broken::Unfinished),
        (format!("--b\r\n{HEAD}\r\n\r\nx"), Broken::Unfinished),
        (format!("--b\r\n{HEAD}\r\n\r\nx\r\n--b"), Broken::Unfinished),
        (format!("--b\r\n{HEAD}\r\n\r\nx\r\n--b\r\n"), Broken::Unfinished),
        (format!("--b\r\n{HEAD}\r\n\r\nx\n--b--\n"), Broken::Unfinished),
        (format!("--b\n{HEAD}\n\nx\n--b--\n"), Broken::BoundaryLine),
        (format!("--b\r\n{HEAD}\n\nx\r\n--b--\r\n"), Broken::Unfinished),
        (with(&format!("x: {long}")), Broken::LongHead),
        (format!("--b\r\nx: {long}"), Broken::LongHead),
        (with("x"), Broken::Head),
        (with(": x"), Broken::Head),
        (with("a b: x"), Broken::Head),
        (with(&format!("{HEAD}\rx")), Broken::Head),
        (with(&format!("{HEAD}\nx: y")), Broken::Head),
        (with(&format!("{HEAD}\0")), Broken::Head),
        (with(&format!(" {HEAD}")), Broken::Head),
        (with("x: y\r\n".repeat(17).trim_end()), Broken::Head),
        (with(&format!("{}{HEAD}", "x: y\r\n".repeat(16))), Broken::Head),
        (with(""), Broken::Disposition),
        (with("Content-Type: text/plain"), Broken::Disposition),
        (with("Content-Disposition: form-data"), Broken::Disposition),
        (with("Content-Disposition: form-data; name=\"\""), Broken::Disposition),
        (with("Content-Disposition: form-data; name="), Broken::Disposition),
        (with("Content-Disposition: form-data; name=\"a"), Broken::Disposition),
        (with("Content-Disposition: form-data; name=a b"), Broken::Disposition),
        (with("Content-Disposition: form-data; name=a; name=a"), Broken::Disposition),
        (with("Content-Disposition: form-data; filename=\"name=a\""), Broken::Disposition),
        (with("Content-Disposition: attachment; name=a"), Broken::Disposition),
        (with(&format!("{HEAD}\r\n{HEAD}")), Broken::Disposition),
        (with(&format!("{HEAD}\r\nContent-Transfer-Encoding: base64")), Broken::TransferEncoding),
    ];
    for (body, broken) in table {
        assert_eq!(parse(&body), Err(broken), "{body:.200}");
        assert_eq!(parse_frames("b", body.as_bytes().chunks(1)), Err(broken), "{body:.200}");
    }
}

/// What one reader takes for a file name and another for a name of the part.
#[test]
fn names_in_file_names_are_refused() {
    const HEAD: &str = "form-data; name=a";
    for disposition in [
        "form-data; filename=\"a\"b\"; name=\"a\"; name=\"b\"".to_owned(),
        format!("{HEAD}; filename=\"x\"; name=\"b\".jpg\""),
        format!("{HEAD}; filename=x; name=b"),
        format!("{HEAD}; filename=\"x"),
        "form-data; filename=\"x\\\"; name=\"a\"".to_owned(),
        "form-data; filename=\"x; name=a\"".to_owned(),
    ] {
        let body = format!("--b\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--b--\r\n");
        assert_eq!(parse(&body), Err(Broken::Disposition), "{disposition}");
        assert_eq!(parse_frames("b", body.as_bytes().chunks(1)), Err(Broken::Disposition), "{disposition}");
    }
}

#[test]
fn heads_and_parts_have_limits() {
    let head = "Content-Disposition: form-data; name=a\r\nx: ";
    let with = |length: usize| {
        let fill = "x".repeat(length - head.len() - 2);
        format!("--b\r\n{head}{fill}\r\n\r\ny\r\n--b--\r\n")
    };
    for size in [1, 7, usize::MAX] {
        let chunked = |length| parse_frames("b", with(length).as_bytes().chunks(size));
        assert_eq!(chunked(MAX_PART_HEAD), Ok(parts(&[("a", b"y")])));
        assert_eq!(chunked(MAX_PART_HEAD + 1), Err(Broken::LongHead));
        assert_eq!(chunked(MAX_PART_HEAD + 2), Err(Broken::LongHead));
    }
    let many = [("a", &b"x"[..]); MAX_PARTS + 1];
    assert_eq!(parse(body(&many[1..])).map(|parts| parts.len()), Ok(MAX_PARTS));
    assert_eq!(parse(body(&many)), Err(Broken::ManyParts));
}

/// Bodies of pieces that look like framing, in any order.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"--b\r\n",
        b"\r\n--b\r\n",
        b"\r\n--b--\r\n",
        b"--b--",
        b"Content-Disposition: form-data; name=a\r\n\r\n",
        b"--b\r\nContent-Disposition: form-data; name=front_id\r\n\r\n",
        b"\r\nContent-Disposition: form-data; name=\"b\"",
        b"\r\n\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"-",
        b"b",
        b" ",
        b"\r\n--",
        b"content",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn cuts_mean_nothing(body in bodies(), cuts in prop::collection::vec(1_usize..12, 1..40)) {
        let (mut frames, mut rest, mut cuts) = (Vec::new(), &body[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (frame, after) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            frames.push(frame);
            rest = after;
        }
        prop_assert_eq!(parse_frames("b", frames), parse(&body));
    }

    #[test]
    fn what_is_written_is_read(contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..5),
        size in 1_usize..64)
    {
        let written: Vec<_> = contents.iter().map(|content| ("a", &content[..])).collect();
        let body = body(&written);
        prop_assert_eq!(parse_frames("b", body.chunks(size)), Ok(parts(&written)));
    }
}

/// Every byte of a body changed, left out or doubled, and every cut of its end: read or refused, the same whole and in
/// single bytes, and never with a part that was not there.
#[test]
fn mutations_are_read_or_refused_alike() {
    let whole = body(&[("front_id", b"\xff\xd8\r\n--\xff\xd9"), ("selfie", b"x")]);
    let mut mutations: Vec<Vec<u8>> = Vec::new();
    for at in 0..whole.len() {
        mutations.push(whole[..at].to_vec());
        mutations.push([&whole[..at], &whole[at + 1..]].concat());
        mutations.push([&whole[..=at], &whole[at..]].concat());
        for byte in [b'\r', b'\n', b'-', b'b', b' ', b'"', b';', 0, 0xff] {
            let mut changed = whole.clone();
            changed[at] = byte;
            mutations.push(changed);
        }
    }
    let mut read = 0;
    for mutation in mutations {
        let parsed = parse(&mutation);
        assert_eq!(parse_frames("b", mutation.chunks(1)), parsed);
        assert_eq!(parse_frames("b", mutation.chunks(5)), parsed);
        let Ok(parts) = parsed else { continue };
        assert!(parts.len() <= 2);
        read += 1;
    }
    assert!(read > 100, "{read}");
}
