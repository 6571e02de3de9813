//! Pages of lists: newest first, an opaque cursor that can't be forged or carried to another list.

use crate::kit::app::App;
use crate::kit::endpoint::refusal::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use std::borrow::Cow;
use subtle::ConstantTimeEq;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// Bytes of the proof in a cursor: 128 bits.
const PROOF_BYTES: usize = 16;

/// A page of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items, newest first.
    pub data: Vec<T>,
    /// Give it as `cursor` to get the next page; null where there is none.
    pub next_cursor: Option<String>,
}

// By hand: the derived one of a generic type does not bring the item's own schema along.
impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new()
            .items(Ref::from_schema_name(T::name()))
            .description(Some("The items, newest first."));
        let cursor = ObjectBuilder::new()
            .schema_type([Type::String, Type::Null].into_iter().collect::<SchemaType>())
            .description(Some("Give it as `cursor` to get the next page; null where there is none."));
        ObjectBuilder::new()
            .description(Some("A page of a list."))
            .property("data", items)
            .property("nextCursor", cursor)
            .required("data")
            .required("nextCursor")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

impl App {
    /// Makes a cursor of a place in `list`, a text that names the list and whose it is.
    pub fn cursor(&self, list: &str, place: &[u8]) -> String {
        let mut bytes = self.proof(list, place).to_vec();
        bytes.extend_from_slice(place);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a cursor of this list names.
    ///
    /// # Errors
    /// P403 for a cursor that is damaged, or of another list.
    pub fn place_of(&self, list: &str, cursor: &str) -> Result<Vec<u8>, Refusal> {
        let damaged = || Refusal::invalid("cursor is not one that this list gave");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| damaged())?;
        let (proof, place) = bytes.split_at_checked(PROOF_BYTES).ok_or_else(damaged)?;
        match bool::from(self.proof(list, place).ct_eq(proof)) {
            true => Ok(place.to_vec()),
            false => Err(damaged()),
        }
    }

    fn proof(&self, list: &str, place: &[u8]) -> [u8; PROOF_BYTES] {
        let mut hasher = blake3::Hasher::new_keyed(&self.store.derive_key("florin 2026 cursors v1"));
        hasher.update(&(list.len() as u64).to_be_bytes()).update(list.as_bytes()).update(place);
        let mut proof = [0; PROOF_BYTES];
        hasher.finalize_xof().fill(&mut proof);
        proof
    }
}
