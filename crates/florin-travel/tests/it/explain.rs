//! From details to a payload, or to what is missing.

use crate::support::{LEI, TODAY, country, date, jane, nobody, operator, text, user};
use florin_travel::ivms101::{IdentityPayload, check};
use florin_travel::{
    Birth, Company, Deposit, Details, ExplainError, Field, Identity, Party, Person, PostalAddress,
    ReceiverType, WalletType, Withdrawal, explain_deposit, explain_withdrawal,
};
use florin_types::{Country, Text};
use proptest::prelude::*;
use serde_json::{Value, json};

const FROM: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const TO: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

fn explain(details: &Details) -> Result<IdentityPayload, ExplainError> {
    let (user, operator) = (user(), operator());
    let deposit = Deposit { details, beneficiary: &user, from: &[FROM], to: TO, operator: Some(&operator) };
    let explained = explain_deposit(&deposit);
    if let Ok(payload) = &explained {
        assert_eq!(check(payload, date(TODAY)), []);
    }
    explained
}

fn json_of(payload: &IdentityPayload) -> Value {
    serde_json::to_value(payload).unwrap()
}

#[test]
fn a_person_is_the_originator() {
    let payload = json_of(&explain(&jane()).unwrap());
    let expected = json!({
        "originator": { "originatorPerson": [{
            "naturalPerson": {
                "name": {
                    "nameIdentifier": [{
                        "primaryIdentifier": "Mueller",
                        "secondaryIdentifier": "Jane",
                        "naturalPersonNameIdentifierType": "LEGL"
                    }],
                    "localNameIdentifier": [{
                        "primaryIdentifier": "Müller",
                        "secondaryIdentifier": "Jane",
                        "nameIdentifierType": "LEGL"
                    }]
                },
                "geographicAddress": [{
                    "addressType": "HOME",
                    "postCode": "50667",
                    "townName": "Koeln",
                    "addressLine": ["Domkloster 4"],
                    "country": "DE"
                }],
                "countryOfResidence": "DE"
            },
            "accountNumber": [FROM]
        }]},
        "beneficiary": { "beneficiaryPerson": [{
            "naturalPerson": {
                "name": { "nameIdentifier": [{
                    "primaryIdentifier": "Lovelace",
                    "secondaryIdentifier": "Ada",
                    "naturalPersonNameIdentifierType": "LEGL"
                }]},
                "geographicAddress": [{
                    "addressType": "HOME",
                    "streetName": "Gedimino pr.",
                    "buildingNumber": "9",
                    "postCode": "01103",
                    "townName": "Vilnius",
                    "country": "LT"
                }],
                "nationalIdentification": {
                    "nationalIdentifier": "P1234567",
                    "nationalIdentifierType": "CCPT",
                    "countryOfIssue": "GB"
                },
                "customerIdentification": "user-1",
                "dateAndPlaceOfBirth": {
                    "dateOfBirth": "1990-02-25",
                    "placeOfBirth": country("GB").name()
                },
                "countryOfResidence": "LT"
            },
            "accountNumber": [TO]
        }]},
        "beneficiaryVASP": { "beneficiaryVASP": { "legalPerson": {
            "name": { "nameIdentifier": [{
                "legalPersonName": "Florin UAB",
                "legalPersonNameIdentifierType": "LEGL"
            }]},
            "nationalIdentification": { "nationalIdentifier": LEI, "nationalIdentifierType": "LEIX" },
            "countryOfRegistration": "LT"
        }}},
        "payloadMetadata": { "payloadVersion": "101.2023" }
    });
    assert_eq!(payload, expected);
}

#[test]
fn a_company_is_the_originator() {
    let mut details = Details { company_name: text("Acme"), vat_id: text("DE123456789"), ..nobody() };
    let legal = |details: &Details| {
        json_of(&explain(details).unwrap())["originator"]["originatorPerson"][0]["legalPerson"].clone()
    };
    let person = legal(&details);
    assert_eq!(person["name"]["nameIdentifier"][0]["legalPersonName"], "Acme");
    let national = json!({
        "nationalIdentifier": "DE123456789",
        "nationalIdentifierType": "TXID",
        "registrationAuthority": "RA888888"
    });
    assert_eq!(person["nationalIdentification"], national);
    assert_eq!(person.get("geographicAddress"), None);

    // The country counts by itself, an address when it is whole.
    details = Details { country: Some(country("DE")), city: text("Köln"), ..details };
    let person = legal(&details);
    assert_eq!(person["countryOfRegistration"], "DE");
    assert_eq!(person.get("geographicAddress"), None);
    details = Details { street: text("Domkloster 4"), post_code: text("50667"), ..details };
    assert_eq!(legal(&details)["geographicAddress"][0]["addressType"], "GEOG");
}

