//! The constraints of IVMS 101.2023, with the field that breaks each.

use super::limits::{
    KOSOVO, MAX_16, MAX_35, MAX_50, MAX_70, MAX_100, MAX_512, MAX_ADDRESS_LINES, UNKNOWN_COUNTRY,
    has_lei_form, is_printable_ascii,
};
use super::{
    Address, AddressTypeCode, IdentityPayload, LegalPerson, LegalPersonNameTypeCode, NationalIdentification,
    NationalIdentifierTypeCode, NaturalPerson, NaturalPersonNameTypeCode, PayloadVersionCode, Person,
    PersonKind,
};
use florin_types::{Country, Date};
use std::collections::BTreeSet;
use std::fmt;
use thiserror::Error;

/// What a payload breaks, and where. The text has no content of the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field from the root, such as `originator.originatorPerson[0].naturalPerson.name`.
    pub path: String,
    /// The rule.
    pub rule: Rule,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.rule)
    }
}

/// A rule of the standard; each text follows a field.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum Rule {
    /// C1, OriginatorInformationNaturalPerson.
    #[error("must have an address, a customer or national identification, or date and place of birth (C1)")]
    C1,
    /// C2, DateInPast.
    #[error("must be a day before today (C2)")]
    C2,
    /// C3, Country.
    #[error("must be a country code of ISO 3166-1 alpha-2 or XX (C3)")]
    C3,
    /// C4, OriginatorInformationLegalPerson.
    #[error("must have an address of type GEOG, or a customer or national identification (C4)")]
    C4,
    /// C5, LegalNamePresentLegalPerson.
    #[error("must have a name of type LEGL (C5)")]
    C5,
    /// C6, LegalNamePresentNaturalPerson.
    #[error("must have a name of type LEGL (C6)")]
    C6,
    /// C7, ValidNationalIdentifierLegalPerson.
    #[error("must be RAID, MISC, LEIX or TXID for a legal person (C7)")]
    C7,
    /// C8, ValidAddress.
    #[error("must have addressLine, or streetName with buildingName or buildingNumber (C8)")]
    C8,
    /// C9, CompleteNationalIdentifierLegalPerson: the country.
    #[error("must be absent for a legal person (C9)")]
    C9Country,
    /// C9, CompleteNationalIdentifierLegalPerson: the register.
    #[error("must be there for a legal person, and only if the identifier is no LEI (C9)")]
    C9Authority,
    /// C10, RegistrationAuthority. The form is checked, not that the code is on the list: the GLEIF adds codes several
    /// times a year, and a copy of the list would refuse the new ones.
    #[error("must be a code of the GLEIF's list of registration authorities: RA and six digits (C10)")]
    C10,
    /// C11, ValidLEI: the form, as the standard has it, without the check digits.
    #[error("must be a Legal Entity Identifier (C11)")]
    C11,
    /// C12, sequentialIntegrity.
    #[error("must count the providers from 0 without a gap (C12)")]
    C12,
    /// Multiplicity: none, where one must be.
    #[error("must have at least one item")]
    None,
    /// Multiplicity: too many.
    #[error("can have at most {0} items")]
    Many(usize),
    /// The datatypes `Max…Text`.
    #[error("must have 1 to {0} characters, all of them printable ASCII")]
    Latin(usize),
    /// The datatypes `LocalMax…Text`.
    #[error("must have 1 to {0} characters, on one line")]
    Local(usize),
    /// The datatype `Date`.
    #[error("must be a date, YYYY-MM-DD")]
    Date,
    /// The version of the payload.
    #[error("must be 101.2023")]
    Version,
}

/// Finds everything that the standard forbids in a payload; nothing, if it conforms.
///
/// `today` is for the date of birth.
#[must_use]
pub fn check(payload: &IdentityPayload, today: Date) -> Vec<Violation> {
    let mut checker = Checker { today, found: Vec::new() };
    checker.persons("originator.originatorPerson", &payload.originator.originator_person, true);
    checker.persons("beneficiary.beneficiaryPerson", &payload.beneficiary.beneficiary_person, false);
    if let Some(vasp) = &payload.originating_vasp {
        checker.person("originatingVASP.originatingVASP", &vasp.originating_vasp, false);
    }
    if let Some(vasp) = &payload.beneficiary_vasp {
        checker.person("beneficiaryVASP.beneficiaryVASP", &vasp.beneficiary_vasp, false);
    }
    let path = payload.transfer_path.as_ref().map_or(&[][..], |path| &path.transfer_path);
    let mut seen = BTreeSet::new();
    for (index, vasp) in path.iter().enumerate() {
        let at = format!("transferPath.transferPath[{index}]");
        checker.person(&format!("{at}.intermediaryVASP"), &vasp.intermediary_vasp, false);
        let is_below = usize::try_from(vasp.sequence).is_ok_and(|sequence| sequence < path.len());
        checker.require(is_below && seen.insert(vasp.sequence), &at, "sequence", Rule::C12);
    }
    let is_ours = payload.payload_metadata.payload_version == PayloadVersionCode::V2023;
    checker.require(is_ours, "payloadMetadata", "payloadVersion", Rule::Version);
    checker.found
}

