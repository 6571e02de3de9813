//! The words of the contract for documents, incomes and reasons, and which files a document needs. Pure.

use crate::kit::request::fields::Fields;
use crate::kit::request::types::words;
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

words! {
    /// What a person is identified by.
    pub enum DocumentType {
        /// A national identity card: front, back and selfie.
        IdCard = "ID_CARD",
        /// A passport: the page with the photo, and a selfie.
        Passport = "PASSPORT",
        /// A residence permit: front, back and selfie.
        ResidencePermit = "RESIDENCE_PERMIT",
        /// A driving licence: front, back and selfie.
        DriverLicense = "DRIVER_LICENSE",
    }
}

impl DocumentType {
    /// The files that it needs. Cards say something on both sides, a passport's data page all of it.
    pub const fn parts(self) -> &'static [&'static str] {
        match self {
            Self::Passport => &[FRONT, SELFIE],
            Self::IdCard | Self::ResidencePermit | Self::DriverLicense => &[FRONT, BACK, SELFIE],
        }
    }
}

words! {
    /// Where the user's money comes from.
    pub enum IncomeSource {
        /// A business of the user's own; `taxId` goes with it.
        BusinessActivity = "BUSINESS_ACTIVITY",
        /// A job; `occupation` goes with it.
        Salary = "SALARY",
        /// Something else.
        Other = "OTHER",
        /// The family.
        MaintainedByFamily = "MAINTAINED_BY_FAMILY",
        /// Investments.
        Investments = "INVESTMENTS",
        /// Social benefits.
        SocialBenefits = "SOCIAL_BENEFITS",
        /// Rent.
        Tenancy = "TENANCY",
    }
}

words! {
    /// What the account is for.
    pub enum OpenAccountReason {
        /// Investments or cryptocurrencies. The word is spelt so.
        InvestmentsOrCryptocurrencie = "INVESTMENTS_OR_CRYPTOCURRENCIE",
        /// Currency exchange.
        CurrencyExchange = "CURRENCY_EXCHANGE",
        /// Daily use.
        DailyUse = "DAILY_USE",
        /// Gaming or gambling.
        GamingOrGambling = "GAMING_OR_GAMBLING",
        /// Transfers out of Europe.
        TransferOfFundsOutsideOfEurope = "TRANSFER_OF_FUNDS_OUTSIDE_OF_EUROPE",
    }
}

words! {
    /// What the user works as.
    pub enum Occupation {
        /// Information technology.
        It = "IT",
        /// Health care.
        HealthcareAndMedicalServices = "HEALTHCARE_AND_MEDICAL_SERVICES",
        /// Finance and accounting.
        FinanceAndAccounting = "FINANCE_AND_ACCOUNTING",
        /// Education.
        EducationAndTeaching = "EDUCATION_AND_TEACHING",
        /// Sales and marketing.
        SalesAndMarketing = "SALES_AND_MARKETING",
        /// Engineering.
        Engineering = "ENGINEERING",
        /// Customer service.
        CustomerService = "CUSTOMER_SERVICE",
        /// Administration.
        AdministrationAndOfficeManagement = "ADMINISTRATION_AND_OFFICE_MANAGEMENT",
        /// Law.
        LegalServices = "LEGAL_SERVICES",
        /// Arts and design.
        ArtsAndDesign = "ARTS_AND_DESIGN",
        /// Retail and sales.
        RetailAndSales = "RETAIL_AND_SALES",
        /// Construction and trades.
        ConstructionAndTrades = "CONSTRUCTION_AND_TRADES",
        /// Human resources.
        HumanResources = "HUMAN_RESOURCES",
        /// Manufacturing.
        ManufacturingAndProduction = "MANUFACTURING_AND_PRODUCTION",
        /// Science and research.
        ScienceAndResearch = "SCIENCE_AND_RESEARCH",
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
    /// Where the money comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub income_source: Option<IncomeSource>,
    /// What the account is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_account_reason: Option<OpenAccountReason>,
    /// What the user works as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occupation: Option<Occupation>,
    /// Of a business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    /// About any other income.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_info: Option<String>,
}

impl Background {
    /// Reads what is there; what must be there depends on the call.
    pub fn read(fields: &mut Fields<'_>, is_required: bool) -> Self {
        let source = fields.field("incomeSource", is_required).about("Where the user's money comes from.");
        let income_source = source.text();
        let reason = fields.field("openAccountReason", is_required).about("What the account is for.");
        let open_account_reason = reason.text();
        let about = "What the user works as. Required in `POST /v1/kyc` with `SALARY`.";
        let occupation = fields.optional("occupation").about(about).text();
        let about = "The tax number. Required in `POST /v1/kyc` with `BUSINESS_ACTIVITY`.";
        let tax_id = fields.optional("taxId").about(about).text::<Text<MAX_NUMBER>>();
        Self {
            income_source,
            open_account_reason,
            occupation,
            tax_id: tax_id.map(Text::into_string),
            additional_info: None,
        }
    }

    /// Reads the free text too, which only a hosted verification takes.
    pub fn read_with_info(fields: &mut Fields<'_>) -> Self {
        let background = Self::read(fields, true);
        let about =
            "More about the income. Required unless `incomeSource` is `BUSINESS_ACTIVITY` or `SALARY`.";
        let info = fields.optional("additionalInfo").about(about).text::<Text<MAX_INFO>>();
        Self { additional_info: info.map(Text::into_string), ..background }
    }

    /// Fails for what a hosted verification needs and does not have.
    pub fn require(&self, fields: &mut Fields<'_>) {
        let needed = match self.income_source {
            Some(IncomeSource::BusinessActivity) => {
                Some(("taxId", self.tax_id.is_some(), " when incomeSource is BUSINESS_ACTIVITY"))
            }
            Some(IncomeSource::Salary) => {
                Some(("occupation", self.occupation.is_some(), " when incomeSource is SALARY"))
            }
            Some(_) => Some((
                "additionalInfo",
                self.additional_info.is_some(),
                " when incomeSource is neither BUSINESS_ACTIVITY nor SALARY",
            )),
            None => None,
        };
        if let Some((name, false, when)) = needed
            && !fields.is_given(name)
        {
            fields.fail(format!("{name} is required{when}"));
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
