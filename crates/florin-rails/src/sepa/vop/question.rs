//! The request: under which name, or which identification, should which account be held?

use super::MAX_NAME;
use florin_types::{Bic, Iban, Text};
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use thiserror::Error;

/// Longest identification of another kind than LEI and BIC, by the form.
const MAX_IDENTIFICATION: usize = 256;

/// Longest name of a kind of identification, and of who gives it out, by the form.
const MAX_SCHEME: usize = 35;

/// Longest code of a kind of identification: ISO's external code sets have four characters.
const MAX_CODE: usize = 4;

/// Longest remittance information, by the form.
const MAX_REMITTANCE: usize = 140;

/// Why a body is no request. The text is for the bank that sent it; it names no value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct QuestionError(String);

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name under which the account should be held.
    pub name: Option<Text<MAX_NAME>>,
    /// What else should identify its holder. There is a name, an identification, or both.
    pub identification: Option<Identification>,
    /// The account.
    pub iban: Iban,
    /// The bank that is asked.
    pub agent: Bic,
    /// The bank that asks.
    pub asked_by: Bic,
    /// What the payer has written about the payment.
    pub remittance: Option<Text<MAX_REMITTANCE>>,
}

/// What identifies an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identification {
    /// A legal entity identifier (ISO 17442).
    Lei(String),
    /// A BIC of its own.
    Bic(Bic),
    /// Another one, such as a VAT number.
    Other {
        /// The value.
        value: Text<MAX_IDENTIFICATION>,
        /// Of which kind it is.
        scheme: Option<Scheme>,
        /// Who gave it out.
        issuer: Option<Text<MAX_SCHEME>>,
    },
}

