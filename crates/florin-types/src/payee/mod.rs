//! Name comparison for SEPA: the first-party check of incoming payments, and Verification of Payee.
//!
//! [`compare_person`] and [`compare_company`] compare a name that somebody wrote with the name of an account and give
//! one of the four results of the EPC's Verification of Payee scheme. [`is_first_party`] says whether the sender of
//! an incoming payment is the user.
//!
//! # What is always the same
//!
//! - Upper and lower case.
//! - Accents, in every spelling that is in use: Müller, Mueller and Muller; Łukasz and Lukasz; Ørsted, Oersted and
//!   Orsted. Two family names that are both written without umlauts are the same too (Mueller and Muller); two given
//!   names are only close, since they can be two (Michael and Michal).
//! - Scripts. Greek is read as passports, letter by letter and as older papers write it. Cyrillic is read as in the
//!   passports of Ukraine, Belarus, Bulgaria and Russia, in English, in Serbian and in Polish. Other scripts have one
//!   spelling. A name is not translated: Олександр is Oleksandr, not Alexander.
//! - Spaces, hyphens and apostrophes: Anne-Marie and Annemarie, O'Connor and O Connor, McDonald and Mc Donald, de la
//!   Cruz and Delacruz.
//! - Punctuation, control characters, and characters without width or that turn the direction of text.
//!
//! # Persons
//!
//! **Match** means that every word is the same, but for:
//!
//! - The order of given and family names: "Jan Nowak", "Nowak Jan", "NOWAK, JAN".
//! - Titles and degrees that only one side has: Mr, Mrs, Dr, Prof., Herr, Frau, Pan, Pani, Mag., Ing., MSc.
//!
//! **Close match** means that a given name and a family name are the same, and that one or more of these hold:
//!
//! - A given or family name is missing on one side. The given name may have two words more than the account's name.
//! - Initials stand for given names, and the family name is complete: "J. Nowak", "JP Nowak".
//! - One word of at least five letters has a typing error: a letter more, less or other, or two letters swapped.
//! - Particles are missing or differ: "Berg" for "van der Berg".
//! - Jr, Sr, II or III is on one side only.
//! - Two given names, or two family names, come in another order: "Maria José" and "José María" are two persons.
//! - The name lists two persons, one of whom is the account's holder: "Jan Nowak und Anna Nowak", "Jan und Anna
//!   Nowak". The payer means one of the two, but the account is not a joint one, so the payer should see whose it is.
//!
//! **No match** is everything else, such as:
//!
//! - Each side has a name that the other lacks: "Jan Piotr Nowak" and "Jan Marek Nowak".
//! - Only the given name or only the family name is there, or the family name is an initial.
//! - Jr on one side and Sr on the other.
//! - A company, an estate, a foundation, a guardian or a firm is named: "Jan Nowak GmbH", "Jan Nowak S.A.", "Erben Jan
//!   Nowak", "Jan Nowak i Synowie", "Jan Nowak Consulting". Words that say what a firm does are known as far as they
//!   are no names.
//!
//! A short form (Bob for Robert) is another name.
//!
//! # Companies
//!
//! **Match** means the same name and the same legal form. Forms are the same in every notation: "Sp. z o.o." and
//! "Spółka z ograniczoną odpowiedzialnością", "Ltd" and "Limited". "&", "and", "und", "et" and "i" are the same.
//! "Firma" and "The" in front are left out.
//!
//! **Close match** means that the name is the same but its form is another or missing, that the words come in
//! another order, that one long word has a typing error, that an "and" is missing, or that one word is missing while
//! at least two are the same. A number or a word of one or two letters must not be missing: "Alfa Invest 2" is
//! another company than "Alfa Invest".
//!
//! # Not possible
//!
//! A name without a letter or digit, one of more than 280 characters and one of more than 24 words cannot be
//! compared. A name in a SEPA message has at most 140 characters.
//!
//! # The first-party check
//!
//! An incoming payment is the user's own if the sender's name is a match. It is also accepted in these cases, because
//! banks shorten and extend names, and none of them puts another person's first name in the place of the user's:
//!
//! - A second given name is missing, or there is one more. The user's first given name must be there, and must be the
//!   first: neither "Peter Nowak" nor "Peter Jan Nowak" is accepted for Jan Peter Nowak.
//! - Initials stand for given names, and the family name is complete. A brother or sister with the same initial is
//!   accepted then; a bank that writes initials leaves no way to tell.
//! - Part of a double family name is missing, or there is one part more.
//! - A particle, or Jr, Sr, II or III, is missing on one side.
//! - The sender's account has two holders and one is named exactly as the user: it is the user's account too.
//!
//! A typing error is never accepted: it would take Maria for Mario. Banks do not type the name for each payment.

mod company;
mod fold;
mod lists;
mod person;
mod spelling;
#[cfg(test)]
mod tests;

/// The result of comparing two names, as the Verification of Payee scheme has it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The names are the same.
    Match,
    /// The names are nearly the same. The payer is shown the name of the account.
    CloseMatch,
    /// The names differ.
    NoMatch,
    /// One of the names cannot be compared: it is empty, without letters, or too long.
    NotPossible,
}

/// Compares a name with that of a person.
#[must_use]
pub fn compare_person(given: &str, first_names: &str, last_names: &str) -> Comparison {
    person::compare(given, first_names, last_names).comparison
}

/// Compares a name with that of a company.
#[must_use]
pub fn compare_company(given: &str, name: &str) -> Comparison {
    company::compare(given, name)
}

/// Whether the sender of an incoming payment is the user: a match, or a close match of the kinds listed above.
#[must_use]
pub fn is_first_party(given: &str, first_names: &str, last_names: &str) -> bool {
    person::compare(given, first_names, last_names).is_own
}
