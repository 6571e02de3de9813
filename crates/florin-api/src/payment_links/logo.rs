//! Logos: PNG or SVG, as data URIs. What is kept is a copy in which nothing is left that is not named here.

use crate::kit::request::types::{FieldType, uri_schema};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use florin_document::{Checker, Kind, for_export};
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use utoipa::openapi::schema::ObjectBuilder;

/// The most bytes of a logo: the contract's.
const MAX_BYTES: usize = 64 * 1024;

/// The most characters of a data URI with so many bytes.
const MAX_URI: usize = 90_000;

/// The most pixels: a square of 1,024, more than any page shows.
const MAX_PIXELS: u64 = 1_024 * 1_024;

/// How deep elements of an SVG may be: drawing programs nest groups, some ten at most.
const MAX_DEPTH: usize = 32;

const PNG: &str = "data:image/png;base64,";
const SVG: &str = "data:image/svg+xml;base64,";

/// The namespace of SVG.
const NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// Shapes, groups, gradients and clipping. Nothing of these runs, animates, links, loads, or repeats another.
const ELEMENTS: [&str; 13] = [
    "svg",
    "g",
    "defs",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "linearGradient",
    "radialGradient",
    "stop",
];

/// Elements that are left out with all that is in them: they are words.
const WORDS: [&str; 3] = ["title", "desc", "metadata"];

const ATTRIBUTES: [&str; 45] = [
    "clip-rule",
    "color",
    "cx",
    "cy",
    "d",
    "fill",
    "fill-opacity",
    "fill-rule",
    "fx",
    "fy",
    "gradientTransform",
    "gradientUnits",
    "height",
    "id",
    "offset",
    "opacity",
    "pathLength",
    "points",
    "preserveAspectRatio",
    "r",
    "rx",
    "ry",
    "shape-rendering",
    "spreadMethod",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "transform",
    "transform-origin",
    "vector-effect",
    "viewBox",
    "visibility",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
];

/// Attributes that are left out: without the others they say nothing.
const IDLE: [&str; 6] = ["class", "role", "version", "xml:space", "baseProfile", "enable-background"];

/// A logo: a data URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo(String);

impl Logo {
    /// One that was kept: it was cleaned before.
    pub(super) fn kept(uri: String) -> Self {
        Self(uri)
    }

    /// The type of the file, and its bytes.
    pub fn file(&self) -> Option<(&'static str, Bytes)> {
        let types = [(PNG, "image/png"), (SVG, "image/svg+xml")];
        let (head, content_type) = types.into_iter().find(|(head, _)| self.0.starts_with(head))?;
        Some((content_type, STANDARD.decode(self.0.strip_prefix(head)?).ok()?.into()))
    }

    /// The data URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldType for Logo {
    type Error = String;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        let content = |base64: &str| {
            let bytes = STANDARD.decode(base64).map_err(|_| "must be in base64".to_owned())?;
            if bytes.len() > MAX_BYTES {
                return Err(format!("can have at most {MAX_BYTES} bytes"));
            }
            Ok(bytes)
        };
        let (head, clean) = if let Some(base64) = text.strip_prefix(PNG) {
            (PNG, png(&content(base64)?)?)
        } else if let Some(base64) = text.strip_prefix(SVG) {
            let bytes = content(base64)?;
            let svg = str::from_utf8(&bytes).map_err(|_| "must be an SVG in UTF-8".to_owned())?;
            (SVG, svg_of(svg)?.into_bytes())
        } else {
            return Err(format!("must begin with {PNG} or {SVG}"));
        };
        // Written anew, quotes are longer.
        if clean.len() > MAX_BYTES {
            return Err(format!("can have at most {MAX_BYTES} bytes once it is cleaned"));
        }
        Ok(Self(format!("{head}{}", STANDARD.encode(clean))))
    }

    fn canonical(&self) -> String {
        self.0.clone()
    }

    fn schema() -> ObjectBuilder {
        uri_schema()
            .max_length(Some(MAX_URI))
            .pattern(Some(r"^data:image/(png|svg\+xml);base64,[A-Za-z0-9+/]+=*$"))
    }
}

