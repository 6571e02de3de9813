//! The payload of `wallet.created`.

use super::store;
use crate::kit::app::App;
use crate::kit::endpoint::family::Rendered;
use florin_store::{Scope, StoreError, StoredEvent};
use serde::Serialize;
use serde_json::value::to_raw_value;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A wallet was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletPayload {
    /// Your own id of the user; null for a wallet of your master balance.
    #[schema(required)]
    external_user_id: Option<String>,
    /// Id of the wallet.
    wallet_id: Uuid,
    /// The currency.
    #[schema(example = "usdc")]
    currency: String,
    /// The network.
    #[schema(example = "polygon")]
    network: String,
    /// Where it is paid.
    #[schema(example = "0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17")]
    address: String,
}

/// A payload, as text.
pub const EXAMPLE: &str = concat!(
    r#"{"externalUserId":"customer-1001","walletId":"0198c5d2-c1a4-7e55-9b03-2f6d8e1a7c40","#,
    r#""currency":"usdc","network":"polygon","address":"0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17"}"#,
);

/// The payloads of events, in their order.
pub async fn render(_: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    let wallets = store::find_all(scope, events.iter().map(|event| event.object)).await?;
    let mut holders: Vec<_> = wallets.values().map(|wallet| wallet.holder).collect();
    holders.sort_unstable();
    holders.dedup();
    let holders = scope.holders(&holders).await?;
    let handles: HashMap<_, _> = holders.into_iter().map(|holder| (holder.id, holder.handle)).collect();
    let render = |event: &&StoredEvent| {
        let wallet = wallets.get(&event.object);
        let wallet = wallet.ok_or_else(|| StoreError::unexpected("the wallet of an event is gone"))?;
        let payload = WalletPayload {
            external_user_id: handles.get(&wallet.holder).cloned().flatten(),
            wallet_id: wallet.id,
            currency: wallet.currency.to_string(),
            network: wallet.network.clone(),
            address: wallet.address.clone(),
        };
        to_raw_value(&payload).map_err(StoreError::unexpected)
    };
    Ok(events.iter().map(render).collect())
}
