//! IVMS 101, the interVASP messaging standard: who sends and who receives a transfer of crypto assets.
//!
//! The version is **IVMS 101.2023**, not the first one of 2020. A payload of 2023 names its version, so a reader years
//! later knows what it has; the first version has no such element. 2023 also corrects the constraints on addresses and
//! on identifiers of companies, which could not be met as they were written.
//!
//! The standard defines elements and not JSON. Here each element is a JSON member of its name in lower camel case
//! (`VASP` stays in upper case), each code a string, and what may occur more than once an array. Two names differ
//! within the standard itself: `postCode` (text) or `postcode` (table), and `naturalPersonNameIdentifierType` (table)
//! or `nameIdentifierType` (examples). The first of each is written, both are read. Unknown members are refused, so
//! that nothing is lost unnoticed.
//!
//! serde checks the structure and the codes; [`check()`] checks texts, dates, countries and the constraints C1 to C12.

mod check;
pub(crate) mod limits;

pub use check::{Rule, Violation, check};

use crate::debug_without_content;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The identity data of one transfer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityPayload {
    /// Who sends.
    pub originator: Originator,
    /// Who receives.
    pub beneficiary: Beneficiary,
    /// The provider that sends for the originator.
    #[serde(rename = "originatingVASP", default, skip_serializing_if = "Option::is_none")]
    pub originating_vasp: Option<OriginatingVasp>,
    /// The provider that receives for the beneficiary.
    #[serde(rename = "beneficiaryVASP", default, skip_serializing_if = "Option::is_none")]
    pub beneficiary_vasp: Option<BeneficiaryVasp>,
    /// The providers between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_path: Option<TransferPath>,
    /// The version, and how names were transliterated.
    pub payload_metadata: PayloadMetadata,
}

/// Who sends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Originator {
    /// The persons, at least one.
    pub originator_person: Vec<Person>,
}

/// Who receives.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Beneficiary {
    /// The persons, at least one.
    pub beneficiary_person: Vec<Person>,
}

/// The provider that sends for the originator.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginatingVasp {
    /// The provider.
    #[serde(rename = "originatingVASP")]
    pub originating_vasp: Person,
}

/// The provider that receives for the beneficiary.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeneficiaryVasp {
    /// The provider.
    #[serde(rename = "beneficiaryVASP")]
    pub beneficiary_vasp: Person,
}

/// The providers between the first and the last.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransferPath {
    /// The providers.
    #[serde(default)]
    pub transfer_path: Vec<IntermediaryVasp>,
}

/// A provider that receives a transfer and sends it on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntermediaryVasp {
    /// The provider.
    #[serde(rename = "intermediaryVASP")]
    pub intermediary_vasp: Person,
    /// Its place in the path, from 0.
    pub sequence: u64,
}

/// What the payload says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PayloadMetadata {
    /// The scripts that were transliterated, each by the standard that its code stands for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transliteration_method: Vec<TransliterationMethodCode>,
    /// The version of the standard.
    pub payload_version: PayloadVersionCode,
}

/// A natural or a legal person, and the accounts or wallet addresses that take part in the transfer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PersonMembers", into = "PersonMembers")]
pub struct Person {
    /// The person.
    pub kind: PersonKind,
    /// Accounts or addresses. The letter case counts.
    pub account_number: Vec<String>,
}

/// A natural or a legal person.
#[derive(Clone, PartialEq, Eq)]
pub enum PersonKind {
    /// A human being.
    Natural(NaturalPerson),
    /// A company or another organisation.
    Legal(LegalPerson),
}

/// A person as JSON has it: one of two members.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PersonMembers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    natural_person: Option<NaturalPerson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    legal_person: Option<LegalPerson>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    account_number: Vec<String>,
}

/// A person that is neither natural nor legal, or both.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
#[error("a person must have either naturalPerson or legalPerson")]
struct NotOnePerson;

impl TryFrom<PersonMembers> for Person {
    type Error = NotOnePerson;

    fn try_from(members: PersonMembers) -> Result<Self, NotOnePerson> {
        let kind = match (members.natural_person, members.legal_person) {
            (Some(person), None) => PersonKind::Natural(person),
            (None, Some(person)) => PersonKind::Legal(person),
            _ => return Err(NotOnePerson),
        };
        Ok(Self { kind, account_number: members.account_number })
    }
}

impl From<Person> for PersonMembers {
    fn from(person: Person) -> Self {
        let (natural_person, legal_person) = match person.kind {
            PersonKind::Natural(natural) => (Some(natural), None),
            PersonKind::Legal(legal) => (None, Some(legal)),
        };
        Self { natural_person, legal_person, account_number: person.account_number }
    }
}

/// A human being.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NaturalPerson {
    /// The names.
    pub name: NaturalPersonName,
    /// Addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub geographic_address: Vec<Address>,
    /// An identifier that a state gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub national_identification: Option<NationalIdentification>,
    /// What identifies the person at its provider, to 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_identification: Option<String>,
    /// Birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_and_place_of_birth: Option<DateAndPlaceOfBirth>,
    /// Where the person lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_of_residence: Option<String>,
}

/// The names of a human being.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NaturalPersonName {
    /// Names in Latin letters; at least one, and the legal one among them.
    pub name_identifier: Vec<NaturalPersonNameId>,
    /// The same in local characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub local_name_identifier: Vec<LocalNaturalPersonNameId>,
    /// The same as they are spoken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phonetic_name_identifier: Vec<LocalNaturalPersonNameId>,
}