/// The same picture without words and what stands behind it.
fn png(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut checker = Checker::new(&[Kind::Png], MAX_PIXELS);
    let checked = checker.push(bytes).and_then(|()| checker.finish());
    checked.map_err(|error| format!("is no PNG of at most 1024 x 1024 pixels: {error}"))?;
    for_export(Kind::Png, bytes).map_err(|error| format!("is no PNG: {error}"))
}

/// The same drawing, written anew.
fn svg_of(text: &str) -> Result<String, String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut copy = Copy::default();
    loop {
        let event = reader.read_event().map_err(|error| format!("is no SVG: {error}"))?;
        match event {
            Event::Start(start) => copy.open(&start)?,
            Event::End(_) => copy.close(),
            Event::Eof => break,
            Event::DocType(_) => return Err("must be an SVG without a document type".to_owned()),
            // Text is shown nowhere but in the elements that are left out.
            _ => {}
        }
    }
    match copy.has_root && copy.path.is_empty() && copy.words == 0 {
        true => Ok(copy.out),
        false => Err("is no whole SVG".to_owned()),
    }
}

/// An SVG as it is written anew.
#[derive(Default)]
struct Copy {
    out: String,
    /// The elements around us.
    path: Vec<&'static str>,
    /// How deep we are in what is left out.
    words: usize,
    has_root: bool,
}

impl Copy {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        let name = start.name();
        let name = str::from_utf8(name.as_ref()).map_err(|_| "must be an SVG in UTF-8".to_owned())?;
        if self.path.len() + self.words >= MAX_DEPTH {
            return Err(format!("must be an SVG of at most {MAX_DEPTH} levels"));
        }
        if self.words > 0 || (self.has_root && WORDS.contains(&name)) {
            self.words += 1;
            return Ok(());
        }
        let known = ELEMENTS.into_iter().find(|element| *element == name);
        let element = known.ok_or_else(|| format!("must be an SVG without the element {}", shown(name)))?;
        if (element == "svg") == self.has_root {
            return Err("must be an SVG with one element svg around all".to_owned());
        }
        self.out.push('<');
        self.out.push_str(element);
        if !self.has_root {
            self.out.push_str(&format!(" xmlns=\"{NAMESPACE}\""));
        }
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| format!("is no SVG: {error}"))?;
            let key = str::from_utf8(attribute.key.as_ref()).map_err(|_| "is no SVG".to_owned())?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| format!("is no SVG: {error}"))?;
            self.attribute(key, &value)?;
        }
        self.out.push('>');
        self.path.push(element);
        self.has_root = true;
        Ok(())
    }

    fn attribute(&mut self, key: &str, value: &str) -> Result<(), String> {
        let is_idle = IDLE.contains(&key) || key.starts_with("xmlns") || key.starts_with("data-");
        if is_idle || key.starts_with("aria-") {
            return Ok(());
        }
        let is_known = ATTRIBUTES.contains(&key) || key == "y2";
        if !is_known {
            return Err(format!("must be an SVG without the attribute {}", shown(key)));
        }
        // A reference leads to an element of the same drawing: `url(#a)`.
        let lower = value.to_ascii_lowercase();
        let references = lower.match_indices("url(").map(|(at, _)| lower.get(at + 4..).unwrap_or_default());
        let is_plain =
            value.chars().all(|character| !character.is_control() || character.is_ascii_whitespace());
        if !is_plain || lower.contains('\\') || !references.into_iter().all(|rest| rest.starts_with('#')) {
            return Err(format!("must be an SVG that refers to nothing outside: see its attribute {key}"));
        }
        self.out.push_str(&format!(" {key}=\"{}\"", escape(value)));
        Ok(())
    }

    fn close(&mut self) {
        if self.words > 0 {
            self.words -= 1;
        } else if let Some(element) = self.path.pop() {
            self.out.push_str(&format!("</{element}>"));
        }
    }
}

