//! Hostile PDF.

use super::super::pdf::{PAGES, compressed, deflate, document, stream};
use super::{Hostile, accepted, appended, find, patched, rejected, unreadable, zip};

pub(super) fn rows() -> Vec<Hostile> {
    let plain = crate::samples::pdf(1);
    [ends(&plain), content(&plain), active(), bombs(), harmless(&plain)].concat()
}

fn ends(plain: &[u8]) -> Vec<Hostile> {
    let table = find(plain, b"startxref");
    let starting = |at: &str| [&plain[..table], format!("startxref\n{at}\n%%EOF\n").as_bytes()].concat();
    let hidden = crate::samples::pdf_with_object_stream();
    let root = find(&hidden, b"/Root 1 0 R");
    let hidden = [&hidden[..root], b"/Encrypt 9 0 R ", &hidden[root..]].concat();
    vec![
        rejected("PDF: only magic", b"%PDF-".to_vec()),
        rejected("PDF: only its version", b"%PDF-1.7\n".to_vec()),
        rejected("PDF: no version", patched(plain, 5, b"x.y")),
        rejected("PDF: cut in the middle", plain[..plain.len() / 2].to_vec()),
        rejected("PDF: cut before its end", plain[..plain.len() - 7].to_vec()),
        rejected("PDF: no startxref", patched(plain, table, b"startxxxx")),
        rejected("PDF: table at 0", starting("0")),
        rejected("PDF: table behind the end", starting("4294967295")),
        rejected("PDF: table at 10^30", starting("1000000000000000000000000000000")),
        rejected("PDF: ZIP behind it", appended(plain, &zip(plain.len()))),
        rejected(
            "PDF: update that is cut off",
            appended(plain, b"6 0 obj\n<< /Type /Annot >>\nendobj\nxref\n6 1"),
        ),
        rejected("PDF: encrypted", crate::samples::pdf_encrypted()),
        rejected("PDF: encrypted by its table's stream", hidden),
    ]
}

fn content(plain: &[u8]) -> Vec<Hostile> {
    let pages = find(plain, b"/Kids [3");
    vec![
        unreadable("PDF: no catalog", patched(plain, find(plain, b"/Catalog"), b"/Catalox")),
        unreadable(
            "PDF: no page",
            patched(&patched(plain, pages, b"/Kidx [3"), find(plain, b"/Page /"), b"/Pagx /"),
        ),
        unreadable("PDF: string without an end", document(1, &[b"(a".to_vec()], "")),
        unreadable("PDF: 100,000 lists in each other", document(1, &[b"[".repeat(100_000)], "")),
        unreadable("PDF: encrypted behind escapes", document(1, &[b"<<>>".to_vec()], "/#45ncrypt 5 0 R")),
        unreadable(
            "PDF: stream without an end",
            document(1, &[b"<< /Length 9 >>\nstream\nabc".to_vec()], ""),
        ),
        unreadable("PDF: object stream that is not compressed right", {
            document(
                1,
                &[stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &[0x78, 0x9C, 0xFF, 0xFF])],
                "",
            )
        }),
        unreadable("PDF: object stream that goes backwards", {
            document(1, &[stream("/Type /ObjStm /N 2 /First 9 ", b"8 2 9 0  <<>>")], "")
        }),
    ]
}

fn active() -> Vec<Hostile> {
    let action = |action: &str| document(1, &[format!("<< /Type /Action {action} >>").into_bytes()], "");
    let packed = format!("{PAGES} << /Type /Page /AA << /O << /S /JavaScript /JS (app.alert) >> >> >>");
    vec![
        unreadable("PDF: JavaScript", action("/S /JavaScript /JS (app.alert\\(1\\))")),
        unreadable("PDF: JavaScript behind escapes", action("/S /J#61vaScript /J#53 (app.alert\\(1\\))")),
        unreadable("PDF: JavaScript in an object stream", compressed(&packed)),
        unreadable("PDF: form with another script", form("AFNumber_Format\\(2\\);app.alert\\(1\\)")),
        unreadable("PDF: script of a film", action("/S /Rendition /JS (app.alert\\(1\\))")),
        unreadable("PDF: two scripts in one action", {
            action("/S /JavaScript /JS (AFNumber_Format\\(2\\)) /JS (app.alert\\(1\\))")
        }),
        unreadable("PDF: script whose kind stands elsewhere", action("/S 9 0 R /JS (app.alert\\(1\\))")),
        unreadable("PDF: kind of an action elsewhere", document(1, &[b"/JavaScript".to_vec()], "")),
        unreadable("PDF: starts a program", action("/S /Launch /F (cmd.exe)")),
    ]
}

