//! What every handler of a partner's call is given: the platform, and the partner that the key proves.

use super::app::App;
use super::book::terms::Terms;
use super::edge::partner::{Caller, Partner};
use super::endpoint::failure::Failure;
use super::endpoint::handler::{Argument, Incoming, Signature};
use super::endpoint::table::Access;
use florin_store::{Snapshot, StoreError};
use std::ops::Deref;
use std::sync::Arc;

/// A partner's call.
#[derive(Clone)]
pub struct Context {
    /// The platform.
    pub app: App,
    /// Who calls.
    pub partner: Partner,
    /// What is agreed with the partner.
    pub terms: Arc<Terms>,
    /// The keyed hash of the key; none for an operator.
    key: Option<[u8; 32]>,
}

impl Context {
    /// The keyed hash of the key of the call; none for an operator.
    pub(crate) fn key(&self) -> Option<&[u8; 32]> {
        self.key.as_ref()
    }

    /// What an operator gives a handler, who acts for a partner without its key.
    pub fn of_operator(app: App, partner: Partner) -> Self {
        Self { app, partner, terms: Arc::default(), key: None }
    }

    /// A consistent state of the partner's book.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.app.store.snapshot(self.partner.book).await
    }
}

impl Argument for Context {
    fn describe(_: &mut Signature) {}

    async fn take(incoming: &mut Incoming) -> Result<Self, Failure> {
        let Caller { partner, terms, key } = Caller::of_request(&incoming.parts, &incoming.app).await?;
        Ok(Self { app: incoming.app.clone(), partner, terms, key: Some(key) })
    }
}

/// A partner's call in a sandbox; in live there is no such path.
pub struct SandboxContext(Context);

impl Deref for SandboxContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.0
    }
}

impl Argument for SandboxContext {
    fn describe(signature: &mut Signature) {
        signature.access = Access::Sandbox;
    }

    async fn take(incoming: &mut Incoming) -> Result<Self, Failure> {
        Context::take(incoming).await.map(Self)
    }
}
