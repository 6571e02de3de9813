//! The files that the pages load: a stylesheet, a script, an icon.
//!
//! Their paths hold a hash of their content, so browsers keep them for ever and a new version is loaded at once.

/// Where the files are.
const FOLDER: &str = "/pay/assets/";

/// A file as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The header `Cache-Control`.
    pub cache_control: &'static str,
    /// The content.
    pub bytes: &'static [u8],
}

/// A file, with its path split where the hash is.
struct File {
    stem: &'static str,
    ending: &'static str,
    content_type: &'static str,
    content: &'static str,
}

const STYLE: File = File {
    stem: "pay-",
    ending: ".css",
    content_type: "text/css; charset=utf-8",
    content: include_str!("../assets/pay.css"),
};
const SCRIPT: File = File {
    stem: "pay-",
    ending: ".js",
    content_type: "text/javascript; charset=utf-8",
    content: include_str!("../assets/pay.js"),
};
const ICON: File = File {
    stem: "icon-",
    ending: ".svg",
    content_type: "image/svg+xml",
    content: include_str!("../assets/icon.svg"),
};

impl File {
    fn path(&self) -> String {
        let Self { stem, ending, .. } = self;
        format!("{FOLDER}{stem}{:016x}{ending}", fingerprint(self.content.as_bytes()))
    }
}

/// FNV-1a of 64 bits: it tells versions of our own files and pages apart, and protects nothing.
pub(crate) const fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut rest = bytes;
    while let Some((byte, others)) = rest.split_first() {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
        rest = others;
    }
    hash
}

/// The stylesheet's path.
pub(crate) fn style_path() -> String {
    STYLE.path()
}

/// The script's path.
pub(crate) fn script_path() -> String {
    SCRIPT.path()
}

/// The icon's path.
pub(crate) fn icon_path() -> String {
    ICON.path()
}

/// The file of a path, `/pay/assets/…`.
///
/// A path with another hash is answered with the present content, which is not kept then: while servers of two
/// versions answer, a page of one may ask the other for its files.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let name = path.strip_prefix(FOLDER)?;
    let of_name = |file: &&File| {
        let hash = name.strip_prefix(file.stem).and_then(|rest| rest.strip_suffix(file.ending));
        hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let file = [&STYLE, &SCRIPT, &ICON].into_iter().find(of_name)?;
    let is_present = file.path() == path;
    Some(Asset {
        content_type: file.content_type,
        cache_control: if is_present { "public, max-age=31536000, immutable" } else { "no-cache" },
        bytes: file.content.as_bytes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_found_by_its_path() {
        for file in [STYLE, SCRIPT, ICON] {
            let found = asset(&file.path()).unwrap();
            assert_eq!((found.bytes, found.content_type), (file.content.as_bytes(), file.content_type));
            assert!(found.cache_control.contains("immutable"));
        }
    }

    #[test]
    fn another_version_gets_the_present_content_for_now() {
        let found = asset("/pay/assets/pay-0000000000000000.css").unwrap();
        assert_eq!((found.bytes, found.cache_control), (STYLE.content.as_bytes(), "no-cache"));
    }

    #[test]
    fn nothing_else_is_there() {
        for path in ["/pay/assets/", "/pay/assets/pay-.css", "/pay/assets/../pay.css", "/pay/x", "pay.css"] {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    /// The tables of FNV's authors.
    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
