//! The hosted pages, as text: data in, HTML out. No I/O, no clock, no HTTP.
//!
//! - [`pay_page`], [`live_fragment`], [`not_found`], [`error_page`]: the pay page in each of its states, from a
//!   [`PayView`] that the caller fills.
//! - [`asset`]: the stylesheet, the script and the icon; [`brand_css`]: a partner's colours as a stylesheet.
//! - [`security_headers`]: what every page must carry. The pages hold nothing inline, so the policy allows nothing
//!   inline.
//! - [`Language`]: six languages, with a file of texts each, chosen by `Accept-Language` or `?lang=`.
//! - [`payment_uri`]: BIP 21 and EIP-681, as a link and as a QR code.
//!
//! # The server around it
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /pay/{id}?lang=` | [`pay_page`], or [`not_found`] with 404 |
//! | `POST /pay/{id}?lang=` with `currency` and `network`, or with `change=1` | 303 to `GET` |
//! | `GET /pay/{id}/live?lang=` | a stream of [`live_event`]s: the present state at once, then each change |
//! | `GET /pay/{id}/brand.css`, the logo | [`brand_css`], the partner's picture |
//! | `GET /pay/assets/…` | [`asset`] |
//!
//! Without JavaScript a page that waits loads itself again, and all choices are forms.
#![deny(missing_docs)]

mod assets;
mod brand;
mod format;
mod headers;
mod language;
mod pay;
mod qr;
mod texts;
mod uri;
mod view;

pub use assets::{Asset, asset};
pub use brand::{Colour, TEXT_CONTRAST, brand_css};
pub use headers::security_headers;
pub use language::Language;
pub use pay::{error_page, live_event, live_fragment, not_found, pay_page};
pub use uri::{UriForm, payment_uri};
pub use view::{Coin, Due, Merchant, Network, Offer, PayState, PayView, Received, Transaction};
