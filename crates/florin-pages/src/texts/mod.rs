//! The texts of the pages: one file per language.
//!
//! A language is one [`Texts`], so the compiler finds a text that is missing and one that no page uses. Placeholders
//! stand in braces, as in `{amount}`; a test holds each text's placeholders against those of the English one.

mod de;
mod en;
mod es;
mod fr;
mod it;
mod pl;

use crate::Language;

macro_rules! texts {
    ($($(#[$about:meta])* $key:ident),+ $(,)?) => {
        /// Every text in one language.
        pub(crate) struct Texts {
            $($(#[$about])* pub $key: &'static str,)+
            /// The months as they stand in a date.
            pub months: [&'static str; 12],
        }

        #[cfg(test)]
        impl Texts {
            /// Key and text of all that is text.
            pub fn entries(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($key), self.$key)),+]
            }
        }
    };
}

texts! {
    /// A date with its time: `{day}`, `{month}`, `{year}`, `{time}`.
    date_and_time,

    skip_to_content,
    language,
    test_mode,
    page_title,
    pay_to,
    order_label,
    amount_label,
    to_pay_label,
    progress,
    step_choose,
    step_pay,
    step_confirm,
    keep_private,
    back_to,
    refresh_now,
    reloads,
    updates_by_itself,
    copy,
    copied,

    choose_title,
    choose_lead,
    choose_on,
    choose_rate,
    choose_prices_move,
    choose_refresh,
    choose_none_title,
    choose_none,
    valid_until,

    pay_title,
    pay_lead,
    pay_only,
    pay_fee,
    pay_waiting,
    pay_open_wallet,
    pay_change,
    time_left,
    qr_alt,
    address_label,
    copy_address,
    copy_amount,
    send_label,

    seen_title,
    seen_lead,
    confirmations,

    underpaid_title,
    underpaid_lead,
    required_label,
    received_label,
    missing_label,

    paid_title,
    paid_lead,
    receipt,
    receipt_for,
    receipt_paid_with,
    receipt_date,
    transactions,
    confirmed,
    print,
    over_note,
    late_note,

    expired_title,
    expired_lead,
    expired_again,
    expired_again_button,
    expired_for_good,
    expired_sent,
    expired_received,

    cancelled_title,
    cancelled_lead,

    unknown_title,
    unknown_lead,
    error_title,
    error_lead,
    try_again,
}

impl Language {
    /// The texts of this language.
    pub(crate) const fn texts(self) -> &'static Texts {
        match self {
            Self::English => &en::TEXTS,
            Self::German => &de::TEXTS,
            Self::Polish => &pl::TEXTS,
            Self::French => &fr::TEXTS,
            Self::Spanish => &es::TEXTS,
            Self::Italian => &it::TEXTS,
        }
    }
}

/// Puts values where their names stand in braces. A value is not looked at again, so braces in it stay.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        filled.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders(text: &str) -> Vec<&str> {
        let mut found: Vec<_> = text
            .split('{')
            .skip(1)
            .map(|part| part.split_once('}').map_or("unclosed", |(name, _)| name))
            .collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn every_language_has_every_text_with_the_same_placeholders() {
        let english = Language::English.texts();
        for language in Language::ALL {
            for ((key, text), (_, reference)) in language.texts().entries().iter().zip(english.entries()) {
                assert!(!text.trim().is_empty() && text.trim() == *text, "{language:?}: {key}");
                assert_eq!(placeholders(text), placeholders(reference), "{language:?}: {key}");
            }
            assert!(language.texts().months.iter().all(|month| !month.is_empty()));
        }
    }

    #[test]
    fn no_text_was_left_in_english() {
        // Words that are the same in two languages.
        let same = |key: &str| {
            ["date_and_time", "page_title", "transactions", "choose_rate", "step_confirm"].contains(&key)
        };
        let english = Language::English.texts();
        for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
            for ((key, text), (_, reference)) in language.texts().entries().iter().zip(english.entries()) {
                assert!(*text != reference || same(key), "{language:?}: {key}");
            }
        }
    }

    #[test]
    fn a_value_is_put_in_once_and_not_read_again() {
        assert_eq!(fill("{a} to {b}.", &[("a", "{b}"), ("b", "x")]), "{b} to x.");
        assert_eq!(fill("plain", &[]), "plain");
    }
}