/// A kind of identification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// A code of ISO's `ExternalOrganisationIdentification1Code`, such as TXID.
    Code(Text<MAX_CODE>),
    /// The banks' own.
    Proprietary(Text<MAX_SCHEME>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    party: PartyBody,
    party_account: AccountBody,
    party_agent: AgentBody,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unstructured_remittance_information: Option<Vec<String>>,
    requesting_agent: AgentBody,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PartyBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identification: Option<IdentificationBody>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IdentificationBody {
    organisation_id: OrganisationBody,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OrganisationBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lei: Option<String>,
    #[serde(default, rename = "anyBIC", skip_serializing_if = "Option::is_none")]
    any_bic: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    others: Option<Vec<OtherBody>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OtherBody {
    identification: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scheme_name_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scheme_name_proprietary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccountBody {
    iban: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AgentBody {
    financial_institution_id: InstitutionBody,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InstitutionBody {
    bicfi: String,
}

impl Question {
    /// Reads a request.
    ///
    /// # Errors
    /// [`QuestionError`] names the field that is wrong.
    pub fn parse(body: &[u8]) -> Result<Self, QuestionError> {
        let body: Body = serde_json::from_slice(body).map_err(|error| QuestionError(explain(&error)))?;
        let name = body.party.name.as_deref().map(|name| text("party.name", name)).transpose()?;
        let identification = body.party.identification.map(Identification::of_body).transpose()?;
        if name.is_none() && identification.is_none() {
            return Err(QuestionError("party must have a name or an identification".to_owned()));
        }
        let remittance = match body.unstructured_remittance_information.as_deref() {
            None | Some([]) => None,
            Some([one]) => Some(text("unstructuredRemittanceInformation", one)?),
            Some(_) => return Err(wrong("unstructuredRemittanceInformation", "can have one entry")),
        };
        let AccountBody { iban } = body.party_account;
        Ok(Self {
            name,
            identification,
            iban: Iban::parse(&iban).map_err(|error| wrong("partyAccount.iban", error))?,
            agent: body.party_agent.parse("partyAgent")?,
            asked_by: body.requesting_agent.parse("requestingAgent")?,
            remittance,
        })
    }

    /// The body of a request.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let body = Body {
            party: PartyBody {
                name: self.name.as_ref().map(|name| name.as_str().to_owned()),
                identification: self.identification.as_ref().map(Identification::to_body),
            },
            party_account: AccountBody { iban: self.iban.as_str().to_owned() },
            party_agent: AgentBody::of(&self.agent),
            unstructured_remittance_information: self
                .remittance
                .as_ref()
                .map(|remittance| vec![remittance.as_str().to_owned()]),
            requesting_agent: AgentBody::of(&self.asked_by),
        };
        // Texts into memory: nothing can fail.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl Identification {
    fn of_body(body: IdentificationBody) -> Result<Self, QuestionError> {
        const FIELD: &str = "party.identification.organisationId";
        let OrganisationBody { lei, any_bic, others } = body.organisation_id;
        match (lei, any_bic, others.unwrap_or_default().as_mut_slice()) {
            (Some(lei), None, []) => {
                // ISO 17442: 18 letters and digits, and two check digits.
                let is_lei = lei.len() == 20
                    && lei.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
                let error = || wrong(&format!("{FIELD}.lei"), "must be 20 capital letters and digits");
                if is_lei { Ok(Self::Lei(lei)) } else { Err(error()) }
            }
            (None, Some(bic), []) => {
                Bic::parse(&bic).map(Self::Bic).map_err(|error| wrong(&format!("{FIELD}.anyBIC"), error))
            }
            (None, None, [other]) => Self::of_other(other, &format!("{FIELD}.others")),
            _ => Err(wrong(FIELD, "must have exactly one of lei, anyBIC and one entry of others")),
        }
    }

    fn of_other(other: &OtherBody, field: &str) -> Result<Self, QuestionError> {
        let scheme = match (&other.scheme_name_code, &other.scheme_name_proprietary) {
            (None, None) => None,
            (Some(code), None) => Some(Scheme::Code(text(&format!("{field}.schemeNameCode"), code)?)),
            (None, Some(own)) => {
                Some(Scheme::Proprietary(text(&format!("{field}.schemeNameProprietary"), own)?))
            }
            (Some(_), Some(_)) => {
                return Err(wrong(field, "can have one of schemeNameCode and schemeNameProprietary"));
            }
        };
        let issuer = other.issuer.as_deref().map(|issuer| text(&format!("{field}.issuer"), issuer));
        let value = text(&format!("{field}.identification"), &other.identification)?;
        Ok(Self::Other { value, scheme, issuer: issuer.transpose()? })
    }

    fn to_body(&self) -> IdentificationBody {
        let organisation_id = match self {
            Self::Lei(lei) => OrganisationBody { lei: Some(lei.clone()), ..OrganisationBody::default() },
            Self::Bic(bic) => {
                OrganisationBody { any_bic: Some(bic.as_str().to_owned()), ..OrganisationBody::default() }
            }
            Self::Other { value, scheme, issuer } => {
                let (code, own) = match scheme {
                    None => (None, None),
                    Some(Scheme::Code(code)) => (Some(code.as_str().to_owned()), None),
                    Some(Scheme::Proprietary(own)) => (None, Some(own.as_str().to_owned())),
                };
                let other = OtherBody {
                    identification: value.as_str().to_owned(),
                    scheme_name_code: code,
                    scheme_name_proprietary: own,
                    issuer: issuer.as_ref().map(|issuer| issuer.as_str().to_owned()),
                };
                OrganisationBody { others: Some(vec![other]), ..OrganisationBody::default() }
            }
        };
        IdentificationBody { organisation_id }
    }
}

impl AgentBody {
    fn of(bic: &Bic) -> Self {
        Self { financial_institution_id: InstitutionBody { bicfi: bic.as_str().to_owned() } }
    }

    fn parse(&self, field: &str) -> Result<Bic, QuestionError> {
        let bic = Bic::parse(&self.financial_institution_id.bicfi);
        bic.map_err(|error| wrong(&format!("{field}.financialInstitutionId.bicfi"), error))
    }
}

fn text<const MAX: usize>(field: &str, text: &str) -> Result<Text<MAX>, QuestionError> {
    Text::parse(text).map_err(|error| wrong(field, error))
}

fn wrong(field: &str, why: impl Display) -> QuestionError {
    QuestionError(format!("{field} {why}"))
}

/// The message of a JSON error. That of a wrong type repeats the value, which may be a name, so only its place is told.
pub(super) fn explain(error: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    let text = error.to_string();
    let is_of_fields = ["missing field", "unknown field", "duplicate field"];
    match error.classify() {
        serde_json::error::Category::Data if is_of_fields.iter().any(|start| text.starts_with(start)) => {
            // An unknown field is the sender's own word, so it is cut.
            text.chars().take(MAX_NAME).collect()
        }
        serde_json::error::Category::Data => format!("the body has a value of the wrong type at {place}"),
        _ => format!("the body is not JSON: {place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn usual() -> Value {
        json!({
            "party": {"name": "Ada Lovelace"},
            "partyAccount": {"iban": "DE89370400440532013000"},
            "partyAgent": {"financialInstitutionId": {"bicfi": "COBADEFF"}},
            "requestingAgent": {"financialInstitutionId": {"bicfi": "HABALT22XXX"}},
        })
    }

    fn parse(body: &Value) -> Result<Question, String> {
        Question::parse(body.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_request_is_read_and_written_the_same() {
        let party = |party: Value| {
            let mut body = usual();
            body["party"] = party;
            body
        };
        let organisation = |id: Value| party(json!({"identification": {"organisationId": id}}));
        let mut with_remittance = usual();
        with_remittance["unstructuredRemittanceInformation"] = json!(["Invoice 7"]);
        for body in [
            usual(),
            with_remittance,
            organisation(json!({"lei": "529900T8BM49AURSDO55"})),
            organisation(json!({"anyBIC": "HABALT22"})),
            organisation(json!({"others": [{"identification": "LT123", "schemeNameCode": "TXID"}]})),
            organisation(json!({"others": [
                {"identification": "1", "schemeNameProprietary": "KVK", "issuer": "Kamer van Koophandel"}
            ]})),
            party(json!({"name": "Ada", "identification": {"organisationId": {"anyBIC": "HABALT22"}}})),
        ] {
            let question = parse(&body).expect("a request");
            assert_eq!(question.asked_by.as_str(), "HABALT22");
            assert_eq!(Question::parse(&question.to_json()), Ok(question));
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_no_value_repeated() {
        let change = |pointer: &str, value: Value| {
            let mut body = usual();
            let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
            body.pointer_mut(parent).expect("an object")[field] = value;
            body
        };
        let id = |value: Value| change("/party/identification", json!({"organisationId": value}));
        for (body, said) in [
            (change("/party/name", json!("")), "party.name"),
            (change("/party/name", json!("a\u{7}b")), "party.name"),
            (change("/party/name", json!("A".repeat(141))), "party.name"),
            (change("/party/name", json!(7)), "wrong type"),
            (change("/party", json!({})), "party must have a name or an identification"),
            (change("/party/nickname", json!("Secret")), "unknown field `nickname`"),
            (change("/more", json!(1)), "unknown field `more`"),
            (change("/partyAccount", json!({})), "missing field `iban`"),
            (change("/partyAccount/iban", json!("DE89370400440532013001")), "partyAccount.iban has wrong"),
            (change("/partyAccount/iban", json!(["Secret"])), "wrong type"),
            (
                change("/partyAgent", json!({"financialInstitutionId": {"bicfi": "X"}})),
                "partyAgent.financial",
            ),
            (change("/requestingAgent", json!("Secret")), "wrong type"),
            (change("/unstructuredRemittanceInformation", json!(["a", "b"])), "can have one entry"),
            (id(json!({})), "must have exactly one of lei"),
            (id(json!({"lei": "529900T8BM49AURSDO5"})), "organisationId.lei must be 20"),
            (id(json!({"lei": "529900T8BM49AURSDO55", "anyBIC": "HABALT22"})), "must have exactly one"),
            (id(json!({"anyBIC": "HABA"})), "organisationId.anyBIC must be a BIC"),
            (id(json!({"others": [{"identification": "1", "schemeNameCode": "TXIDX"}]})), "schemeNameCode"),
            (
                id(json!({"others": [
                    {"identification": "1", "schemeNameCode": "TXID", "schemeNameProprietary": "x"}
                ]})),
                "can have one of",
            ),
        ] {
            let error = parse(&body).expect_err(said);
            assert!(error.contains(said), "{body}: {error}");
            assert!(!error.contains("Secret"), "{error}");
        }
        for body in ["", "[]", "null", "{", "{}", "\u{feff}{}", "{\"party\":{},\"party\":{}}", "\"Secret\""] {
            let error = Question::parse(body.as_bytes()).expect_err(body).to_string();
            assert!(!error.contains("Secret"), "{error}");
        }
        let deep = "[".repeat(100_000);
        assert!(Question::parse(deep.as_bytes()).is_err());
        assert!(Question::parse(b"\xff\xfe").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>(), name in "\\PC{0,200}", iban in "[A-Z0-9 ]{0,40}") {
            let _ = Question::parse(&bytes);
            let mut body = usual();
            body["party"]["name"] = json!(name);
            body["partyAccount"]["iban"] = json!(iban);
            if let Ok(question) = parse(&body) {
                prop_assert_eq!(Question::parse(&question.to_json()), Ok(question));
            }
        }
    }
}