struct Checker {
    today: Date,
    found: Vec<Violation>,
}

impl Checker {
    fn require(&mut self, holds: bool, at: &str, field: &str, rule: Rule) {
        if !holds {
            let path = if field.is_empty() { at.to_owned() } else { format!("{at}.{field}") };
            self.found.push(Violation { path, rule });
        }
    }

    fn persons(&mut self, at: &str, persons: &[Person], is_originator: bool) {
        self.require(!persons.is_empty(), at, "", Rule::None);
        for (index, person) in persons.iter().enumerate() {
            self.person(&format!("{at}[{index}]"), person, is_originator);
        }
    }

    fn person(&mut self, at: &str, person: &Person, is_originator: bool) {
        for (index, account) in person.account_number.iter().enumerate() {
            self.latin(at, &format!("accountNumber[{index}]"), Some(account), MAX_512);
        }
        match &person.kind {
            PersonKind::Natural(natural) => {
                self.natural(&format!("{at}.naturalPerson"), natural, is_originator);
            }
            PersonKind::Legal(legal) => self.legal(&format!("{at}.legalPerson"), legal, is_originator),
        }
    }

    fn natural(&mut self, at: &str, person: &NaturalPerson, is_originator: bool) {
        // Each of the three types of address counts for C1.
        let is_identified = !person.geographic_address.is_empty()
            || person.customer_identification.is_some()
            || person.national_identification.is_some()
            || person.date_and_place_of_birth.is_some();
        self.require(is_identified || !is_originator, at, "", Rule::C1);

        let names = &person.name.name_identifier;
        let legal = |name: &super::NaturalPersonNameId| {
            name.natural_person_name_identifier_type == NaturalPersonNameTypeCode::Legl
        };
        self.require(names.iter().any(legal), at, "name.nameIdentifier", Rule::C6);
        for (index, name) in names.iter().enumerate() {
            let at = format!("{at}.name.nameIdentifier[{index}]");
            self.latin(&at, "primaryIdentifier", Some(&name.primary_identifier), MAX_100);
            self.latin(&at, "secondaryIdentifier", name.secondary_identifier.as_ref(), MAX_100);
        }
        for (list, names) in [
            ("localNameIdentifier", &person.name.local_name_identifier),
            ("phoneticNameIdentifier", &person.name.phonetic_name_identifier),
        ] {
            for (index, name) in names.iter().enumerate() {
                let at = format!("{at}.name.{list}[{index}]");
                self.local(&at, "primaryIdentifier", Some(&name.primary_identifier));
                self.local(&at, "secondaryIdentifier", name.secondary_identifier.as_ref());
            }
        }

        self.addresses(at, &person.geographic_address);
        self.latin(at, "customerIdentification", person.customer_identification.as_ref(), MAX_50);
        if let Some(national) = &person.national_identification {
            self.national(&format!("{at}.nationalIdentification"), national);
        }
        if let Some(birth) = &person.date_and_place_of_birth {
            let at = format!("{at}.dateAndPlaceOfBirth");
            let date = Date::parse(&birth.date_of_birth).ok();
            self.require(date.is_some(), &at, "dateOfBirth", Rule::Date);
            self.require(date.is_none_or(|date| date < self.today), &at, "dateOfBirth", Rule::C2);
            self.latin(&at, "placeOfBirth", Some(&birth.place_of_birth), MAX_70);
        }
        self.country(at, "countryOfResidence", person.country_of_residence.as_ref());
    }

    fn legal(&mut self, at: &str, person: &LegalPerson, is_originator: bool) {
        let is_identified = person.customer_identification.is_some()
            || person.national_identification.is_some()
            || person.geographic_address.iter().any(|one| one.address_type == AddressTypeCode::Geog);
        self.require(is_identified || !is_originator, at, "", Rule::C4);

        let names = &person.name.name_identifier;
        let legal = |name: &super::LegalPersonNameId| {
            name.legal_person_name_identifier_type == LegalPersonNameTypeCode::Legl
        };
        self.require(names.iter().any(legal), at, "name.nameIdentifier", Rule::C5);
        for (index, name) in names.iter().enumerate() {
            let field = format!("name.nameIdentifier[{index}].legalPersonName");
            self.latin(at, &field, Some(&name.legal_person_name), MAX_100);
        }
        for (list, names) in [
            ("localNameIdentifier", &person.name.local_name_identifier),
            ("phoneticNameIdentifier", &person.name.phonetic_name_identifier),
        ] {
            for (index, name) in names.iter().enumerate() {
                let field = format!("name.{list}[{index}].legalPersonName");
                self.local(at, &field, Some(&name.legal_person_name));
            }
        }

        self.addresses(at, &person.geographic_address);
        self.latin(at, "customerIdentification", person.customer_identification.as_ref(), MAX_50);
        if let Some(national) = &person.national_identification {
            let at = format!("{at}.nationalIdentification");
            self.national(&at, national);
            self.national_of_legal(&at, national);
        }
        self.country(at, "countryOfRegistration", person.country_of_registration.as_ref());
    }

