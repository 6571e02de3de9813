//! Persons and companies as the platform knows them, and as IVMS 101 writes them.

use crate::debug_without_content;
use crate::ivms101::{
    self, Address, AddressTypeCode, DateAndPlaceOfBirth, LegalPerson, LegalPersonName, LegalPersonNameId,
    LegalPersonNameTypeCode, LocalNaturalPersonNameId, NationalIdentification, NationalIdentifierTypeCode,
    NaturalPerson, NaturalPersonName, NaturalPersonNameId, NaturalPersonNameTypeCode, PayloadMetadata,
    PayloadVersionCode, PersonKind, TransliterationMethodCode, limits,
};
use florin_types::{Country, Date, sepa_text};
use thiserror::Error;

/// Stands where a text must be and none of its characters has a Latin form.
const UNWRITABLE: &str = "?";

/// The GLEIF's code for an authority that is not on its list: tax offices are not, for the list has registers of
/// companies.
const AUTHORITY_NOT_LISTED: &str = "RA888888";

/// How the seven address lines are shared if a part does not fit its own element: characters of street and number
/// (four lines), of the town (two) and of the postal code (one).
const STREET_CHARACTERS: usize = 4 * limits::MAX_70;
const TOWN_CHARACTERS: usize = 2 * limits::MAX_70;
const POST_CODE_CHARACTERS: usize = limits::MAX_70;

/// A customer of the platform: a user, or a partner.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// What identifies the customer here. By itself it meets C1 and C4.
    pub customer_id: String,
    /// Who it is.
    pub identity: Identity,
}

/// A human being or a company.
#[derive(Clone, PartialEq, Eq)]
pub enum Identity {
    /// A human being.
    Person(Person),
    /// A company.
    Company(Company),
}

/// A human being.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Given names. May be empty.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Home.
    pub address: Option<PostalAddress>,
    /// Birth.
    pub birth: Option<Birth>,
    /// A document.
    pub national_id: Option<NationalId>,
}

/// When and where a human being was born.
#[derive(Clone, PartialEq, Eq)]
pub struct Birth {
    /// The day.
    pub date: Date,
    /// The country. None is written as `XX`, the standard's code of an unknown country: a place is mandatory.
    pub country: Option<Country>,
}

/// A document's number.
#[derive(Clone, PartialEq, Eq)]
pub struct NationalId {
    /// The number.
    pub number: String,
    /// The kind of document.
    pub kind: NationalIdentifierTypeCode,
    /// Who issued it.
    pub country: Option<Country>,
}

/// A company.
#[derive(Clone, PartialEq, Eq)]
pub struct Company {
    /// The legal name.
    pub name: String,
    /// Seat.
    pub address: Option<PostalAddress>,
    /// An identifier.
    pub id: Option<CompanyId>,
    /// Where it is registered.
    pub country: Option<Country>,
}

/// An identifier of a company.
#[derive(Clone, PartialEq, Eq)]
pub enum CompanyId {
    /// A Legal Entity Identifier.
    Lei(Lei),
    /// A tax number, such as that of the value added tax.
    Tax(String),
}

/// An address.
#[derive(Clone, PartialEq, Eq)]
pub struct PostalAddress {
    /// The street, with the number where that is not known by itself.
    pub street: String,
    /// The house number.
    pub number: Option<String>,
    /// The town.
    pub city: String,
    /// The postal code.
    pub post_code: Option<String>,
    /// The country.
    pub country: Country,
}

debug_without_content!(Party, Identity, Person, Birth, NationalId, Company, CompanyId, PostalAddress);

/// A Legal Entity Identifier (ISO 17442): 18 digits or upper-case letters, and two check digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lei(String);

/// A text that is no [`Lei`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
#[error("must be a Legal Entity Identifier: 20 digits and upper-case letters, the last two its check digits")]
pub struct LeiError;

