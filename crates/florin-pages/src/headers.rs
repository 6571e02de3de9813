//! The headers of every page.

/// What a page may load and do: its own stylesheet, script, images and live status, and forms to its own address.
/// Nothing inline, nothing of another origin, and no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What the browser must not offer to the page. Copying is allowed.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
                           microphone=(), midi=(), payment=(), usb=(), clipboard-read=(), clipboard-write=(self)";

/// The headers that every page carries, names in lower case. The address of a page is a secret: no cache keeps it, and
/// it is not passed on to where a link leads.
#[must_use]
pub const fn security_headers() -> &'static [(&'static str, &'static str)] {
    &[
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", POLICY),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("permissions-policy", PERMISSIONS),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "noindex, nofollow"),
        ("vary", "accept-language"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inline_and_nothing_of_others_is_allowed() {
        assert!(!POLICY.contains("unsafe") && !POLICY.contains("http") && !POLICY.contains('*'));
        assert!(POLICY.starts_with("default-src 'none'") && POLICY.contains("frame-ancestors 'none'"));
        let is_one_line = |text: &str| !text.contains(['\n', '\r']) && !text.contains("  ");
        assert!(security_headers().iter().all(|(name, value)| is_one_line(value) && is_one_line(name)));
    }
}