    fn national(&mut self, at: &str, national: &NationalIdentification) {
        self.latin(at, "nationalIdentifier", Some(&national.national_identifier), MAX_35);
        self.country(at, "countryOfIssue", national.country_of_issue.as_ref());
        let authority = national.registration_authority.as_deref();
        self.require(authority.is_none_or(is_authority), at, "registrationAuthority", Rule::C10);
    }

    fn national_of_legal(&mut self, at: &str, national: &NationalIdentification) {
        use NationalIdentifierTypeCode::{Leix, Misc, Raid, Txid};
        let code = national.national_identifier_type;
        self.require(matches!(code, Raid | Misc | Leix | Txid), at, "nationalIdentifierType", Rule::C7);
        self.require(national.country_of_issue.is_none(), at, "countryOfIssue", Rule::C9Country);
        let has_authority = national.registration_authority.is_some();
        self.require(has_authority == (code != Leix), at, "registrationAuthority", Rule::C9Authority);
        let is_lei = has_lei_form(&national.national_identifier);
        self.require(code != Leix || is_lei, at, "nationalIdentifier", Rule::C11);
    }

    fn addresses(&mut self, at: &str, addresses: &[Address]) {
        for (index, address) in addresses.iter().enumerate() {
            self.address(&format!("{at}.geographicAddress[{index}]"), address);
        }
    }

    fn address(&mut self, at: &str, address: &Address) {
        let has_building = address.building_name.is_some() || address.building_number.is_some();
        let has_street = address.street_name.is_some() && has_building;
        self.require(has_street || !address.address_line.is_empty(), at, "", Rule::C8);
        for (field, text, max) in [
            ("department", &address.department, MAX_50),
            ("subDepartment", &address.sub_department, MAX_70),
            ("streetName", &address.street_name, MAX_70),
            ("buildingNumber", &address.building_number, MAX_16),
            ("buildingName", &address.building_name, MAX_35),
            ("floor", &address.floor, MAX_70),
            ("postBox", &address.post_box, MAX_16),
            ("room", &address.room, MAX_70),
            ("postCode", &address.post_code, MAX_16),
            ("townLocationName", &address.town_location_name, MAX_35),
            ("districtName", &address.district_name, MAX_35),
            ("countrySubDivision", &address.country_sub_division, MAX_35),
        ] {
            self.latin(at, field, text.as_ref(), max);
        }
        self.latin(at, "townName", Some(&address.town_name), MAX_35);
        let lines = &address.address_line;
        let many = Rule::Many(MAX_ADDRESS_LINES);
        self.require(lines.len() <= MAX_ADDRESS_LINES, at, "addressLine", many);
        for (index, line) in lines.iter().enumerate() {
            self.latin(at, &format!("addressLine[{index}]"), Some(line), MAX_70);
        }
        self.country(at, "country", Some(&address.country));
    }

    fn latin(&mut self, at: &str, field: &str, text: Option<&String>, max: usize) {
        let fits = |text: &String| (1..=max).contains(&text.len()) && is_printable_ascii(text);
        self.require(text.is_none_or(fits), at, field, Rule::Latin(max));
    }

    fn local(&mut self, at: &str, field: &str, text: Option<&String>) {
        let fits = |text: &String| {
            (1..=MAX_100).contains(&text.chars().count())
                && !text.contains(['\n', '\r', '\u{2028}', '\u{2029}'])
        };
        self.require(text.is_none_or(fits), at, field, Rule::Local(MAX_100));
    }

    fn country(&mut self, at: &str, field: &str, code: Option<&String>) {
        self.require(code.is_none_or(|code| is_country(code)), at, field, Rule::C3);
    }
}

fn is_country(code: &str) -> bool {
    let is_assigned = Country::parse(code).is_ok_and(|country| country.as_str() == code && code != KOSOVO);
    is_assigned || code == UNKNOWN_COUNTRY
}

fn is_authority(code: &str) -> bool {
    let digits = code.strip_prefix("RA").unwrap_or_default();
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit())
}
