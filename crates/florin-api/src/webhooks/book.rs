//! What a book brings to its endpoint: a token from the start, and the endpoint itself when another book takes its
//! place.

use super::endpoint::{Drawn, Paths, Secrets, WebhookEndpoint};
use super::store;
use crate::kit::app::App;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::work::Work;
use florin_store::{BookId, StoreError};

/// Gives a partner a token before it has registered anything, as a sandbox's own partner has one. Where there is one,
/// it stays.
pub async fn give_token(app: &App, book: BookId, token: &str) -> Result<(), StoreError> {
    let drawn = Drawn::draw(&*app.entropy);
    let secrets = Secrets::new(token.to_owned(), &drawn).seal(&app.seals, &drawn)?;
    let command = async move |work: &mut Work<'_>| {
        if store::find(work.scope()).await?.is_none() {
            let now = work.now();
            let endpoint = WebhookEndpoint {
                url: None,
                enabled: false,
                disabled_reason: None,
                paths: Paths::default(),
                secrets: secrets.clone(),
                cursor: 0,
                epoch: 0,
                owner: [0; 16],
                created_at: now,
                updated_at: now,
            };
            store::put(work, &endpoint).await?;
        }
        Ok(())
    };
    run_inside(app, book, Vec::new(), command).await
}
