//! Parties and details that several tests use.

use florin_travel::ivms101::NationalIdentifierTypeCode;
use florin_travel::{
    Birth, Company, CompanyId, Details, Identity, Lei, NationalId, Party, Person, PostalAddress, WalletType,
};
use florin_types::{Country, Date, Text};

pub const TODAY: &str = "2026-11-30";

/// The identifier of the foundation that gives them.
pub const LEI: &str = "506700GE1G29325QX363";

pub fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

pub fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

pub fn text<const MAX: usize>(text: &str) -> Option<Text<MAX>> {
    Some(Text::parse(text).unwrap())
}

/// A wallet in self-custody of nobody yet.
pub fn nobody() -> Details {
    Details {
        wallet_type: WalletType::SelfCustody,
        i_am_owner_of_wallet: false,
        first_name: None,
        last_name: None,
        city: None,
        street: None,
        post_code: None,
        country: None,
        company_name: None,
        vat_id: None,
        vasp_name: None,
    }
}

pub fn jane() -> Details {
    Details {
        first_name: text("Jane"),
        last_name: text("Müller"),
        city: text("Köln"),
        street: text("Domkloster 4"),
        post_code: text("50667"),
        country: Some(country("DE")),
        ..nobody()
    }
}

pub fn user() -> Party {
    let person = Person {
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        address: Some(PostalAddress {
            street: "Gedimino pr.".to_owned(),
            number: Some("9".to_owned()),
            city: "Vilnius".to_owned(),
            post_code: Some("01103".to_owned()),
            country: country("LT"),
        }),
        birth: Some(Birth { date: date("1990-02-25"), country: Some(country("GB")) }),
        national_id: Some(NationalId {
            number: "P1234567".to_owned(),
            kind: NationalIdentifierTypeCode::Ccpt,
            country: Some(country("GB")),
        }),
    };
    Party { customer_id: "user-1".to_owned(), identity: Identity::Person(person) }
}

pub fn operator() -> Company {
    Company {
        name: "Florin UAB".to_owned(),
        address: None,
        id: Some(CompanyId::Lei(Lei::parse(LEI).unwrap())),
        country: Some(country("LT")),
    }
}
