//! The languages of the pages, and how one is chosen.

/// A language that the pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, which everybody gets who asks for none of these.
    #[default]
    English,
    /// German.
    German,
    /// Polish.
    Polish,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Italian.
    Italian,
}

/// The weight of a language that is named without one; weights have three digits after the point.
const FULL_WEIGHT: u16 = 1000;

impl Language {
    /// All, in the order of the switch.
    pub const ALL: [Self; 6] =
        [Self::English, Self::German, Self::Polish, Self::French, Self::Spanish, Self::Italian];

    /// The code of ISO 639, as `lang` attributes and `?lang=` have it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Polish => "pl",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Italian => "it",
        }
    }

    /// The name in the language itself.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Polish => "Polski",
            Self::French => "Français",
            Self::Spanish => "Español",
            Self::Italian => "Italiano",
        }
    }

    /// The language of a code or a tag: `de`, `de-AT`, `DE_at`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let code = tag.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(code))
    }

    /// The language of a page: what `?lang=` says, else the best of `Accept-Language` (RFC 9110, 12.5.4), else
    /// English. Of two with the same weight it is the one named first.
    #[must_use]
    pub fn choose(parameter: Option<&str>, accept_language: Option<&str>) -> Self {
        if let Some(language) = parameter.and_then(Self::of_tag) {
            return language;
        }
        let mut best = (0, Self::default());
        for range in accept_language.unwrap_or_default().split(',') {
            let mut parts = range.split(';');
            let Some(language) = parts.next().and_then(Self::of_tag) else { continue };
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(FULL_WEIGHT, weight);
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// `1`, `0.8` or `0.855` in thousandths; 0, which means "not this one", for what is no weight.
fn weight(text: &str) -> u16 {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if fraction.len() > 3 {
        return 0;
    }
    match (whole, format!("{fraction:0<3}").parse()) {
        ("0", Ok(thousandths)) => thousandths,
        ("1", Ok(0)) => FULL_WEIGHT,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_comes_before_the_header() {
        assert_eq!(Language::choose(Some("pl"), Some("de")), Language::Polish);
        assert_eq!(Language::choose(Some("xx"), Some("de")), Language::German);
        assert_eq!(Language::choose(None, None), Language::English);
    }

    #[test]
    fn the_header_is_read_with_its_weights() {
        for (header, expected) in [
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("ja, fr;q=0.3, it;q=0.31", Language::Italian),
            ("es;q=0, en;q=0.1", Language::English),
            ("es;q=0", Language::English),
            ("PL", Language::Polish),
            ("fr;q=1.0,de", Language::French),
            ("it;q=nonsense, es;q=0.001", Language::Spanish),
            ("*", Language::English),
            ("den, deu", Language::English),
            ("es; q=0.4 , fr ;q=0.5", Language::French),
            ("", Language::English),
        ] {
            assert_eq!(Language::choose(None, Some(header)), expected, "{header}");
        }
    }
}