/// A name in Latin letters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NaturalPersonNameId {
    /// The family name, or the whole name where it cannot be divided. To 100 characters.
    pub primary_identifier: String,
    /// Given names. To 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary_identifier: Option<String>,
    /// The kind of name.
    #[serde(alias = "nameIdentifierType")]
    pub natural_person_name_identifier_type: NaturalPersonNameTypeCode,
}

/// A name in any characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LocalNaturalPersonNameId {
    /// The family name, or the whole name where it cannot be divided. To 100 characters.
    pub primary_identifier: String,
    /// Given names. To 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary_identifier: Option<String>,
    /// The kind of name.
    pub name_identifier_type: NaturalPersonNameTypeCode,
}

/// An address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// The kind of address.
    pub address_type: AddressTypeCode,
    /// To 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// To 70 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_department: Option<String>,
    /// To 70 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street_name: Option<String>,
    /// To 16 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building_number: Option<String>,
    /// To 35 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building_name: Option<String>,
    /// To 70 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// To 16 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_box: Option<String>,
    /// To 70 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// To 16 characters.
    #[serde(alias = "postcode", default, skip_serializing_if = "Option::is_none")]
    pub post_code: Option<String>,
    /// To 35 characters.
    pub town_name: String,
    /// To 35 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub town_location_name: Option<String>,
    /// To 35 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district_name: Option<String>,
    /// A region, state or province. To 35 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_sub_division: Option<String>,
    /// To seven lines of 70 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub address_line: Vec<String>,
    /// ISO 3166-1 alpha-2, or `XX`.
    pub country: String,
}

/// When and where a human being was born.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DateAndPlaceOfBirth {
    /// `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// Town, region or country. To 70 characters.
    pub place_of_birth: String,
}

/// An identifier that a state or a register gave.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NationalIdentification {
    /// The identifier, to 35 characters.
    pub national_identifier: String,
    /// The kind of identifier.
    pub national_identifier_type: NationalIdentifierTypeCode,
    /// Who issued it; for natural persons only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_of_issue: Option<String>,
    /// The register that has it: a code of the GLEIF's list of registration authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_authority: Option<String>,
}

/// A company or another organisation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegalPerson {
    /// The names.
    pub name: LegalPersonName,
    /// Addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub geographic_address: Vec<Address>,
    /// What identifies the person at its provider, to 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_identification: Option<String>,
    /// An identifier that a register gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub national_identification: Option<NationalIdentification>,
    /// Where it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_of_registration: Option<String>,
}

/// The names of an organisation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegalPersonName {
    /// Names in Latin letters; at least one, and the legal one among them.
    pub name_identifier: Vec<LegalPersonNameId>,
    /// The same in local characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub local_name_identifier: Vec<LegalPersonNameId>,
    /// The same as they are spoken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phonetic_name_identifier: Vec<LegalPersonNameId>,
}

/// A name of an organisation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegalPersonNameId {
    /// The name, to 100 characters.
    pub legal_person_name: String,
    /// The kind of name.
    pub legal_person_name_identifier_type: LegalPersonNameTypeCode,
}

debug_without_content!(
    IdentityPayload,
    Originator,
    Beneficiary,
    OriginatingVasp,
    BeneficiaryVasp,
    TransferPath,
    IntermediaryVasp,
    Person,
    PersonKind,
    NaturalPerson,
    NaturalPersonName,
    NaturalPersonNameId,
    LocalNaturalPersonNameId,
    Address,
    DateAndPlaceOfBirth,
    NationalIdentification,
    LegalPerson,
    LegalPersonName,
    LegalPersonNameId
);

/// The kind of a human being's name.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NaturalPersonNameTypeCode {
    /// An alias.
    Alia,
    /// The name at birth.
    Birt,
    /// The name before a marriage.
    Maid,
    /// The legal name.
    Legl,
    /// Unspecified.
    Misc,
}

/// The kind of an organisation's name.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LegalPersonNameTypeCode {
    /// The name under which it is registered.
    Legl,
    /// A short name.
    Shrt,
    /// A trading name.
    Trad,
}

/// The kind of an address.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AddressTypeCode {
    /// A home.
    Home,
    /// A place of business.
    Bizz,
    /// Any other physical address.
    Geog,
}

/// The kind of a national identifier.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NationalIdentifierTypeCode {
    /// Alien registration number.
    Arnu,
    /// Passport number.
    Ccpt,
    /// Number of a register of companies.
    Raid,
    /// Driving licence number.
    Drlc,
    /// Foreign investor's number.
    Fiin,
    /// Tax number.
    Txid,
    /// Social security number.
    Socs,
    /// Identity card number.
    Idcd,
    /// Legal Entity Identifier (ISO 17442).
    Leix,
    /// Unspecified.
    Misc,
}

/// A script, and the standard by which it was transliterated.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransliterationMethodCode {
    /// Arabic (ISO 233-2).
    Arab,
    /// Persian (ISO 233-3).
    Aran,
    /// Armenian (ISO 9985).
    Armn,
    /// Cyrillic (ISO 9).
    Cyrl,
    /// Devanagari and related scripts (ISO 15919).
    Deva,
    /// Georgian (ISO 9984).
    Geor,
    /// Greek (ISO 843).
    Grek,
    /// Han (ISO 7098).
    Hani,
    /// Hebrew (ISO 259-2).
    Hebr,
    /// Kana (ISO 3602).
    Kana,
    /// Korean (Revised Romanization).
    Kore,
    /// Thai (ISO 11940-2).
    Thai,
    /// Another script, or another way.
    Othr,
}

/// The version of the standard.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PayloadVersionCode {
    /// IVMS 101 of May 2020.
    #[serde(rename = "101")]
    V2020,
    /// IVMS 101.2023 of August 2023.
    #[serde(rename = "101.2023")]
    V2023,
}
