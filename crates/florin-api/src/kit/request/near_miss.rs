//! Names that were probably meant otherwise. Leaving a field out has a meaning in this API (a transfer without a source
//! is paid by the master balance), so a misspelt field must not count as an absent one.

/// Letters from which on a known name's beginning or end counts as a near miss: `userId` for `externalUserId`, `mail`
/// for `email`. Shorter ends are words of their own (`id`, `to`).
const SHORTEST_PART: usize = 4;

/// Known names, ready to be compared with many unknown ones.
pub struct Names<'k>(Vec<(&'k str, Vec<char>)>);

impl<'k> Names<'k> {
    /// These names.
    pub fn of(known: impl IntoIterator<Item = &'k str>) -> Self {
        Self(known.into_iter().map(|name| (name, folded(name))).collect())
    }

    /// The known name that an unknown one was probably meant to be: it differs only by letter case, `_` or `-`, by a
    /// single edit, or is the known name's beginning or end.
    pub fn meant(&self, unknown: &str) -> Option<&'k str> {
        let unknown = folded(unknown);
        self.0.iter().find(|(_, known)| is_near(&unknown, known)).map(|(name, _)| *name)
    }
}

/// The same of one unknown name.
pub fn meant<'k>(unknown: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    Names::of(known).meant(unknown)
}

fn folded(name: &str) -> Vec<char> {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

fn is_near(unknown: &[char], known: &[char]) -> bool {
    // Every other letter is one edit away from a name of one letter, such as `*`.
    if known.len() < 2 {
        return unknown == known;
    }
    let is_part = unknown.len() >= SHORTEST_PART && (known.starts_with(unknown) || known.ends_with(unknown));
    is_part || is_one_edit(unknown, known)
}

/// Whether one letter added, left out, replaced, or two neighbours exchanged make one of the other, or nothing does.
fn is_one_edit(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (short, long) = (&short[same..], &long[same..]);
    match (short, long) {
        ([], [] | [_]) => true,
        ([_, rest_of_short @ ..], [_, rest_of_long @ ..]) if short.len() == long.len() => {
            let is_exchanged = short.len() >= 2 && short[0] == long[1] && short[1] == long[0];
            rest_of_short == rest_of_long || (is_exchanged && short[2..] == long[2..])
        }
        _ => long.len() == short.len() + 1 && &long[1..] == short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelling_is_found() {
        for (unknown, known) in [
            ("sourceExternalUserID", "sourceExternalUserId"),
            ("source_external_user_id", "sourceExternalUserId"),
            ("source-external-user-id", "sourceExternalUserId"),
            ("SOURCEEXTERNALUSERID", "sourceExternalUserId"),
            ("sourceExternalUserIds", "sourceExternalUserId"),
            ("sorceExternalUserId", "sourceExternalUserId"),
            ("soruceExternalUserId", "sourceExternalUserId"),
            ("sourceExternelUserId", "sourceExternalUserId"),
            ("userId", "externalUserId"),
            ("external", "externalUserId"),
            ("mail", "email"),
            ("frontId", "front_id"),
            ("emial", "email"),
            ("amnt", "amont"),
        ] {
            assert_eq!(meant(unknown, ["currency", known]), Some(known), "{unknown}");
        }
    }

    #[test]
    fn another_word_is_not() {
        for (unknown, known) in [
            ("page", "limit"),
            ("offset", "cursor"),
            ("id", "externalUserId"),
            ("note", "reference"),
            ("ext", "externalUserId"),
            ("", "amount"),
            ("amounts2", "amount"),
            ("abcd", "badc"),
            ("x", "*"),
            ("", "*"),
        ] {
            assert_eq!(meant(unknown, [known]), None, "{unknown}");
        }
    }
}
