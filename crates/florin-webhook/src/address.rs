//! Where messages may go. A sandbox for its own developers sends anywhere. Otherwise messages go only to addresses that
//! everybody can reach, and in live only over TLS: who could make us call an address of our own network would be inside
//! it (server-side request forgery).

use crate::names::Resolver;
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// The longest base URL: what every server and proxy takes.
const MAX_URL_LENGTH: usize = 2_048;

/// The longest path of an event type: sixteen times the longest default, so that a key of the partner's own fits in.
const MAX_PATH_LENGTH: usize = 512;

/// What stands in a path beside letters and digits (RFC 3986, section 3.3).
const PATH_MARKS: &[u8] = b"/-._~%!$&'()*+,;=:@";

/// IPv4 that is not for everybody: the IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates), multicast
/// (RFC 5771) and what is reserved. First address and length of the prefix.
const IPV4_SPECIAL: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The IPv6 addresses that are given out at all (RFC 4291, section 2.4).
const IPV6_GLOBAL: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Of those, what is not for everybody, or holds another address that we would have to judge (IANA IPv6
/// Special-Purpose Address Registry): protocol assignments with Teredo, documentation, 6to4, AS112.
const IPV6_SPECIAL: &[(Ipv6Addr, u8)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Why a message can't go somewhere; continues a sentence that began with its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No URL, or one of another kind.
    #[error("must be a URL such as https://example.com/florin")]
    Malformed,
    /// Another scheme.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// Without TLS in live.
    #[error("must begin with https://")]
    NotSecure,
    /// With what a base can't have.
    #[error("can have no user name, password, query or fragment")]
    NotBare,
    /// Too long.
    #[error("can have at most {0} bytes")]
    TooLong(usize),
    /// No path.
    #[error("must begin with / and be a plain path")]
    Path,
    /// An address of a network that is not for everybody.
    #[error("must not lead to an address that is not public")]
    NotPublic,
    /// A name that must have public addresses only. One error for a name without an address and for one with an inner
    /// address: two would tell strangers which names our network has.
    #[error("has a host that does not resolve to public addresses only")]
    NoPublicName,
    /// The name has no address.
    #[error("has a host that could not be resolved")]
    Unresolved,
}

/// The base URL of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads one: `http` or `https`, a host, a port and a path at most.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_URL_LENGTH {
            return Err(AddressError::TooLong(MAX_URL_LENGTH));
        }
        if text.trim() != text || text.chars().any(char::is_control) {
            return Err(AddressError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| AddressError::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(AddressError::Scheme);
        }
        let has_more = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if has_more {
            return Err(AddressError::NotBare);
        }
        // What is kept, and read again, is the parser's spelling: there a letter beyond ASCII takes six bytes or more.
        if url.as_str().len() > MAX_URL_LENGTH {
            return Err(AddressError::TooLong(MAX_URL_LENGTH));
        }
        match url.host_str() {
            Some(host) if !host.is_empty() => Ok(Self(url)),
            _ => Err(AddressError::Malformed),
        }
    }

    /// Itself, as it is kept and shown: without a slash at the end.
    #[must_use]
    pub fn url(&self) -> Url {
        let mut url = self.0.clone();
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        url
    }

    /// With an event's path added.
    #[must_use]
    pub fn join(&self, path: &EventPath) -> Url {
        let mut url = self.0.clone();
        let joined = format!("{}{}", self.0.path().trim_end_matches('/'), path.as_str());
        url.set_path(&joined);
        url
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Where an event type goes, below the base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPath(String);

impl EventPath {
    /// Reads one: it begins with `/`, and has neither query, fragment nor steps upwards.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_PATH_LENGTH {
            return Err(AddressError::TooLong(MAX_PATH_LENGTH));
        }
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || PATH_MARKS.contains(&byte));
        match text.starts_with('/') && is_plain && is_encoded(text) && stays(text) && !text.contains("//") {
            true => Ok(Self(text.to_owned())),
            false => Err(AddressError::Path),
        }
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether two hexadecimal digits follow every `%`.
fn is_encoded(path: &str) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    path.split('%').skip(1).all(|rest| is_hex(rest.as_bytes().first()) && is_hex(rest.as_bytes().get(1)))
}

/// Whether the parser leaves a path as it is. It takes `..` as a step upwards, `%2e%2E` too.
fn stays(path: &str) -> bool {
    Url::parse(&format!("https://localhost{path}")).is_ok_and(|url| url.path() == path)
}

