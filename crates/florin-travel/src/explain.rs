//! What a partner says about a transfer, as IVMS 101.
//!
//! Of a deposit, the platform knows the beneficiary, and the partner says who the originator is; of a withdrawal, it is
//! the other way round. What the standard has no element for (the type of the wallet, the memo) is not in the payload.

use crate::debug_without_content;
use crate::ivms101::{Beneficiary, BeneficiaryVasp, IdentityPayload, OriginatingVasp, Originator};
use crate::write::{Company, CompanyId, Party, Person, PostalAddress, Writer};
use florin_types::{Country, Text};
use std::fmt;
use thiserror::Error;

/// Longest name, in characters: the standard's.
pub const MAX_NAME: usize = 100;
/// Longest street or town, in characters: as in a user's profile.
pub const MAX_LINE: usize = 140;
/// Longest postal code or VAT number, in characters: as in a user's profile, and the standard's for identifiers.
pub const MAX_SHORT: usize = 35;

/// Who holds the keys of the wallet that a deposit came from.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum WalletType {
    /// A provider.
    Custodial,
    /// The owner.
    SelfCustody,
}

/// What a partner says about the originator of a deposit.
#[derive(Clone, PartialEq, Eq)]
pub struct Details {
    /// Who holds the wallet's keys.
    pub wallet_type: WalletType,
    /// The beneficiary is the originator too. Then all fields about a person or company are ignored.
    pub i_am_owner_of_wallet: bool,
    /// Given names.
    pub first_name: Option<Text<MAX_NAME>>,
    /// Family name.
    pub last_name: Option<Text<MAX_NAME>>,
    /// Town.
    pub city: Option<Text<MAX_LINE>>,
    /// Street and number.
    pub street: Option<Text<MAX_LINE>>,
    /// Postal code.
    pub post_code: Option<Text<MAX_SHORT>>,
    /// Country.
    pub country: Option<Country>,
    /// Name of a company.
    pub company_name: Option<Text<MAX_NAME>>,
    /// Its VAT number.
    pub vat_id: Option<Text<MAX_SHORT>>,
    /// The provider that holds the keys. Ignored for a wallet in self-custody, which has none.
    pub vasp_name: Option<Text<MAX_NAME>>,
}

/// A field of [`Details`]; printed as the partner writes it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `firstName`
    FirstName,
    /// `lastName`
    LastName,
    /// `city`
    City,
    /// `street`
    Street,
    /// `postCode`
    PostCode,
    /// `country`
    Country,
    /// `companyName`
    CompanyName,
    /// `vatId`
    VatId,
}

impl Field {
    /// The name in the request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::City => "city",
            Self::Street => "street",
            Self::PostCode => "postCode",
            Self::Country => "country",
            Self::CompanyName => "companyName",
            Self::VatId => "vatId",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why details do not explain a deposit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExplainError {
    /// These fields are missing, in the order of the request. If nobody is named at all, they are those of a person.
    #[error("lacks {}", names(.0))]
    Missing(Vec<Field>),
    /// A person's name (`firstName`, `lastName`) and a company (`companyName`, `vatId`).
    #[error("must name either a person or a company")]
    PersonAndCompany,
}

fn names(fields: &[Field]) -> String {
    let names: Vec<_> = fields.iter().map(|field| field.as_str()).collect();
    names.join(", ")
}

/// A deposit to be explained.
#[derive(Copy, Clone)]
pub struct Deposit<'a> {
    /// What the partner says.
    pub details: &'a Details,
    /// Whose balance it goes to.
    pub beneficiary: &'a Party,
    /// The addresses that sent it, as far as they are known.
    pub from: &'a [&'a str],
    /// Our address that received it.
    pub to: &'a str,
    /// The platform's operator.
    pub operator: Option<&'a Company>,
}

/// Who receives a withdrawal.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ReceiverType {
    /// A human being.
    Natural,
    /// A company.
    Legal,
}

/// A withdrawal to be explained.
#[derive(Copy, Clone)]
pub struct Withdrawal<'a> {
    /// Whose balance it comes from.
    pub originator: &'a Party,
    /// Who receives it.
    pub receiver_type: ReceiverType,
    /// The receiver's whole name.
    pub name: &'a Text<MAX_NAME>,
    /// The receiver's address.
    pub wallet_address: &'a str,
    /// The platform's operator.
    pub operator: Option<&'a Company>,
}

debug_without_content!(Details);

