//! A request as it describes itself: its fields in the order in which they are read, as schemas of the OpenAPI
//! document. What numbers, amounts and currencies look like stands here too.

use super::body::Request;
use super::types::text_schema;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};

/// The key under which alternatives stand until the document is written, where it becomes `anyOf`: the builder of
/// object schemas knows no `anyOf` of its own.
pub const ALTERNATIVES: &str = "x-any-of";

/// A field.
#[derive(Clone)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub is_required: bool,
    /// What it means.
    pub about: &'static str,
    /// What it can be; a reference where that is a component.
    pub schema: RefOr<Schema>,
    /// Components that the schema refers to.
    pub named: Vec<(String, RefOr<Schema>)>,
}

impl Property {
    /// A field, whose schema is a component where it has a name.
    pub fn new(
        name: &'static str,
        is_required: bool,
        about: &'static str,
        schema: Schema,
        component: Option<&'static str>,
    ) -> Self {
        let Some(component) = component else {
            return Self { name, is_required, about, schema: schema.into(), named: Vec::new() };
        };
        let mut reference = Ref::from_schema_name(component);
        about.clone_into(&mut reference.description);
        let named = vec![(component.to_owned(), schema.into())];
        Self { name, is_required, about, schema: reference.into(), named }
    }
}

impl Property {
    /// A list of one to `max` requests of a kind.
    pub fn list<R: Request>(name: &'static str, is_required: bool, about: &'static str, max: usize) -> Self {
        let (item, inner) = (Ref::from_schema_name(R::NAME), R::description());
        let list = ArrayBuilder::new().items(item).min_items(Some(1)).max_items(Some(max));
        let schema = Schema::from(list.description(Some(about)));
        let mut named = inner.named();
        named.push((R::NAME.to_owned(), inner.schema(R::ABOUT)));
        Self { name, is_required, about, schema: schema.into(), named }
    }
}

/// The schema of a field that may be `null`.
fn or_null(property: &Property) -> RefOr<Schema> {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    match &property.schema {
        RefOr::T(Schema::Object(object)) => {
            let mut object = object.clone();
            if let SchemaType::Type(kind) = object.schema_type {
                object.schema_type = SchemaType::from_iter([kind, Type::Null]);
            }
            Schema::Object(object).into()
        }
        other => {
            let choice = OneOfBuilder::new().item(other.clone()).item(null);
            choice.description(Some(property.about)).into()
        }
    }
}

/// A request, described.
#[derive(Clone, Default)]
pub struct Description {
    /// Its fields.
    pub properties: Vec<Property>,
    /// Groups of fields of which one must be given.
    pub alternatives: &'static [&'static [&'static str]],
}

impl Description {
    /// Adds a field. A field that is read twice is described once.
    pub fn add(&mut self, property: Property) {
        if !self.properties.iter().any(|known| known.name == property.name) {
            self.properties.push(property);
        }
    }

    /// The request as a schema. An optional field takes `null` too, which counts as absent.
    #[must_use]
    pub fn schema(&self, about: &str) -> RefOr<Schema> {
        let mut object = ObjectBuilder::new().schema_type(Type::Object);
        if !about.is_empty() {
            object = object.description(Some(about));
        }
        for property in &self.properties {
            if property.is_required {
                object = object.property(property.name, property.schema.clone()).required(property.name);
            } else {
                object = object.property(property.name, or_null(property));
            }
        }
        if !self.alternatives.is_empty() {
            let groups: Vec<_> =
                self.alternatives.iter().map(|group| serde_json::json!({ "required": group })).collect();
            object = object.extensions(Some(ExtensionsBuilder::new().add(ALTERNATIVES, groups).build()));
        }
        object.into()
    }

    /// The components that the fields refer to.
    #[must_use]
    pub fn named(&self) -> Vec<(String, RefOr<Schema>)> {
        let named = self.properties.iter().flat_map(|property| property.named.iter().cloned());
        named.collect::<BTreeMap<_, _>>().into_iter().collect()
    }
}

/// A whole number of a range.
pub(super) fn integer_schema(range: &RangeInclusive<i64>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(*range.start())).maximum(Some(*range.end()))
}

/// A currency.
pub(super) fn currency_schema() -> ObjectBuilder {
    text_schema()
        .description(Some(
            "A currency's code, read in any letter case. `GET /v1/reference/currencies` lists them.",
        ))
        .pattern(Some("^[A-Za-z0-9]{2,8}$"))
        .examples(["eur"])
}

/// Digits with a point, above zero; not `007`, `.5`, `5.` or an exponent.
const DECIMAL_PATTERN: &str = r"^([1-9][0-9]*(\.[0-9]+)?|0\.[0-9]*[1-9][0-9]*)$";

/// Longest decimal that is read.
pub(super) const MAX_DECIMAL_CHARACTERS: usize = 64;

/// A decimal above zero, as a text or as a number.
fn positive_schema(about: &str) -> OneOfBuilder {
    let text = text_schema().pattern(Some(DECIMAL_PATTERN)).max_length(Some(MAX_DECIMAL_CHARACTERS));
    let number = ObjectBuilder::new().schema_type(Type::Number).exclusive_minimum(Some(0));
    OneOfBuilder::new().item(text).item(number).description(Some(about))
}

/// An amount.
pub(super) fn amount_schema() -> OneOfBuilder {
    let about = "An amount above zero in whole units of the currency (euros, not cents): `\"12.50\"`. Send a decimal \
                 string. A JSON number is read exactly too, but many languages round it before it is sent. No more \
                 decimals than the currency has (zeros at the end do not count), and no exponent.";
    positive_schema(about).examples(["12.50"])
}

/// A rate.
pub(super) fn rate_schema() -> OneOfBuilder {
    let about = "EUR for one unit of a currency, above zero, with at most 12 decimals. Send a decimal string. A JSON \
                 number is read exactly too.";
    positive_schema(about).examples(["60000.12"])
}