/// Which addresses are allowed.
#[derive(Clone, Debug)]
pub struct Guard {
    is_open: bool,
    needs_tls: bool,
    allowed: Vec<IpNet>,
}

impl Guard {
    /// Everything: a sandbox, whose partner's server is on the same machine.
    #[must_use]
    pub fn open() -> Self {
        Self { is_open: true, needs_tls: false, allowed: Vec::new() }
    }

    /// Public addresses, and the networks that the operator allows besides.
    #[must_use]
    pub fn public(allowed: Vec<IpNet>) -> Self {
        Self { is_open: false, needs_tls: false, allowed }
    }

    /// The same, over TLS alone.
    #[must_use]
    pub fn public_only(allowed: Vec<IpNet>) -> Self {
        Self { needs_tls: true, ..Self::public(allowed) }
    }

    /// Whether names have to be resolved to be judged.
    pub(crate) fn is_strict(&self) -> bool {
        !self.is_open
    }

    /// Whether messages may go to this URL at all, as far as it can be told without resolving its host.
    pub(crate) fn check_url(&self, url: &Url) -> Result<(), AddressError> {
        if self.is_open {
            return Ok(());
        }
        if self.needs_tls && url.scheme() != "https" {
            return Err(AddressError::NotSecure);
        }
        // The parser has read every spelling of an address: octal, hexadecimal, in one number.
        match url.host() {
            Some(Host::Ipv4(ip)) => self.check(ip.into()),
            Some(Host::Ipv6(ip)) => self.check(ip.into()),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(AddressError::Malformed),
        }
    }

    /// Whether an address is allowed.
    pub(crate) fn check(&self, ip: IpAddr) -> Result<(), AddressError> {
        // An IPv4 address in the form of IPv6 leads to the IPv4 address.
        let ip = ip.to_canonical();
        let is_allowed = self.is_open || is_public(ip) || self.allowed.iter().any(|net| net.contains(&ip));
        if is_allowed { Ok(()) } else { Err(AddressError::NotPublic) }
    }

    /// Addresses of a host, every one of them allowed.
    pub(crate) async fn resolve(
        &self,
        resolver: &dyn Resolver,
        host: String,
    ) -> Result<Vec<IpAddr>, AddressError> {
        let found = resolver.resolve(host).await.unwrap_or_default();
        if found.is_empty() || found.iter().any(|ip| self.check(*ip).is_err()) {
            return Err(self.not_resolved());
        }
        Ok(found)
    }

    /// What is wrong with a name that has no address, or a forbidden one.
    pub(crate) fn not_resolved(&self) -> AddressError {
        if self.is_open { AddressError::Unresolved } else { AddressError::NoPublicName }
    }
}

