//! Every answer of every test is checked against the OpenAPI document: [`super::Call::send`] hands each one over.
//!
//! An answer of a documented call has a documented status, type, body, headers and, where it is a refusal, code. An
//! answer outside of the table (404, 405) has the error envelope. A request that was answered 2xx fits the documented
//! request: else the document is narrower than the server.

use super::Answer;
use super::schema::{Strictness, misfits, resolved, validator};
use florin_api::kit::request::query::path_segment;
use florin_api::kit::settings::Environment;
use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

const JSON: &str = "application/json";

/// The schema of a refusal, for answers of no documented call.
const ENVELOPE: &str = "#/components/schemas/ApiError";

/// The schema of a P403, where it can come of a call that documents none.
const VALIDATION_ERROR: &str = "#/components/schemas/ValidationError";

/// Paths that a live server does not have.
const SANDBOX: &str = "/v1/sandbox/";

/// Pages for people, which are no calls of the API.
const PAGES: &str = "/pay/";

/// Any call of a sandbox takes the header `x-sandbox-fault`, which only the introduction describes, and refuses a wrong
/// value of it with P403.
const FAULT_HEADER: &str = "x-sandbox-fault must be";

/// Headers of HTTP itself and of the browser's rules, which the document does not list.
const UNLISTED_HEADERS: [&str; 7] = [
    "allow",
    "cache-control",
    "content-length",
    "content-security-policy",
    "content-type",
    "referrer-policy",
    "x-content-type-options",
];

/// A request with its answer.
pub struct Exchange<'a> {
    pub environment: Environment,
    pub method: &'a Method,
    /// With the query.
    pub path: &'a str,
    /// The content type and the body.
    pub body: Option<(&'a str, &'a [u8])>,
    pub answer: &'a Answer,
}

/// Fails when the document and the exchange disagree.
pub fn check(exchange: &Exchange<'_>) {
    let found = Contract::get().disagreements(exchange);
    let Exchange { method, path, answer, .. } = exchange;
    assert!(
        found.is_empty(),
        "{method} {path} and openapi.json disagree:\n  {}\nanswer: {} {}",
        found.join("\n  "),
        answer.status,
        String::from_utf8_lossy(&answer.body),
    );
}

/// The OpenAPI document, and the validators that were needed so far.
pub struct Contract {
    pub document: Value,
    /// By the text of the schema: most are one reference.
    validators: Mutex<HashMap<(String, Strictness), Arc<Validator>>>,
}

