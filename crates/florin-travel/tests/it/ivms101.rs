//! The JSON form and the constraints, one by one.

use crate::support::{LEI, TODAY, date};
use florin_travel::Lei;
use florin_travel::ivms101::{IdentityPayload, Rule, check};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The second business example of the standard, with more about its persons from the first.
fn example() -> Value {
    json!({
        "originator": { "originatorPerson": [{
            "naturalPerson": {
                "name": {
                    "nameIdentifier": [{
                        "primaryIdentifier": "Wu",
                        "secondaryIdentifier": "Xinli",
                        "naturalPersonNameIdentifierType": "LEGL"
                    }],
                    "localNameIdentifier": [{
                        "primaryIdentifier": "吴",
                        "secondaryIdentifier": "信利",
                        "nameIdentifierType": "LEGL"
                    }]
                },
                "geographicAddress": [{
                    "addressType": "GEOG",
                    "streetName": "Potential Street",
                    "buildingNumber": "24",
                    "postCode": "91765",
                    "townName": "Walnut",
                    "country": "US"
                }],
                "nationalIdentification": {
                    "nationalIdentifier": "446005",
                    "nationalIdentifierType": "RAID",
                    "registrationAuthority": "RA000553"
                },
                "dateAndPlaceOfBirth": { "dateOfBirth": "1990-02-25", "placeOfBirth": "London" },
                "countryOfResidence": "TZ"
            }
        }]},
        "beneficiary": { "beneficiaryPerson": [{
            "legalPerson": {
                "name": { "nameIdentifier": [
                    { "legalPersonName": "ABC Limited", "legalPersonNameIdentifierType": "LEGL" },
                    { "legalPersonName": "CBA Trading", "legalPersonNameIdentifierType": "TRAD" }
                ]},
                "nationalIdentification": {
                    "nationalIdentifier": "3M5E1GQKGL17HI8CPN20",
                    "nationalIdentifierType": "LEIX"
                }
            },
            "accountNumber": ["00010190CBATRAD"]
        }]},
        "transferPath": { "transferPath": [{
            "intermediaryVASP": { "legalPerson": { "name": { "nameIdentifier": [
                { "legalPersonName": "VASP E", "legalPersonNameIdentifierType": "LEGL" }
            ]}}},
            "sequence": 0
        }]},
        "payloadMetadata": { "transliterationMethod": ["hani"], "payloadVersion": "101.2023" }
    })
}

fn read(value: &Value) -> IdentityPayload {
    serde_json::from_value(value.clone()).unwrap()
}

const PERSON: &str = "/originator/originatorPerson/0/naturalPerson";
const COMPANY: &str = "/beneficiary/beneficiaryPerson/0/legalPerson";

/// The example with one member replaced, or removed by `null`.
fn with(parent: &str, member: &str, value: &Value) -> Value {
    let mut example = example();
    let object = example.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Value::Null => object.remove(member),
        value => object.insert(member.to_owned(), value.clone()),
    };
    example
}

#[test]
fn the_example_conforms_and_is_written_as_it_was_read() {
    let payload = read(&example());
    assert_eq!(check(&payload, date(TODAY)), []);
    assert_eq!(serde_json::to_value(&payload).unwrap(), example());
}

#[test]
fn both_names_of_two_members_are_read() {
    let text = example().to_string();
    let other =
        text.replace("naturalPersonNameIdentifierType", "nameIdentifierType").replace("postCode", "postcode");
    assert_ne!(text, other);
    assert_eq!(serde_json::from_str::<IdentityPayload>(&other).unwrap(), read(&example()));
}

