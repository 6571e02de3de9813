//! What a partner says of a link. It is kept under the partner's key, with the link's id, which is a secret.

use super::link::PaymentLink;
use crate::kit::app::App;
use crate::kit::book::{keyed_id, sealed};
use crate::kit::endpoint::handler::PathId;
use crate::kit::endpoint::table::PathParameter;
use florin_store::{Holder, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Random bytes of a link's id: 128 bits, the least that a secret of the contract has.
const SECRET_BYTES: usize = 16;

/// What a partner said of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// The id of the link, which the payer's address has.
    pub id: String,
    /// What the payer reads.
    pub description: Option<String>,
    /// The partner's own id.
    pub external_order_id: Option<String>,
    /// The payer's address.
    pub payer_email: Option<String>,
    /// Where the page leads once all is paid.
    pub success_url: Option<String>,
    /// Where it leads else.
    pub failure_url: Option<String>,
    /// What the partner wants to read again.
    pub metadata: BTreeMap<String, String>,
}

impl Said {
    /// What was said of a link.
    ///
    /// # Errors
    /// It cannot be opened: the partner's key is not the one.
    pub fn open(app: &App, partner: Option<&Holder>, link: &PaymentLink) -> Result<Self, StoreError> {
        let said = sealed::open(&app.seals, partner, Some(&link.sealed))?;
        said.ok_or_else(|| StoreError::unexpected("the partner's key, by which a link is kept, is gone"))
    }

    /// The address of the payer's page.
    pub fn url(&self, app: &App) -> String {
        format!("{}/pay/{}", app.settings.public_url, self.id)
    }
}

/// Draws the id of a link. The operating system draws it, before the command.
pub(super) fn draw_id(app: &App) -> String {
    let mut random = [0; SECRET_BYTES];
    app.entropy.fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Under which id a link is kept. None: no link has such an id.
pub(super) fn key_of(app: &App, id: &str) -> Option<Uuid> {
    let is_id =
        id.len() == 2 * SECRET_BYTES && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_id.then(|| keyed_id::of(app, "florin 2026 ids of payment links v1", id, ""))
}

/// The id of a link in a path.
pub struct PaymentLinkId(String);

impl PathId for PaymentLinkId {
    const PARAMETER: PathParameter = PathParameter {
        name: "paymentLinkId",
        about: "The id of the payment link, a secret from `POST /v1/payment-link`.",
        is_uuid: false,
        placeholder: "$paymentLink",
    };

    fn of_segment(segment: Option<String>) -> Self {
        Self(segment.unwrap_or_default())
    }
}

impl PaymentLinkId {
    /// Under which id the link is kept. None: no link has such an id.
    pub fn key(&self, app: &App) -> Option<Uuid> {
        key_of(app, &self.0)
    }
}