/// A field with an action that shows its value in a way.
fn form(script: &str) -> Vec<u8> {
    let field = format!("<< /FT /Tx /AA << /F << /S /JavaScript /JS ({script}) >> >> >>");
    document(1, &[field.into_bytes()], "")
}

fn bombs() -> Vec<Hostile> {
    let zeros = deflate([&vec![0; 16 * 1024 * 1024], &[]]);
    let objects = stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &zeros);
    let image =
        "/Type /XObject /Subtype /Image /Width 4096 /Height 4096 /ColorSpace /DeviceGray /BitsPerComponent 8";
    let image = stream(&format!("{image} /Filter /FlateDecode"), &zeros);
    vec![
        unreadable("PDF: bomb of objects", document(1, &[objects], "")),
        unreadable("PDF: bomb of images", document(1, &vec![image.clone(); 40], "")),
        accepted("PDF: large image", document(1, &[image], "")),
    ]
}

fn harmless(plain: &[u8]) -> Vec<Hostile> {
    let at = find(plain, b"xref\n0 ");
    let update = format!(
        "6 0 obj\n<< /Type /Annot >>\nendobj\nxref\n6 1\n{:010} 00000 n \n\
         trailer\n<< /Size 7 /Root 1 0 R /Prev {at} >>\nstartxref\n{}\n%%EOF\n",
        plain.len(),
        plain.len() + 36
    );
    let quoted = stream("", b"/Encrypt 5 0 R <script>alert(1)</script> PK\x05\x06\0\0\0\0");
    let invoice = [
        b"<< /Type /Filespec /F (a.xml) /EF << /F 6 0 R >> >>".to_vec(),
        stream("/Type /EmbeddedFile", b"<a/>"),
    ];
    vec![
        accepted("PDF: updated behind its end", appended(plain, update.as_bytes())),
        accepted("PDF: words in its content", document(1, &[quoted], "")),
        accepted("PDF: attachment", document(1, &invoice, "")),
        accepted("PDF: objects in streams", crate::samples::pdf_with_object_stream()),
        accepted("PDF: zero bytes behind its end", appended(plain, &[0; 2048])),
        accepted("PDF: Ctrl-Z behind its end", appended(plain, b"\x1A")),
        accepted("PDF: second end behind its end", appended(plain, b"%%EOF\n")),
        accepted("PDF: comment behind its end", appended(plain, b"% signed\n")),
        accepted("PDF: HTML behind its end", appended(plain, b"<html>(<p>it's 5 o'clock :-)</html>")),
        accepted("PDF: script behind its end", appended(plain, b"<script>alert(1)</script>")),
        accepted("PDF: printer commands behind its end", appended(plain, b"\x1B%-12345X@PJL EOJ\r\n")),
        accepted("PDF: form with formats", form("AFNumber_Format\\(2, 0, 0, 0, \"\", true\\);")),
        accepted(
            "PDF: /Encrypt in a title and in a comment",
            document(1, &[b"<< /Title (How \\( to /Encrypt 5 0 R) >> % /Encrypt 5 0 R".to_vec()], ""),
        ),
        accepted(
            "PDF: picture named /JS",
            document(1, &[b"<< /XObject << /JS 3 0 R /Launch 3 0 R >> >>".to_vec()], ""),
        ),
        accepted(
            "PDF: page that is its own parent's parent",
            document(1, &[b"<< /Type /Pages /Kids [2 0 R 5 0 R] >>".to_vec()], ""),
        ),
    ]
}