/// A name that the client sent, cut to what fits a message.
fn shown(name: &str) -> String {
    name.chars().take(crate::kit::request::fields::SHOWN_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_document::samples;

    fn uri(head: &str, bytes: &[u8]) -> String {
        format!("{head}{}", STANDARD.encode(bytes))
    }

    fn svg(inner: &str) -> Result<String, String> {
        svg_of(&format!(r#"<svg xmlns="{NAMESPACE}" viewBox="0 0 9 9">{inner}</svg>"#))
    }

    #[test]
    fn a_drawing_is_written_anew() {
        let text = concat!(
            r#"<?xml version="1.0"?><!-- Drawn by hand --><svg xmlns="http://www.w3.org/2000/svg" "#,
            r#"xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" viewBox="0 0 9 9"><title>A &amp; B</title>"#,
            r#"<defs><linearGradient id="a"><stop offset="1" stop-color="red"/></linearGradient></defs>"#,
            r#"<g class="x"><path d="M0 0L9 9" fill="url(#a)" data-name="&lt;"/></g> words </svg>"#,
        );
        let expected = concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">"#,
            r#"<defs><linearGradient id="a"><stop offset="1" stop-color="red"></stop></linearGradient></defs>"#,
            r#"<g><path d="M0 0L9 9" fill="url(#a)"></path></g></svg>"#,
        );
        assert_eq!(svg_of(text).as_deref(), Ok(expected));
        // Once clean it stays as it is.
        assert_eq!(svg_of(expected).as_deref(), Ok(expected));
    }

    #[test]
    fn what_runs_or_loads_is_refused() {
        for inner in [
            "<script>alert(1)</script>",
            r#"<path onload="alert(1)"/>"#,
            r#"<a href="https://evil.example"><path/></a>"#,
            r##"<use href="#a"/>"##,
            r#"<image href="data:image/png;base64,AA"/>"#,
            "<foreignObject><p/></foreignObject>",
            "<style>*{fill:red}</style>",
            r#"<path style="fill:url(https://evil.example)"/>"#,
            r#"<path fill="url(https://evil.example/a)"/>"#,
            r#"<path fill="URL( 'https://evil.example/a')"/>"#,
            r#"<path fill="u&#114;l(//evil.example)"/>"#,
            r#"<path fill="\75rl(//evil.example)"/>"#,
            r#"<path xlink:href="x"/>"#,
            r#"<animate attributeName="d"/>"#,
            "<svg/>",
            "<x:path/>",
            "<g>",
        ] {
            assert!(svg(inner).is_err(), "{inner}: {:?}", svg(inner));
        }
        assert!(svg(&"<g>".repeat(40)).is_err());
        assert!(svg_of("<!DOCTYPE svg [<!ENTITY a \"b\">]><svg/>").is_err());
        for text in ["", "words", "<html/>", "<svg/><svg/>", "<path/>"] {
            assert!(svg_of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pictures_are_taken_by_what_they_are() {
        let picture = samples::valid(Kind::Png, 64, 32);
        let with_trailer = [&picture[..], &[0; 16]].concat();
        let logo = Logo::parse(&uri(PNG, &with_trailer)).unwrap();
        assert_eq!(Logo::parse(&uri(PNG, &picture)), Ok(logo.clone()));
        assert_eq!(Logo::parse(logo.as_str()), Ok(logo));
        let jpeg = samples::valid(Kind::Jpeg, 64, 32);
        for wrong in [
            uri(PNG, &jpeg),
            uri(PNG, &[&picture[..], b"<script>"].concat()),
            uri("data:image/jpeg;base64,", &jpeg),
            uri(PNG, picture.get(..40).unwrap()),
            uri(SVG, &picture),
            uri(PNG, &[0; MAX_BYTES + 1]),
            uri(PNG, &samples::valid(Kind::Png, 1025, 1024)),
            format!("{PNG}%"),
            "https://partner.example/logo.png".to_owned(),
        ] {
            assert!(Logo::parse(&wrong).is_err(), "{:.60}", wrong);
        }
    }
}
