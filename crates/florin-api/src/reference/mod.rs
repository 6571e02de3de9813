//! Reference data: the calls that show what the contract's section 7 fixes. The tables themselves are in
//! [`crate::kit::tables`], for every family needs them; [`answers`] makes the pages `GET /v1/reference/…` from them.

pub mod answers;
mod routes;

use crate::kit::endpoint::family::Family;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Reference", "Countries, currencies, fees and errors."),
    endpoints: routes::endpoints,
    ..Family::EMPTY
};
