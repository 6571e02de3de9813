//! QR codes as SVG: dark on white in every theme, because many readers know no other, with the quiet zone inside.

use fast_qr::{ECL, QRBuilder};
use std::fmt::Write;

/// Modules without ink around the code, as ISO/IEC 18004 wants them.
const QUIET: usize = 4;

/// The SVG of a text, or nothing if it is too long for a code (over 2,300 bytes). The label is for who cannot see it.
///
/// Level M corrects 15 % of the code: a screen with a reflection on it is read, and the code stays small.
pub(crate) fn svg(text: &str, label: &str) -> Option<String> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let mut dark = String::new();
    for (y, row) in (0..code.size).map(|y| (y, &code[y])) {
        let mut x = 0;
        for run in row.chunk_by(|left, right| left.value() == right.value()) {
            if run.first().is_some_and(|module| module.value()) {
                // Writing to a string does not fail.
                let _ = write!(dark, "M{x} {y}h{}", run.len());
            }
            x += run.len();
        }
    }
    let side = code.size + 2 * QUIET;
    let label = escape(label);
    Some(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"-{QUIET} -{QUIET}.5 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M-{QUIET}-{QUIET}.5h{side}v{side}h-{side}z\"/>\
         <path stroke=\"#000\" d=\"{dark}\"/></svg>"
    ))
}

/// A text as the value of an attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the paths of an SVG, eight pixels a module, and has another library read them.
    fn read(svg: &str) -> String {
        const SCALE: usize = 8;
        let dark = svg.rsplit(" d=\"").next().unwrap().split('"').next().unwrap();
        let runs = dark.split('M').skip(1).map(|run| {
            let (at, length) = run.split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            [x, y, length].map(|number| number.parse::<usize>().unwrap())
        });
        let size = svg.split(".5 ").nth(1).unwrap().split(' ').next().unwrap().parse::<usize>().unwrap();
        let mut modules = vec![vec![false; size]; size];
        for [x, y, length] in runs {
            modules[y + QUIET][x + QUIET..x + QUIET + length].fill(true);
        }
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(size * SCALE, size * SCALE, |x, y| {
            if modules[y / SCALE][x / SCALE] { 0 } else { 255 }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn another_library_reads_what_we_draw() {
        for text in [
            "bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq?amount=0.004121",
            "ethereum:0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359@137/transfer?address=\
             0x8e23ee67d1332ad560396262c48ffbb01f93d052&uint256=412607142",
            "äöü €",
            "1",
        ] {
            assert_eq!(read(&svg(text, "").unwrap()), text);
        }
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert_eq!(svg(&"x".repeat(3000), ""), None);
    }

    #[test]
    fn a_label_is_escaped() {
        let svg = svg("1", "\"><script>&").unwrap();
        assert!(svg.contains("aria-label=\"&quot;&gt;&lt;script&gt;&amp;\""), "{svg}");
    }
}