/// Explains a deposit.
///
/// The owner of the wallet needs no person. Anybody else is a person, by first and last name with the whole address, or
/// a company, by `companyName` with `vatId`. A company's address is taken if it is whole; its country always.
///
/// # Errors
/// The details lack fields, or name a person and a company.
pub fn explain_deposit(deposit: &Deposit<'_>) -> Result<IdentityPayload, ExplainError> {
    let Deposit { details, beneficiary, from, to, operator } = *deposit;
    let mut writer = Writer::default();
    let originator = if details.i_am_owner_of_wallet {
        writer.party(beneficiary, from)
    } else if details.company_name.is_some() || details.vat_id.is_some() {
        writer.company(&company(details)?, None, from)
    } else {
        writer.person(&person(details)?, None, from)
    };
    let vasp_name = details.vasp_name.as_ref().filter(|_| details.wallet_type == WalletType::Custodial);
    let originating_vasp = vasp_name.map(|name| OriginatingVasp {
        originating_vasp: writer.company(&company_of_name(name.as_str()), None, &[]),
    });
    let beneficiary_vasp =
        operator.map(|company| BeneficiaryVasp { beneficiary_vasp: writer.company(company, None, &[]) });
    let beneficiary = writer.party(beneficiary, &[to]);
    Ok(IdentityPayload {
        originator: Originator { originator_person: vec![originator] },
        beneficiary: Beneficiary { beneficiary_person: vec![beneficiary] },
        originating_vasp,
        beneficiary_vasp,
        transfer_path: None,
        payload_metadata: writer.metadata(),
    })
}

/// Explains a withdrawal. Nothing can be missing: the request has the receiver's name, type and address.
///
/// A receiver's provider is not named in the request, so there is no `beneficiaryVASP`.
#[must_use]
pub fn explain_withdrawal(withdrawal: &Withdrawal<'_>) -> IdentityPayload {
    let Withdrawal { originator, receiver_type, name, wallet_address, operator } = *withdrawal;
    let mut writer = Writer::default();
    let originator = writer.party(originator, &[]);
    let beneficiary = match receiver_type {
        ReceiverType::Natural => writer.person(&person_of_name(name.as_str()), None, &[wallet_address]),
        ReceiverType::Legal => writer.company(&company_of_name(name.as_str()), None, &[wallet_address]),
    };
    let originating_vasp =
        operator.map(|company| OriginatingVasp { originating_vasp: writer.company(company, None, &[]) });
    IdentityPayload {
        originator: Originator { originator_person: vec![originator] },
        beneficiary: Beneficiary { beneficiary_person: vec![beneficiary] },
        originating_vasp,
        beneficiary_vasp: None,
        transfer_path: None,
        payload_metadata: writer.metadata(),
    }
}

fn company(details: &Details) -> Result<Company, ExplainError> {
    if details.first_name.is_some() || details.last_name.is_some() {
        return Err(ExplainError::PersonAndCompany);
    }
    let (Some(name), Some(vat_id)) = (&details.company_name, &details.vat_id) else {
        let missing = match details.company_name {
            None => Field::CompanyName,
            Some(_) => Field::VatId,
        };
        return Err(ExplainError::Missing(vec![missing]));
    };
    Ok(Company {
        name: name.as_str().to_owned(),
        address: address(details),
        id: Some(CompanyId::Tax(vat_id.as_str().to_owned())),
        country: details.country,
    })
}

fn person(details: &Details) -> Result<Person, ExplainError> {
    let (Some(first), Some(last), Some(address)) =
        (&details.first_name, &details.last_name, address(details))
    else {
        return Err(ExplainError::Missing(missing_of_person(details)));
    };
    Ok(Person {
        first_name: first.as_str().to_owned(),
        last_name: last.as_str().to_owned(),
        address: Some(address),
        birth: None,
        national_id: None,
    })
}

fn missing_of_person(details: &Details) -> Vec<Field> {
    let present = [
        (Field::FirstName, details.first_name.is_some()),
        (Field::LastName, details.last_name.is_some()),
        (Field::City, details.city.is_some()),
        (Field::Street, details.street.is_some()),
        (Field::PostCode, details.post_code.is_some()),
        (Field::Country, details.country.is_some()),
    ];
    present.into_iter().filter(|(_, is_present)| !is_present).map(|(field, _)| field).collect()
}

fn address(details: &Details) -> Option<PostalAddress> {
    Some(PostalAddress {
        street: details.street.as_ref()?.as_str().to_owned(),
        number: None,
        city: details.city.as_ref()?.as_str().to_owned(),
        post_code: Some(details.post_code.as_ref()?.as_str().to_owned()),
        country: details.country?,
    })
}

/// A name that is not divided is a primary identifier by itself.
fn person_of_name(name: &str) -> Person {
    Person {
        first_name: String::new(),
        last_name: name.to_owned(),
        address: None,
        birth: None,
        national_id: None,
    }
}

fn company_of_name(name: &str) -> Company {
    Company { name: name.to_owned(), address: None, id: None, country: None }
}
