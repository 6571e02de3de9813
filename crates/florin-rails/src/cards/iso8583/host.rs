//! What answers the messages of a processor.

use std::future::Future;
use std::pin::Pin;

use florin_iso8583::{Advice, AuthorisationAnswer, AuthorisationRequest, Receipt, Reversal};

/// A future of a host.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The issuer of the cards: what decides about payments.
///
/// Each message may come more than once: as a repeat (`is_repeat`), after a connection broke, or because the answer was
/// lost. It has the same key then, and must have the same answer and happen once. A host must not rely on `is_repeat`:
/// the first one may never have come.
///
/// A message about a payment is asked after those about it that came before it over the same connection. Over another
/// one it may overtake them. So a host keeps a reversal of what it does not know, and declines what comes after it.
pub trait CardHost: Send + Sync {
    /// May a card pay this? None: it is not known what became of the question, and nothing is said. The other side then
    /// reverses.
    fn authorise(&self, request: AuthorisationRequest) -> Boxed<'_, Option<AuthorisationAnswer>>;

    /// Something has happened: an authorisation that the network decided for us, or a payment that is complete. It
    /// can't be undone by refusing it.
    fn advise(&self, advice: Advice) -> Boxed<'_, Receipt>;

    /// A payment does not happen, or not all of it.
    fn reverse(&self, reversal: Reversal) -> Boxed<'_, Receipt>;
}