impl Contract {
    /// The document of this build, made once.
    pub fn get() -> &'static Self {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(|| {
            let text = florin_api::openapi::document_text().expect("a document");
            let document = serde_json::from_str(&text).expect("the document is JSON");
            Self { document, validators: Mutex::default() }
        })
    }

    /// Why a value does not fit a schema of the document.
    pub fn misfits(&self, schema: &Value, strictness: Strictness, value: &Value) -> Vec<String> {
        let key = (schema.to_string(), strictness);
        let mut known = self.validators.lock().expect("no test thread has panicked with it");
        let make = || Arc::new(validator(&self.document, schema, strictness));
        let made = Arc::clone(known.entry(key).or_insert_with(make));
        drop(known);
        misfits(&made, value)
    }

    /// What in this exchange is not as the document says.
    pub fn disagreements(&self, exchange: &Exchange<'_>) -> Vec<String> {
        let (path, query) = exchange.path.split_once('?').unwrap_or((exchange.path, ""));
        let answer = exchange.answer;
        if path.starts_with(PAGES) {
            return Vec::new();
        }
        let Some(template) = self.template(path) else {
            // A test can mount routes of its own beside those of the API.
            let is_ours = path.starts_with("/v1");
            return match answer.status {
                404 => self.refused(answer, "P404"),
                200..400 if !is_ours => Vec::new(),
                _ if !is_ours => self.refused(answer, &answer.code()),
                status => vec![format!("{status} for a path that is not documented")],
            };
        };
        if exchange.environment == Environment::Live && path.starts_with(SANDBOX) {
            return self.refused(answer, "P404");
        }
        let method = match *exchange.method {
            Method::HEAD => "get".to_owned(),
            ref method => method.as_str().to_ascii_lowercase(),
        };
        let Some(operation) = self.document["paths"][template].get(&method) else {
            return self.refused(answer, "P405");
        };
        // A GET that writes has no HEAD, and the refusal of a HEAD no body.
        if *exchange.method == Method::HEAD && answer.status == 405 {
            return Vec::new();
        }
        if is_wrong_fault(answer) {
            return self.refused_as(VALIDATION_ERROR, answer, "P403");
        }
        let mut found = self.answered(operation, exchange);
        if (200..300).contains(&answer.status) && answer.code().is_empty() {
            found.extend(self.parameters(operation, &values_of(template, path, query)));
            found.extend(self.body(operation, exchange.body));
        }
        found
    }

    /// The documented path that this one is of. As in the router, a literal segment wins over a name.
    fn template(&self, path: &str) -> Option<&str> {
        let names = |template: &str| -> Vec<bool> { template.split('/').map(is_name).collect() };
        let paths = self.document["paths"].as_object().expect("paths").keys();
        paths.map(String::as_str).filter(|template| matches(template, path)).min_by_key(|it| names(it))
    }

    /// An answer that no operation describes: the error envelope with this code.
    fn refused(&self, answer: &Answer, code: &str) -> Vec<String> {
        self.refused_as(ENVELOPE, answer, code)
    }

    fn refused_as(&self, schema: &str, answer: &Answer, code: &str) -> Vec<String> {
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
            return vec![format!("no JSON where {code} was due")];
        };
        let mut found = self.misfits(&json!({ "$ref": schema }), Strictness::Answer, &body);
        let row = florin_api::kit::endpoint::codes::find(code);
        if row.is_none_or(|row| row.status != answer.status || body["errorCode"] != row.code) {
            found.push(format!("not {code}"));
        }
        if answer.header("x-request-id").is_empty() {
            found.push("no x-request-id".to_owned());
        }
        found
    }

    fn answered(&self, operation: &Value, exchange: &Exchange<'_>) -> Vec<String> {
        let answer = exchange.answer;
        let status = answer.status.to_string();
        let Some(response) = operation["responses"].get(&status) else {
            return vec![format!("status {status} is not documented")];
        };
        let response = resolved(&self.document, response);
        let mut found = self.headers(response, answer);
        let content_type = answer.header("content-type").split(';').next().unwrap_or_default().trim();
        let Some(content) = response["content"].get(content_type) else {
            found.push(format!("{status} of type {content_type:?} is not documented"));
            return found;
        };
        if *exchange.method == Method::HEAD {
            return found;
        }
        let body = match content_type {
            JSON => serde_json::from_slice(&answer.body),
            _ => Ok(answer.text().into()),
        };
        let Ok(body) = body else {
            found.push("the body is not JSON".to_owned());
            return found;
        };
        found.extend(self.misfits(&content["schema"], Strictness::Answer, &body));
        let code = answer.code();
        if !code.is_empty() && !self.codes(content).contains(&code) {
            found.push(format!("code {code} is not documented for {status}"));
        }
        found
    }

    /// The codes of refusals that the examples of a response show.
    fn codes(&self, content: &Value) -> BTreeSet<String> {
        let examples = content["examples"].as_object().into_iter().flat_map(|examples| examples.values());
        let codes = examples.filter_map(|one| resolved(&self.document, one)["value"]["errorCode"].as_str());
        codes.map(str::to_owned).collect()
    }

    fn headers(&self, response: &Value, answer: &Answer) -> Vec<String> {
        let empty = serde_json::Map::new();
        let documented = response["headers"].as_object().unwrap_or(&empty);
        let mut found = Vec::new();
        for (name, value) in &answer.headers {
            let known = documented.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.as_str()));
            match known {
                Some((_, header)) => {
                    let schema = &resolved(&self.document, header)["schema"];
                    let text = value.to_str().expect("a header is text");
                    found.extend(self.misfits_of_text(schema, text, name.as_str()));
                }
                None if UNLISTED_HEADERS.contains(&name.as_str()) => {}
                None => found.push(format!("header {name} is not documented for {}", answer.status)),
            }
        }
        for (name, header) in documented {
            let is_required = resolved(&self.document, header)["required"] == true || name == "x-request-id";
            if is_required && answer.header(&name.to_ascii_lowercase()).is_empty() {
                found.push(format!("no header {name}"));
            }
        }
        found
    }

    /// Whether the parameters of a call that worked are those that the document allows.
    fn parameters(&self, operation: &Value, given: &HashMap<String, String>) -> Vec<String> {
        let mut found = Vec::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(&self.document, parameter);
            let name = parameter["name"].as_str().expect("a name");
            match given.get(name) {
                Some(value) => found.extend(self.misfits_of_text(&parameter["schema"], value, name)),
                None if parameter["required"] == true => found.push(format!("done without {name}")),
                None => {}
            }
        }
        found
    }

    fn body(&self, operation: &Value, body: Option<(&str, &[u8])>) -> Vec<String> {
        let documented = &operation["requestBody"];
        let Some((content_type, body)) = body else {
            let is_needed = documented["required"] == true;
            return is_needed.then(|| "done without a body".to_owned()).into_iter().collect();
        };
        let Some(content) = documented["content"].get(JSON).filter(|_| content_type.starts_with(JSON)) else {
            return Vec::new();
        };
        let body: Value = serde_json::from_slice(body).expect("done, so it is JSON");
        let found = self.misfits(&content["schema"], Strictness::Request, &body);
        found.into_iter().map(|why| format!("done, though the request does not fit {why}")).collect()
    }

    /// A parameter or header is text, whatever its schema's type is.
    fn misfits_of_text(&self, schema: &Value, text: &str, name: &str) -> Vec<String> {
        let value = match schema["type"].as_str() {
            Some("integer" | "number" | "boolean") => serde_json::from_str(text).unwrap_or(Value::Null),
            _ => text.into(),
        };
        let found = self.misfits(schema, Strictness::Request, &value);
        found.into_iter().map(|why| format!("{name} {why}")).collect()
    }
}

/// A segment of a template that stands for any value.
fn is_name(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

fn is_wrong_fault(answer: &Answer) -> bool {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    body.is_some_and(|body| body["errorMessage"].as_str().is_some_and(|text| text.starts_with(FAULT_HEADER)))
}

fn matches(template: &str, path: &str) -> bool {
    let fits = |(template, given): (&str, &str)| template == given || is_name(template) && !given.is_empty();
    template.split('/').count() == path.split('/').count()
        && template.split('/').zip(path.split('/')).all(fits)
}

/// The values of a request's path and query by name. An empty parameter is an absent one.
fn values_of(template: &str, path: &str, query: &str) -> HashMap<String, String> {
    let segments = template.split('/').zip(path.split('/')).filter(|(name, _)| is_name(name));
    let named = segments
        .filter_map(|(name, raw)| Some((name.trim_matches(['{', '}']).to_owned(), path_segment(raw)?)));
    let given = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    given.filter(|(_, value)| !value.is_empty()).chain(named).collect()
}
