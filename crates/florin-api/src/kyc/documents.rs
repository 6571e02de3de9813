//! The words of the contract for documents, incomes and reasons, and which files a document needs. Pure.

use crate::kit::request::fields::Fields;
use florin_types::{Country, Date, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// Parts of `POST /v1/user/kyc-files`.
pub const FRONT: &str = "front_id";
/// The back of a document that has one.
pub const BACK: &str = "back_id";
/// The person.
pub const SELFIE: &str = "selfie";
/// The part of `POST /v1/user/poa-files`.
pub const PROOFS: &str = "files";

/// What a person is identified by.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DocumentType {
    /// National identity card.
    IdCard,
    /// Passport.
    Passport,
    /// Residence permit.
    ResidencePermit,
    /// Driving licence.
    DriverLicense,
}

/// The contract's words for them.
pub const DOCUMENT_TYPES: &[(&str, DocumentType)] = &[
    ("ID_CARD", DocumentType::IdCard),
    ("PASSPORT", DocumentType::Passport),
    ("RESIDENCE_PERMIT", DocumentType::ResidencePermit),
    ("DRIVER_LICENSE", DocumentType::DriverLicense),
];

impl DocumentType {
    /// The files that it needs. Cards say something on both sides, a passport's data page all of it.
    pub const fn parts(self) -> &'static [&'static str] {
        match self {
            Self::Passport => &[FRONT, SELFIE],
            Self::IdCard | Self::ResidencePermit | Self::DriverLicense => &[FRONT, BACK, SELFIE],
        }
    }
}

/// Where the money comes from.
pub const INCOME_SOURCES: &[&str] =
    &[BUSINESS, SALARY, "OTHER", "MAINTAINED_BY_FAMILY", "INVESTMENTS", "SOCIAL_BENEFITS", "TENANCY"];
/// Asks for `taxId`.
pub const BUSINESS: &str = "BUSINESS_ACTIVITY";
/// Asks for `occupation`.
pub const SALARY: &str = "SALARY";

/// What the account is for; the first is spelt so.
pub const OPEN_ACCOUNT_REASONS: &[&str] = &[
    "INVESTMENTS_OR_CRYPTOCURRENCIE",
    "CURRENCY_EXCHANGE",
    "DAILY_USE",
    "GAMING_OR_GAMBLING",
    "TRANSFER_OF_FUNDS_OUTSIDE_OF_EUROPE",
];

/// What the user works as.
pub const OCCUPATIONS: &[&str] = &[
    "IT",
    "HEALTHCARE_AND_MEDICAL_SERVICES",
    "FINANCE_AND_ACCOUNTING",
    "EDUCATION_AND_TEACHING",
    "SALES_AND_MARKETING",
    "ENGINEERING",
    "CUSTOMER_SERVICE",
    "ADMINISTRATION_AND_OFFICE_MANAGEMENT",
    "LEGAL_SERVICES",
    "ARTS_AND_DESIGN",
    "RETAIL_AND_SALES",
    "CONSTRUCTION_AND_TRADES",
    "HUMAN_RESOURCES",
    "MANUFACTURING_AND_PRODUCTION",
    "SCIENCE_AND_RESEARCH",
];

/// The schemas of the words, for the OpenAPI document.
pub mod words {
    use super::{DOCUMENT_TYPES, INCOME_SOURCES, OCCUPATIONS, OPEN_ACCOUNT_REASONS};
    use utoipa::openapi::schema::{ObjectBuilder, Type};

    fn one_of(words: Vec<&'static str>) -> ObjectBuilder {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
    }

    /// Of `documentType`.
    pub fn document_type() -> ObjectBuilder {
        one_of(DOCUMENT_TYPES.iter().map(|(word, _)| *word).collect())
    }

    /// Of `incomeSource`.
    pub fn income_source() -> ObjectBuilder {
        one_of(INCOME_SOURCES.to_vec())
    }

    /// Of `openAccountReason`.
    pub fn open_account_reason() -> ObjectBuilder {
        one_of(OPEN_ACCOUNT_REASONS.to_vec())
    }

    /// Of `occupation`.
    pub fn occupation() -> ObjectBuilder {
        one_of(OCCUPATIONS.to_vec()).description(Some("Required with `SALARY` in `POST /v1/kyc`."))
    }
}

/// Longest document or tax number, as of any short field of a person.
pub const MAX_NUMBER: usize = 35;
/// Longest free text about an income: a sentence or two.
const MAX_INFO: usize = 500;

/// What a user says of income and purpose. Kept sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Background {
    /// One of [`INCOME_SOURCES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub income_source: Option<String>,
    /// One of [`OPEN_ACCOUNT_REASONS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_account_reason: Option<String>,
    /// One of [`OCCUPATIONS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occupation: Option<String>,
    /// Of a business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    /// About any other income.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_info: Option<String>,
}

impl Background {
    /// Reads what is there; what must be there depends on the call.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            income_source: fields.optional("incomeSource").one_of(INCOME_SOURCES).map(str::to_owned),
            open_account_reason: fields
                .optional("openAccountReason")
                .one_of(OPEN_ACCOUNT_REASONS)
                .map(str::to_owned),
            occupation: fields.optional("occupation").one_of(OCCUPATIONS).map(str::to_owned),
            tax_id: fields.optional("taxId").text(Text::<MAX_NUMBER>::parse).map(Text::into_string),
            additional_info: fields
                .optional("additionalInfo")
                .text(Text::<MAX_INFO>::parse)
                .map(Text::into_string),
        }
    }

    /// Fails for what a hosted verification needs and does not have.
    pub fn require(&self, fields: &mut Fields<'_>) {
        let mut needed = vec![
            ("incomeSource", self.income_source.is_some(), ""),
            ("openAccountReason", self.open_account_reason.is_some(), ""),
        ];
        match self.income_source.as_deref() {
            Some(BUSINESS) => {
                needed.push(("taxId", self.tax_id.is_some(), " when incomeSource is BUSINESS_ACTIVITY"))
            }
            Some(SALARY) => {
                needed.push(("occupation", self.occupation.is_some(), " when incomeSource is SALARY"))
            }
            Some(_) => needed.push((
                "additionalInfo",
                self.additional_info.is_some(),
                " when incomeSource is neither BUSINESS_ACTIVITY nor SALARY",
            )),
            None => {}
        }
        for (name, is_there, when) in needed {
            if !is_there && !fields.is_given(name) {
                fields.fail(format!("{name} is required{when}"));
            }
        }
    }
}

/// The textual data of a document. Kept sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// What it is.
    pub document_type: DocumentType,
    /// Its number.
    pub number: String,
    /// `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
    /// `YYYY-MM-DD`: the last day on which it is valid.
    pub expires: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// What is kept of an attempt besides its files, sealed as JSON under the user's own key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Details {
    /// The secret by which the attempt is known outside.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub verification_id: String,
    /// Of a hosted one: the kind of document that will be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_type: Option<DocumentType>,
    /// Of a hosted one: the country that issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Of a hosted one: where its page leads in the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// Income and purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<Background>,
    /// What the user verification said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
}

/// When a document that is valid through a day is no longer.
pub fn expires_at(last_day: Date) -> Timestamp {
    const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
    last_day.midnight().saturating_add(DAY)
}

/// A country as it is kept.
pub fn country_text(country: Country) -> String {
    country.as_str().to_owned()
}
