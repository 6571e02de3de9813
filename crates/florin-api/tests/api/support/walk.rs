//! Filling in an endpoint of the table: its path and its example body with real ids, and what state the objects need
//! so that the call works. A path parameter or a state that is not known here fails the test that walks.

use super::{Call, Client};
use florin_api::kit::endpoint::Endpoint;
use http::Method;

/// The ids that a request can name.
#[derive(Clone, Debug)]
pub struct Ids {
    pub user: String,
    pub other: String,
    pub new: String,
    pub transfer: String,
}

impl Ids {
    /// Ids of which none exists.
    pub fn unknown() -> Self {
        Self {
            user: "nobody".to_owned(),
            other: "nobody-else".to_owned(),
            new: "newcomer".to_owned(),
            transfer: "01a00000-0000-7000-8000-000000000000".to_owned(),
        }
    }

    /// All four, by the placeholder of each.
    pub fn each(&self) -> [(&'static str, &str); 4] {
        [("$user", &self.user), ("$other", &self.other), ("$new", &self.new), ("$transfer", &self.transfer)]
    }
}

/// Path and body of an endpoint's example with placeholders; path ids become placeholders too.
fn template_of(endpoint: &Endpoint) -> (String, Option<String>) {
    let mut path = endpoint.path.replace("{externalUserId}", "$user").replace("{transferId}", "$transfer");
    assert!(!path.contains('{'), "teach support::walk what {path} is");
    if endpoint.path.starts_with("/v1/events") {
        path.push_str("?after=0");
    }
    (path, endpoint.request.as_ref().map(|(_, example)| (*example).to_owned()))
}

/// Whether a request of this endpoint names any id of this kind.
pub fn names(endpoint: &Endpoint, placeholder: &str) -> bool {
    let (path, body) = template_of(endpoint);
    path.contains(placeholder) || body.is_some_and(|body| body.contains(placeholder))
}

/// The endpoint's example as a request of this client, with these ids.
pub fn request_of(client: &Client, endpoint: &Endpoint, ids: &Ids) -> Call {
    let fill = |text: String| ids.each().iter().fold(text, |text, (name, id)| text.replace(name, id));
    let (path, body) = template_of(endpoint);
    let call = client.call(endpoint.method.clone(), &fill(path));
    match body {
        Some(body) => call.body(fill(body)),
        None => call,
    }
}

/// Makes objects with which this endpoint's example works; `tag` tells them from others.
pub async fn prepared(client: &Client, endpoint: &Endpoint, tag: &str) -> Ids {
    let (user, other) = (format!("user-{tag}"), format!("other-{tag}"));
    client.fund(None, "1000", "eur").await;
    client.verified_user(&other).await;
    let transfer = client.pay(None, Some(&other), "20").await;
    match (&endpoint.method, endpoint.path) {
        (&Method::POST, "/v1/sandbox/kyc/{externalUserId}") => drop(client.create_user(&user).await),
        (&Method::DELETE, "/v1/user/{externalUserId}") => client.verified_user(&user).await,
        _ => {
            client.verified_user(&user).await;
            client.pay(None, Some(&user), "20").await;
        }
    }
    Ids { user, other, new: format!("new-{tag}"), transfer }
}
