//! Names that were probably meant otherwise. Leaving a field out has a meaning in this API (a transfer without a source
//! is paid by the master balance), so a misspelt field must not count as an absent one. Nor must one that goes by
//! another word: `from` or `senderId` for the source.

/// Letters from which on a known name's beginning or end counts as a near miss: `userId` for `externalUserId`, `mail`
/// for `email`. Shorter ends are words of their own (`id`, `to`).
const SHORTEST_PART: usize = 4;

/// Letters from which on another word may be misspelt by one: among shorter ones that is a third word (`form`, `from`).
const SHORTEST_MISSPELT: usize = 6;

/// What the names of a party's id are made of, besides the word for the party: `fromUserId`, `sender_account`.
const OF_A_PARTY: [&str; 8] = ["external", "user", "customer", "client", "account", "party", "uuid", "id"];

/// Longest name that is taken apart into such pieces: the longest that makes sense has 30 letters.
const LONGEST_PARTY: usize = 40;

/// A known name, and other words by which clients call what it names.
pub type Known<'k> = (&'k str, &'k [&'k str]);

/// Known names, ready to be compared with many unknown ones.
pub struct Names<'k>(Vec<(Known<'k>, Vec<char>)>);

impl<'k> Names<'k> {
    /// These names.
    pub fn of(known: impl IntoIterator<Item = Known<'k>>) -> Self {
        Self(known.into_iter().map(|known| (known, folded(known.0))).collect())
    }

    /// The known name that an unknown one was probably meant to be: it differs only by letter case, `_` or `-`, by a
    /// single edit, or is the known name's beginning or end; or it is one of the known name's other words, alone or as
    /// the name of a party's id.
    pub fn meant(&self, unknown: &str) -> Option<&'k str> {
        let unknown = folded(unknown);
        let near = self.0.iter().find(|(_, known)| is_near(&unknown, known));
        let found = near.or_else(|| {
            let parties = parties(&unknown);
            self.0.iter().find(|((_, words), _)| {
                words.iter().any(|word| parties.iter().any(|party| is_word(party, word)))
            })
        });
        found.map(|((name, _), _)| *name)
    }
}

/// A folded name, and what is left of it without pieces of [`OF_A_PARTY`] at its ends.
fn parties(unknown: &[char]) -> Vec<String> {
    if unknown.len() > LONGEST_PARTY {
        return Vec::new();
    }
    let without = |name: &str, strip: fn(&str, &str) -> Option<String>| {
        OF_A_PARTY.iter().find_map(|piece| strip(name, piece)).filter(|rest| !rest.is_empty())
    };
    let end = |name: &str, piece: &str| name.strip_suffix(piece).map(str::to_owned);
    let start = |name: &str, piece: &str| name.strip_prefix(piece).map(str::to_owned);
    let ends = std::iter::successors(Some(unknown.iter().collect::<String>()), |name| without(name, end));
    ends.flat_map(|name| std::iter::successors(Some(name), |name| without(name, start))).collect()
}

fn is_word(party: &str, word: &str) -> bool {
    let letters = |text: &str| text.chars().collect::<Vec<char>>();
    party == word || word.len() >= SHORTEST_MISSPELT && is_one_edit(&letters(party), &letters(word))
}

/// The same of one unknown name.
pub fn meant<'k>(unknown: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    Names::of(known.into_iter().map(|name| (name, &[][..]))).meant(unknown)
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
    #[test]
    fn another_word_for_the_same_is_found() {
        let known: [Known<'_>; 2] =
            [("payerId", &["source", "from", "sender"]), ("payeeId", &["to", "receiver"])];
        let names = Names::of(known);
        for unknown in
            ["from", "fromUser", "FROM_USER_ID", "sender", "senderId", "sendr", "sourceUuid", "userFrom"]
        {
            assert_eq!(names.meant(unknown), Some("payerId"), "{unknown}");
        }
        for unknown in ["to", "toAccount", "to-customer-id", "externalReceiverId", "reciever"] {
            assert_eq!(names.meant(unknown), Some("payeeId"), "{unknown}");
        }
        let long = "user".repeat(20_000);
        for unknown in
            ["fromDate", "form", "top", "tag", "total", "senderName", "sourceOfFunds", "id", "user", &long]
        {
            assert_eq!(names.meant(unknown), None, "{unknown}");
        }
    }
}