/// Whether an address is one that everybody can reach.
fn is_public(ip: IpAddr) -> bool {
    let is_in = |(net, length): &(IpAddr, u8)| IpNet::new(*net, *length).is_ok_and(|net| net.contains(&ip));
    match ip {
        IpAddr::V4(_) => !IPV4_SPECIAL.iter().any(|(net, length)| is_in(&((*net).into(), *length))),
        IpAddr::V6(_) => {
            is_in(&(IPV6_GLOBAL.0.into(), IPV6_GLOBAL.1))
                && !IPV6_SPECIAL.iter().any(|(net, length)| is_in(&((*net).into(), *length)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "\
        0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 \
        127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 \
        192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 \
        239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 \
        ::ffff:169.254.169.254 ::127.0.0.1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1 \
        2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1 \
        4000::1";

    const PASSING: &str = "\
        1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 \
        128.0.0.1 169.253.0.1 172.15.255.255 172.32.0.0 192.167.0.1 198.17.0.1 198.20.0.1 \
        223.255.255.255 ::ffff:8.8.8.8 2606:4700:4700::1111 2a00:1450::1 2001:4860:4860::8888";

    #[test]
    fn only_public_addresses_pass() {
        let guard = Guard::public_only(Vec::new());
        for text in REFUSED.split_whitespace() {
            assert_eq!(guard.check(text.parse().unwrap()), Err(AddressError::NotPublic), "{text}");
            assert_eq!(Guard::open().check(text.parse().unwrap()), Ok(()), "{text}");
        }
        for text in PASSING.split_whitespace() {
            assert_eq!(guard.check(text.parse().unwrap()), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_operator_may_allow_a_network() {
        let guard = Guard::public_only(vec!["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        for (text, passes) in
            [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("10.2.0.1", false), ("fd00::1", true)]
        {
            assert_eq!(guard.check(text.parse().unwrap()).is_ok(), passes, "{text}");
        }
    }

    #[test]
    fn every_spelling_of_a_literal_is_the_address_that_it_means() {
        let guard = Guard::public_only(Vec::new());
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0x7f.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "10.0.0.1.",
            "169.254.169.254",
            "[fe80::1]",
            "１２７.0.0.1",
        ] {
            let url = BaseUrl::parse(&format!("https://{host}/x")).unwrap();
            assert_eq!(guard.check_url(&url.0), Err(AddressError::NotPublic), "{host}");
        }
        let url = |text: &str| BaseUrl::parse(text).unwrap().0;
        assert_eq!(guard.check_url(&url("http://example.com")), Err(AddressError::NotSecure));
        assert_eq!(guard.check_url(&url("https://8.8.8.8")), Ok(()));
        assert_eq!(Guard::open().check_url(&url("http://127.0.0.1:3000")), Ok(()));
        let sandbox = Guard::public(Vec::new());
        assert_eq!(sandbox.check_url(&url("http://8.8.8.8")), Ok(()));
        assert_eq!(sandbox.check_url(&url("http://127.0.0.1:3000")), Err(AddressError::NotPublic));
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for (text, error) in [
            ("", AddressError::Malformed),
            ("example.com", AddressError::Malformed),
            ("https://", AddressError::Malformed),
            (" https://a.b", AddressError::Malformed),
            ("https://a.b\n", AddressError::Malformed),
            ("ftp://a.b", AddressError::Scheme),
            ("file:///etc/passwd", AddressError::Scheme),
            ("https://u:p@a.b", AddressError::NotBare),
            ("https://a.b?x", AddressError::NotBare),
            ("https://a.b#x", AddressError::NotBare),
            (&format!("https://a.b/{}", "x".repeat(2_048)), AddressError::TooLong(2_048)),
            (&format!("https://a.b/{}", "é".repeat(1_000)), AddressError::TooLong(2_048)),
        ] {
            assert_eq!(BaseUrl::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn paths_are_added_to_the_base() {
        let path = EventPath::parse("/webhook/user/status").unwrap();
        for (base, joined) in [
            ("https://a.b", "https://a.b/webhook/user/status"),
            ("https://a.b/", "https://a.b/webhook/user/status"),
            ("http://a.b:81/x/y", "http://a.b:81/x/y/webhook/user/status"),
            ("http://a.b/x/", "http://a.b/x/webhook/user/status"),
        ] {
            assert_eq!(BaseUrl::parse(base).unwrap().join(&path).as_str(), joined);
        }
    }

    #[test]
    fn what_is_kept_of_a_base_is_read_as_the_same() {
        let umlauts = format!("https://a.b/{}", "é".repeat(300));
        for text in
            ["https://a.b", "HTTP://A.B:80/x/", "https://bücher.example//", "http://[::1]:3000", &umlauts]
        {
            let base = BaseUrl::parse(text).unwrap();
            let kept = base.to_string();
            assert!(!kept.ends_with('/'), "{kept}");
            assert_eq!(base.url().as_str().trim_end_matches('/'), kept);
            let path = EventPath::parse("/p").unwrap();
            assert_eq!(BaseUrl::parse(&kept).unwrap().join(&path), base.join(&path), "{text}");
        }
    }

    #[test]
    fn a_path_stays_below_its_base() {
        let base = BaseUrl::parse("https://a.b/x/y").unwrap();
        for text in ["/", "/a", "/a/", "/a%20b/%C3%A9", "/a;v=1/(b)", "/..a/b..", "/a:b@c/~d"] {
            let path = EventPath::parse(text).unwrap();
            assert_eq!(base.join(&path).as_str(), format!("https://a.b/x/y{text}"));
        }
        for wrong in [
            "",
            "x",
            "/a/../b",
            "/..",
            "/.",
            "/%2e%2E/a",
            "/a/.%2e",
            "/%2e",
            "//a",
            "/a//b",
            "/a?b",
            "/a#b",
            "/a b",
            "/é",
            "/a\\b",
            "/%",
            "/%4",
            "/%zz",
            "/%é0",
            "/a|b",
            "/a\n",
            "https://a.b",
        ] {
            assert_eq!(EventPath::parse(wrong), Err(AddressError::Path), "{wrong}");
        }
        assert_eq!(EventPath::parse(&"/x".repeat(257)), Err(AddressError::TooLong(512)));
    }
}