impl Lei {
    /// Reads an identifier.
    ///
    /// # Errors
    /// It has another form, or its check digits are wrong.
    pub fn parse(text: &str) -> Result<Self, LeiError> {
        if !limits::has_lei_form(text) {
            return Err(LeiError);
        }
        // ISO 7064, modulo 97-10: each letter is two digits, A = 10 to Z = 35, and the rest of the whole is 1.
        let rest = text.chars().filter_map(|character| character.to_digit(36));
        let rest = rest.fold(0, |rest, value| (rest * if value > 9 { 100 } else { 10 } + value) % 97);
        if rest == 1 { Ok(Self(text.to_owned())) } else { Err(LeiError) }
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Writes persons of one payload, and remembers whether it has transliterated.
#[derive(Default)]
pub(crate) struct Writer {
    transliterated: bool,
}

impl Writer {
    /// What the payload says about itself.
    ///
    /// Texts are not transliterated by the ISO standards that the other codes stand for, so the code is `othr`. It is
    /// for other scripts only: Latin letters with marks are no other script.
    pub fn metadata(&self) -> PayloadMetadata {
        let method = self.transliterated.then_some(TransliterationMethodCode::Othr);
        PayloadMetadata {
            transliteration_method: method.into_iter().collect(),
            payload_version: PayloadVersionCode::V2023,
        }
    }

    /// A customer, with the addresses that take part.
    pub fn party(&mut self, party: &Party, accounts: &[&str]) -> ivms101::Person {
        let id = Some(party.customer_id.as_str());
        match &party.identity {
            Identity::Person(person) => self.person(person, id, accounts),
            Identity::Company(company) => self.company(company, id, accounts),
        }
    }

    /// A human being.
    pub fn person(&mut self, from: &Person, customer_id: Option<&str>, accounts: &[&str]) -> ivms101::Person {
        let national = from.national_id.as_ref().map(|id| NationalIdentification {
            national_identifier: self.latin(&id.number, limits::MAX_35),
            national_identifier_type: id.kind,
            country_of_issue: id.country.map(country_code),
            registration_authority: None,
        });
        let birth = from.birth.as_ref().map(|birth| DateAndPlaceOfBirth {
            date_of_birth: birth.date.to_string(),
            place_of_birth: match birth.country {
                Some(country) => self.latin(country.name(), limits::MAX_70),
                None => limits::UNKNOWN_COUNTRY.to_owned(),
            },
        });
        let address = from.address.as_ref();
        let natural = NaturalPerson {
            name: self.name(&from.first_name, &from.last_name),
            geographic_address: address
                .map(|one| self.address(AddressTypeCode::Home, one))
                .into_iter()
                .collect(),
            national_identification: national,
            customer_identification: customer_id.map(|id| self.latin(id, limits::MAX_50)),
            date_and_place_of_birth: birth,
            country_of_residence: address.map(|one| country_code(one.country)),
        };
        self.with_accounts(PersonKind::Natural(natural), accounts)
    }

    /// A company.
    pub fn company(
        &mut self,
        from: &Company,
        customer_id: Option<&str>,
        accounts: &[&str],
    ) -> ivms101::Person {
        let name = |text: String| LegalPersonNameId {
            legal_person_name: text,
            legal_person_name_identifier_type: LegalPersonNameTypeCode::Legl,
        };
        let national = from.id.as_ref().map(|id| match id {
            CompanyId::Lei(lei) => NationalIdentification {
                national_identifier: lei.as_str().to_owned(),
                national_identifier_type: NationalIdentifierTypeCode::Leix,
                country_of_issue: None,
                registration_authority: None,
            },
            CompanyId::Tax(number) => NationalIdentification {
                national_identifier: self.latin(number, limits::MAX_35),
                national_identifier_type: NationalIdentifierTypeCode::Txid,
                country_of_issue: None,
                registration_authority: Some(AUTHORITY_NOT_LISTED.to_owned()),
            },
        });
        let address = from.address.as_ref();
        let legal = LegalPerson {
            name: LegalPersonName {
                name_identifier: vec![name(self.latin(&from.name, limits::MAX_100))],
                local_name_identifier: local(&from.name).map(name).into_iter().collect(),
                phonetic_name_identifier: Vec::new(),
            },
            // C4 counts no other type.
            geographic_address: address
                .map(|one| self.address(AddressTypeCode::Geog, one))
                .into_iter()
                .collect(),
            customer_identification: customer_id.map(|id| self.latin(id, limits::MAX_50)),
            national_identification: national,
            country_of_registration: from.country.map(country_code),
        };
        self.with_accounts(PersonKind::Legal(legal), accounts)
    }

    fn with_accounts(&mut self, kind: PersonKind, accounts: &[&str]) -> ivms101::Person {
        let account_number = accounts.iter().map(|one| self.latin(one, limits::MAX_512)).collect();
        ivms101::Person { kind, account_number }
    }

    fn name(&mut self, first: &str, last: &str) -> NaturalPersonName {
        // Where only one name is known, it is the whole name.
        let (last, first) = if last.trim().is_empty() { (first, last) } else { (last, first) };
        let has_first = !first.trim().is_empty();
        let legal = NaturalPersonNameTypeCode::Legl;
        let local_name =
            (local(last).is_some() || local(first).is_some()).then(|| LocalNaturalPersonNameId {
                primary_identifier: one_line(last),
                secondary_identifier: has_first.then(|| one_line(first)),
                name_identifier_type: legal,
            });
        NaturalPersonName {
            name_identifier: vec![NaturalPersonNameId {
                primary_identifier: self.latin(last, limits::MAX_100),
                secondary_identifier: has_first.then(|| self.latin(first, limits::MAX_100)),
                natural_person_name_identifier_type: legal,
            }],
            local_name_identifier: local_name.into_iter().collect(),
            phonetic_name_identifier: Vec::new(),
        }
    }

    /// A part that does not fit its element is repeated as an address line, and cut in the element.
    fn address(&mut self, address_type: AddressTypeCode, from: &PostalAddress) -> Address {
        let street = self.latin(&from.street, STREET_CHARACTERS);
        let number = from.number.as_deref().filter(|number| !number.trim().is_empty());
        let number = number.map(|number| self.latin(number, STREET_CHARACTERS));
        let town = self.latin(&from.city, TOWN_CHARACTERS);
        let post_code = from.post_code.as_deref().filter(|code| !code.trim().is_empty());
        let post_code = post_code.map(|code| self.latin(code, POST_CODE_CHARACTERS));

        let mut address_line = Vec::new();
        let (mut street_name, mut building_number) = (None, None);
        match number {
            Some(number) if street.len() <= limits::MAX_70 && number.len() <= limits::MAX_16 => {
                (street_name, building_number) = (Some(street), Some(number));
            }
            Some(number) => {
                address_line.extend(lines(&cut(&format!("{street} {number}"), STREET_CHARACTERS)));
            }
            None => address_line.extend(lines(&street)),
        }
        if town.len() > limits::MAX_35 {
            address_line.extend(lines(&town));
        }
        if let Some(code) = post_code.as_ref().filter(|code| code.len() > limits::MAX_16) {
            address_line.extend(lines(code));
        }
        Address {
            address_type,
            department: None,
            sub_department: None,
            street_name,
            building_number,
            building_name: None,
            floor: None,
            post_box: None,
            room: None,
            post_code: post_code.map(|code| cut(&code, limits::MAX_16)),
            town_name: cut(&town, limits::MAX_35),
            town_location_name: None,
            district_name: None,
            country_sub_division: None,
            address_line,
            country: country_code(from.country),
        }
    }

    /// A text in the characters of the datatypes `Max…Text`.
    fn latin(&mut self, text: &str, max: usize) -> String {
        self.transliterated |= text.chars().any(is_of_another_script);
        let text = text.trim();
        let written = if limits::is_printable_ascii(text) { cut(text, max) } else { sepa_text(text, max) };
        if written.is_empty() { UNWRITABLE.to_owned() } else { written }
    }
}

/// The text in its own characters, if it is not in those of `Max…Text`.
fn local(text: &str) -> Option<String> {
    (!limits::is_printable_ascii(text.trim())).then(|| one_line(text))
}

/// The text in the datatype `LocalMax100Text`.
fn one_line(text: &str) -> String {
    let is_break = |character: &char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
    let line: String = text.trim().chars().filter(|one| !is_break(one)).take(limits::MAX_100).collect();
    if line.is_empty() { UNWRITABLE.to_owned() } else { line }
}

/// Letters outside Unicode's Latin blocks.
fn is_of_another_script(character: char) -> bool {
    let is_latin = matches!(character, '\0'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}');
    character.is_alphabetic() && !is_latin
}

/// An ASCII text cut into address lines.
fn lines(text: &str) -> Vec<String> {
    text.as_bytes().chunks(limits::MAX_70).map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// ISO 3166-1 has assigned Kosovo no code, so the standard can only call it unknown.
fn country_code(country: Country) -> String {
    let code = if country.as_str() == limits::KOSOVO { limits::UNKNOWN_COUNTRY } else { country.as_str() };
    code.to_owned()
}