#[test]
fn the_owner_needs_no_person() {
    for details in [
        Details { i_am_owner_of_wallet: true, ..nobody() },
        Details { i_am_owner_of_wallet: true, company_name: text("Acme"), ..jane() },
    ] {
        let payload = json_of(&explain(&details).unwrap());
        let originator = &payload["originator"]["originatorPerson"][0];
        let beneficiary = &payload["beneficiary"]["beneficiaryPerson"][0];
        assert_eq!(originator["naturalPerson"], beneficiary["naturalPerson"]);
        assert_eq!(
            (&originator["accountNumber"], &beneficiary["accountNumber"]),
            (&json!([FROM]), &json!([TO]))
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    use ExplainError::{Missing, PersonAndCompany};
    use Field as F;
    let address = [F::City, F::Street, F::PostCode, F::Country];
    let whole = [&[F::FirstName, F::LastName][..], &address].concat();
    let company = Details { company_name: text("Acme"), vat_id: text("DE1"), ..nobody() };
    for (details, error) in [
        (nobody(), Missing(whole)),
        (Details { first_name: None, ..jane() }, Missing(vec![F::FirstName])),
        (Details { last_name: None, ..jane() }, Missing(vec![F::LastName])),
        (Details { city: None, ..jane() }, Missing(vec![F::City])),
        (Details { street: None, ..jane() }, Missing(vec![F::Street])),
        (Details { post_code: None, ..jane() }, Missing(vec![F::PostCode])),
        (Details { country: None, ..jane() }, Missing(vec![F::Country])),
        (Details { country: None, last_name: None, ..jane() }, Missing(vec![F::LastName, F::Country])),
        (Details { first_name: text("Jane"), last_name: text("Doe"), ..nobody() }, Missing(address.to_vec())),
        (Details { company_name: None, ..company.clone() }, Missing(vec![F::CompanyName])),
        (Details { vat_id: None, ..company.clone() }, Missing(vec![F::VatId])),
        (Details { first_name: text("Jane"), ..company.clone() }, PersonAndCompany),
        (Details { vat_id: text("DE1"), ..jane() }, PersonAndCompany),
    ] {
        assert_eq!(explain(&details), Err(error));
    }
    let error = explain(&Details { city: None, post_code: None, ..jane() }).unwrap_err();
    assert_eq!(error.to_string(), "lacks city, postCode");
}

#[test]
fn a_provider_is_named_for_a_custodial_wallet_only() {
    for (wallet_type, is_named) in [(WalletType::Custodial, true), (WalletType::SelfCustody, false)] {
        let details = Details { wallet_type, vasp_name: text("Exchange"), ..jane() };
        let payload = json_of(&explain(&details).unwrap());
        let name = payload
            .pointer("/originatingVASP/originatingVASP/legalPerson/name/nameIdentifier/0/legalPersonName");
        assert_eq!(name.is_some(), is_named);
    }
    let unnamed = Details { wallet_type: WalletType::Custodial, ..jane() };
    assert_eq!(json_of(&explain(&unnamed).unwrap()).get("originatingVASP"), None);
}

#[test]
fn a_withdrawal_is_explained_by_its_request() {
    let (user, operator) = (user(), operator());
    for (receiver_type, pointer) in [
        (ReceiverType::Natural, "/naturalPerson/name/nameIdentifier/0/primaryIdentifier"),
        (ReceiverType::Legal, "/legalPerson/name/nameIdentifier/0/legalPersonName"),
    ] {
        let payload = explain_withdrawal(&Withdrawal {
            originator: &user,
            receiver_type,
            name: &Text::parse("Jane Doe").unwrap(),
            wallet_address: TO,
            operator: Some(&operator),
        });
        assert_eq!(check(&payload, date(TODAY)), []);
        let payload = json_of(&payload);
        let receiver = &payload["beneficiary"]["beneficiaryPerson"][0];
        assert_eq!(receiver.pointer(pointer), Some(&json!("Jane Doe")));
        assert_eq!(receiver["accountNumber"], json!([TO]));
        assert!(payload.get("originatingVASP").is_some() && payload.get("beneficiaryVASP").is_none());
        let sender = &payload["originator"]["originatorPerson"][0]["naturalPerson"];
        assert_eq!(sender["name"]["nameIdentifier"][0]["primaryIdentifier"], "Lovelace");
    }
}

#[test]
fn other_scripts_are_transliterated_and_kept() {
    let details = Details { first_name: text("信利"), last_name: text("吴"), ..jane() };
    let payload = json_of(&explain(&details).unwrap());
    let name = &payload["originator"]["originatorPerson"][0]["naturalPerson"]["name"];
    assert_eq!(name["nameIdentifier"][0]["primaryIdentifier"], "Wu");
    assert_eq!(name["localNameIdentifier"][0]["primaryIdentifier"], "吴");
    assert_eq!(name["localNameIdentifier"][0]["secondaryIdentifier"], "信利");
    assert_eq!(payload["payloadMetadata"]["transliterationMethod"], json!(["othr"]));
}

#[test]
fn what_does_not_fit_its_element_is_an_address_line() {
    let long = |letter: char, count: usize| letter.to_string().repeat(count);
    let details = Details {
        street: text(&long('s', 140)),
        city: text(&long('c', 100)),
        post_code: text(&long('p', 30)),
        ..jane()
    };
    let payload = json_of(&explain(&details).unwrap());
    let address = &payload["originator"]["originatorPerson"][0]["naturalPerson"]["geographicAddress"][0];
    let lines = json!([long('s', 70), long('s', 70), long('c', 70), long('c', 30), long('p', 30)]);
    assert_eq!(address["addressLine"], lines);
    assert_eq!((&address["townName"], &address["postCode"]), (&json!(long('c', 35)), &json!(long('p', 16))));
}

#[test]
fn kosovo_and_an_unknown_place_of_birth_are_the_unknown_country() {
    let person = Person {
        first_name: "Ada".to_owned(),
        last_name: "Krasniqi".to_owned(),
        address: Some(PostalAddress {
            street: "Rruga 1".to_owned(),
            number: None,
            city: "Prishtina".to_owned(),
            post_code: None,
            country: country("XK"),
        }),
        birth: Some(Birth { date: date("1990-02-25"), country: None }),
        national_id: None,
    };
    let party = Party { customer_id: "user-2".to_owned(), identity: Identity::Person(person) };
    let details = Details { i_am_owner_of_wallet: true, ..nobody() };
    let deposit = Deposit { details: &details, beneficiary: &party, from: &[], to: TO, operator: None };
    let payload = explain_deposit(&deposit).unwrap();
    assert_eq!(check(&payload, date(TODAY)), []);
    let natural = &json_of(&payload)["beneficiary"]["beneficiaryPerson"][0]["naturalPerson"];
    assert_eq!(natural["countryOfResidence"], "XX");
    assert_eq!(natural["dateAndPlaceOfBirth"]["placeOfBirth"], "XX");
}

#[test]
fn debug_shows_nobody() {
    let payload = explain(&jane()).unwrap();
    assert_eq!(format!("{payload:?} {:?} {:?}", jane(), user()), "IdentityPayload(…) Details(…) Party(…)");
}

fn any_text<const MAX: usize>() -> impl Strategy<Value = Option<Text<MAX>>> {
    prop_oneof![any::<String>(), "\\PC{1,200}", "[ -~]{0,200}"].prop_map(|text| Text::parse(&text).ok())
}

fn any_country() -> impl Strategy<Value = Country> {
    let all: Vec<Country> = Country::all().collect();
    prop::sample::select(all)
}

prop_compose! {
    fn any_details()(
        is_custodial in any::<bool>(),
        owner in prop::bool::weighted(0.1),
        (first_name, last_name, company_name, vasp_name) in (any_text(), any_text(), any_text(), any_text()),
        (city, street, post_code, vat_id) in (any_text(), any_text(), any_text(), any_text()),
        country in prop::option::weighted(0.9, any_country()),
        kind in 0..3,
    ) -> Details {
        Details {
            wallet_type: if is_custodial { WalletType::Custodial } else { WalletType::SelfCustody },
            i_am_owner_of_wallet: owner,
            first_name: first_name.filter(|_| kind != 1),
            last_name: last_name.filter(|_| kind != 1),
            company_name: company_name.filter(|_| kind != 0),
            vat_id: vat_id.filter(|_| kind != 0),
            city, street, post_code, country, vasp_name,
        }
    }
}

prop_compose! {
    fn any_party()(
        texts in prop::collection::vec("\\PC{0,200}", 7),
        country in any_country(),
        number in prop::option::of("\\PC{0,40}"),
        is_person in any::<bool>(),
    ) -> Party {
        let address = Some(PostalAddress {
            street: texts[0].clone(),
            number,
            city: texts[1].clone(),
            post_code: Some(texts[2].clone()),
            country,
        });
        let identity = if is_person {
            Identity::Person(Person {
                first_name: texts[3].clone(),
                last_name: texts[4].clone(),
                address,
                birth: Some(Birth { date: date("1990-02-25"), country: Some(country) }),
                national_id: None,
            })
        } else {
            let id = Some(florin_travel::CompanyId::Tax(texts[5].clone()));
            Identity::Company(Company { name: texts[3].clone(), address, id, country: Some(country) })
        };
        Party { customer_id: texts[6].clone(), identity }
    }
}

proptest! {
    #[test]
    fn whatever_is_explained_conforms(
        details in any_details(),
        party in any_party(),
        address in "\\PC{0,600}",
        name in any_text(),
    ) {
        let deposit = Deposit {
            details: &details, beneficiary: &party, from: &[&address], to: &address, operator: None,
        };
        match explain_deposit(&deposit) {
            Ok(payload) => prop_assert_eq!(check(&payload, date(TODAY)), []),
            Err(ExplainError::Missing(fields)) => prop_assert!(!fields.is_empty()),
            Err(ExplainError::PersonAndCompany) => prop_assert!(!details.i_am_owner_of_wallet),
        }
        if let Some(name) = &name {
            for receiver_type in [ReceiverType::Natural, ReceiverType::Legal] {
                let payload = explain_withdrawal(&Withdrawal {
                    originator: &party, receiver_type, name, wallet_address: &address, operator: None,
                });
                prop_assert_eq!(check(&payload, date(TODAY)), []);
                let text = serde_json::to_string(&payload).unwrap();
                prop_assert_eq!(serde_json::from_str::<IdentityPayload>(&text).ok(), Some(payload));
            }
        }
    }
}