#[test]
fn structures_that_are_refused() {
    let company = example().pointer(COMPANY).unwrap().clone();
    let both = with("/originator/originatorPerson/0", "legalPerson", &company);
    for (value, said) in [
        (both, "either naturalPerson or legalPerson"),
        (with("/beneficiary/beneficiaryPerson/0", "legalPerson", &Value::Null), "either naturalPerson"),
        (with("", "originator", &Value::Null), "missing field `originator`"),
        (with("", "payloadMetadata", &Value::Null), "missing field `payloadMetadata`"),
        (with(PERSON, "customerNumber", &json!("1")), "unknown field `customerNumber`"),
        (with("/payloadMetadata", "payloadVersion", &json!("101.2024")), "unknown variant"),
        (with("/transferPath/transferPath/0", "sequence", &json!(-1)), "invalid value"),
    ] {
        let error = serde_json::from_value::<IdentityPayload>(value).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn each_constraint_names_its_field() {
    let address = format!("{PERSON}/geographicAddress/0");
    let birth = format!("{PERSON}/dateAndPlaceOfBirth");
    let name = format!("{PERSON}/name/nameIdentifier/0");
    let national = format!("{COMPANY}/nationalIdentification");
    let person = PERSON.trim_start_matches('/');
    let none = Value::Null;
    let tax = |authority: Value| {
        let mut id = json!({ "nationalIdentifier": "1", "nationalIdentifierType": "TXID" });
        id["registrationAuthority"] = authority;
        id
    };
    for (parent, member, value, field, rule) in [
        (&birth[..], "dateOfBirth", json!(TODAY), "dateAndPlaceOfBirth.dateOfBirth", Rule::C2),
        (&birth, "dateOfBirth", json!("1990-02-30"), "dateAndPlaceOfBirth.dateOfBirth", Rule::Date),
        (&birth, "placeOfBirth", json!(""), "dateAndPlaceOfBirth.placeOfBirth", Rule::Latin(70)),
        (PERSON, "countryOfResidence", json!("XK"), "countryOfResidence", Rule::C3),
        (PERSON, "countryOfResidence", json!("tz"), "countryOfResidence", Rule::C3),
        (&address, "country", json!("ZZ"), "geographicAddress[0].country", Rule::C3),
        (&name, "naturalPersonNameIdentifierType", json!("ALIA"), "name.nameIdentifier", Rule::C6),
        (&name, "primaryIdentifier", json!("吴"), "nameIdentifier[0].primaryIdentifier", Rule::Latin(100)),
        (&address, "buildingNumber", none.clone(), "geographicAddress[0]", Rule::C8),
        (&address, "addressLine", json!(vec!["x"; 8]), "addressLine", Rule::Many(7)),
        (&address, "addressLine", json!(["x".repeat(71)]), "addressLine[0]", Rule::Latin(70)),
        (&address, "townName", json!("x".repeat(36)), "townName", Rule::Latin(35)),
        (
            &format!("{COMPANY}/name/nameIdentifier/0"),
            "legalPersonNameIdentifierType",
            json!("SHRT"),
            "legalPerson.name.nameIdentifier",
            Rule::C5,
        ),
        (&national, "countryOfIssue", json!("DE"), "countryOfIssue", Rule::C9Country),
        (&national, "registrationAuthority", json!("RA000553"), "registrationAuthority", Rule::C9Authority),
        (&national, "nationalIdentifier", json!("3M5E1GQKGL17HI8CPN2A"), "nationalIdentifier", Rule::C11),
        (COMPANY, "nationalIdentification", tax(none.clone()), "registrationAuthority", Rule::C9Authority),
        (COMPANY, "nationalIdentification", tax(json!("RA1")), "registrationAuthority", Rule::C10),
        (
            &format!("{PERSON}/name/localNameIdentifier/0"),
            "primaryIdentifier",
            json!("吴\n"),
            "localNameIdentifier[0].primaryIdentifier",
            Rule::Local(100),
        ),
        (
            "/beneficiary/beneficiaryPerson/0",
            "accountNumber",
            json!([""]),
            "accountNumber[0]",
            Rule::Latin(512),
        ),
        ("/beneficiary", "beneficiaryPerson", json!([]), "beneficiary.beneficiaryPerson", Rule::None),
        ("/transferPath/transferPath/0", "sequence", json!(1), "transferPath[0].sequence", Rule::C12),
        ("/payloadMetadata", "payloadVersion", json!("101"), "payloadVersion", Rule::Version),
    ] {
        let found = check(&read(&with(parent, member, &value)), date(TODAY));
        let [violation] = &found[..] else { panic!("{parent} {member}: {found:?}") };
        assert!(violation.path.ends_with(field), "{violation}");
        assert_eq!(violation.rule, rule, "{violation}");
    }
    let path = person.replace("/0/", "[0].").replace('/', ".");
    let found = check(&read(&with(PERSON, "countryOfResidence", &json!("ZZ"))), date(TODAY));
    assert_eq!(found[0].path, format!("{path}.countryOfResidence"));
}

/// C7 goes with C9, as a passport has no register.
#[test]
fn a_company_has_no_passport() {
    let national = format!("{COMPANY}/nationalIdentification");
    let found = check(&read(&with(&national, "nationalIdentifierType", &json!("CCPT"))), date(TODAY));
    assert_eq!(found.iter().map(|one| one.rule).collect::<Vec<_>>(), [Rule::C7, Rule::C9Authority]);
}

#[test]
fn an_originator_is_identified_somehow() {
    let remove = |mut value: Value, pointer: &str, members: &[&str]| {
        let object = value.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        for member in members {
            object.remove(*member);
        }
        value
    };
    let ways = ["geographicAddress", "nationalIdentification", "dateAndPlaceOfBirth"];
    let bare = remove(example(), PERSON, &ways);
    let found = check(&read(&bare), date(TODAY));
    assert_eq!(found.iter().map(|one| one.rule).collect::<Vec<_>>(), [Rule::C1]);
    for way in ways {
        let others: Vec<_> = ways.into_iter().filter(|one| *one != way).collect();
        assert_eq!(check(&read(&remove(example(), PERSON, &others)), date(TODAY)), [], "{way}");
    }

    // A company: an address counts as GEOG only. Beneficiaries need nothing.
    let mut company = remove(example(), COMPANY, &["nationalIdentification"]);
    assert_eq!(check(&read(&company), date(TODAY)), []);
    let legal = company.pointer(COMPANY).unwrap().clone();
    company["originator"]["originatorPerson"] = json!([{ "legalPerson": legal }]);
    for (kind, rules) in [("HOME", vec![Rule::C4]), ("BIZZ", vec![Rule::C4]), ("GEOG", vec![])] {
        company["originator"]["originatorPerson"][0]["legalPerson"]["geographicAddress"] =
            json!([{ "addressType": kind, "addressLine": ["1"], "townName": "Santiago", "country": "CL" }]);
        let found = check(&read(&company), date(TODAY));
        assert_eq!(found.iter().map(|one| one.rule).collect::<Vec<_>>(), rules, "{kind}");
    }
}

#[test]
fn providers_are_counted_from_0_in_any_order() {
    let first = example()["transferPath"]["transferPath"][0].clone();
    for (sequence, violations) in [
        (vec![], 0),
        (vec![1, 0, 2], 0),
        (vec![0, 0], 1),
        (vec![0, 2], 1),
        (vec![1, 2], 1),
        (vec![u64::MAX], 1),
    ] {
        let path: Vec<Value> = sequence
            .iter()
            .map(|number| {
                let mut vasp = first.clone();
                vasp["sequence"] = json!(number);
                vasp
            })
            .collect();
        let payload = read(&with("/transferPath", "transferPath", &json!(path)));
        assert_eq!(check(&payload, date(TODAY)).len(), violations, "{sequence:?}");
    }
}

#[test]
fn legal_entity_identifiers() {
    assert_eq!(Lei::parse(LEI).map(|lei| lei.as_str().to_owned()), Ok(LEI.to_owned()));
    for text in [
        "",
        "506700GE1G29325QX364",
        "506700ge1g29325qx363",
        "506700GE1G29325QX36",
        "3M5E1GQKGL17HI8CPN20",
        "506700GE1G29325QX3é",
    ] {
        assert!(Lei::parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), lei in "[0-9A-Z]{18}[0-9]{2}") {
        let _ = Lei::parse(&text);
        let _ = Lei::parse(&lei);
        let _ = serde_json::from_str::<IdentityPayload>(&text);
        for pointer in [PERSON, COMPANY] {
            for member in ["customerIdentification", "countryOfResidence", "countryOfRegistration"] {
                if let Ok(payload) = serde_json::from_value::<IdentityPayload>(with(pointer, member, &json!(text))) {
                    let _ = check(&payload, date(TODAY));
                }
            }
        }
    }
}
