//! Validators for the JSON schemas of the OpenAPI and AsyncAPI documents.

use florin_types::Timestamp;
use jsonschema::Validator;
use serde_json::{Value, json};

/// Keywords whose schemas describe the same value as the schema that they stand in.
const SAME_PLACE: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const CONDITIONS: [&str; 3] = ["if", "then", "else"];

/// Which values a validator takes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Strictness {
    /// What the server sends: a field that the schema does not name is an error, and times have milliseconds and a `Z`.
    Answer,
    /// What a client sends, as JSON Schema says: unknown fields are no error.
    Request,
}

/// A validator of one schema of a document, references into `#/components/schemas` included.
pub fn validator(document: &Value, schema: &Value, strictness: Strictness) -> Validator {
    let mut schema = schema.clone();
    let mut components = document["components"]["schemas"].clone();
    if strictness == Strictness::Answer {
        close(&mut schema, true);
        // Closed at the reference, where all schemas of the value are known.
        let named = components.as_object_mut().into_iter().flat_map(|named| named.values_mut());
        named.for_each(|schema| close(schema, false));
    }
    schema["components"] = json!({ "schemas": components });
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    let options = match strictness {
        Strictness::Answer => options.with_format("date-time", is_our_time),
        Strictness::Request => options,
    };
    options.build(&schema).unwrap_or_else(|error| panic!("no JSON schema: {error}: {schema}"))
}

/// Why a value does not fit, with the place in it.
pub fn misfits(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("at \"{}\": {error}", error.instance_path())).collect()
}

/// The schema that a `$ref` names; any other is itself.
pub fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
        Some(place) => document.pointer(place).unwrap_or_else(|| panic!("{place} is not in the document")),
        None => value,
    }
}

/// `2026-11-23T12:00:00.000Z`, and no other way to write that time.
fn is_our_time(text: &str) -> bool {
    Timestamp::parse(text).is_ok_and(|time| time.to_string() == text)
}

/// Forbids fields that the schema does not name. `unevaluatedProperties` counts the fields of all schemas of the same
/// value, so it stands once a value: with `is_whole`.
fn close(schema: &mut Value, is_whole: bool) {
    let Some(fields) = schema.as_object_mut() else { return };
    for (keyword, inner) in fields.iter_mut() {
        match (keyword.as_str(), inner) {
            ("properties", Value::Object(inner)) => inner.values_mut().for_each(|one| close(one, true)),
            ("items" | "additionalProperties", inner) => close(inner, true),
            (word, Value::Array(inner)) if SAME_PLACE.contains(&word) => {
                inner.iter_mut().for_each(|one| close(one, false));
            }
            (word, inner) if CONDITIONS.contains(&word) => close(inner, false),
            _ => {}
        }
    }
    let names_fields =
        ["$ref", "properties"].iter().chain(&SAME_PLACE).any(|word| fields.contains_key(*word));
    if is_whole && names_fields && !fields.contains_key("additionalProperties") {
        fields.insert("unevaluatedProperties".to_owned(), false.into());
    }
}
