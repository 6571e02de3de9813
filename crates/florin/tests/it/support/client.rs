//! An HTTP client that checks each answer against the contract's general rules.

use super::answer::Answer;
use super::form::Form;
use serde_json::Value;
use std::time::Duration;

/// One request: what a partner's program would send.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub body: Option<String>,
    pub idempotency_key: Option<String>,
}

impl Call {
    fn new(method: &'static str, path: impl Into<String>, body: Option<String>) -> Self {
        Self { method, path: path.into(), body, idempotency_key: None }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path, None)
    }

    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new("POST", path, Some(body.to_string()))
    }

    pub fn delete(path: impl Into<String>) -> Self {
        Self::new("DELETE", path, None)
    }

    /// A call with a body that need not be JSON, or none.
    pub fn bare(method: &'static str, path: impl Into<String>, body: Option<String>) -> Self {
        Self::new(method, path, body)
    }

    /// The same call under an Idempotency-Key.
    pub fn keyed(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

/// A partner's client for one server process. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    api_key: Option<String>,
}

impl Client {
    pub fn new(base_url: &str, api_key: Option<&str>) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(90))
            .build()
            .expect("an HTTP client");
        Self { http, base_url: base_url.to_owned(), api_key: api_key.map(str::to_owned) }
    }

    /// The same server with another key, or none.
    pub fn with_key(&self, api_key: Option<&str>) -> Self {
        Self { api_key: api_key.map(str::to_owned), ..self.clone() }
    }

    /// The key this client shows.
    pub fn api_key(&self) -> Option<&str> {
        self.api_key.as_deref()
    }

    /// The answer, or the error of a connection that broke.
    pub async fn try_send(&self, call: &Call) -> Result<Answer, reqwest::Error> {
        let method = call.method.parse::<reqwest::Method>().expect("a method");
        let mut request = self.http.request(method, format!("{}{}", self.base_url, call.path));
        if let Some(key) = &self.api_key {
            request = request.header("x-api-key", key);
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = &call.body {
            request = request.header("content-type", "application/json").body(body.clone());
        }
        finish(request, &format!("{} {}", call.method, call.path)).await
    }

    /// The answer to an upload, or the error of a connection that broke.
    pub async fn try_upload(
        &self,
        path: &str,
        idempotency_key: Option<&str>,
        form: &Form,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.post(format!("{}{path}", self.base_url));
        let headers = [("x-api-key", self.api_key()), ("idempotency-key", idempotency_key)];
        for (name, value) in headers.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            request = request.header(name, value);
        }
        request = request.header("content-type", form.content_type()).body(form.body());
        finish(request, &format!("POST {path}")).await
    }

    /// The answer to the upload of a user's files, of a server that must be there.
    pub async fn upload(&self, user: &str, form: &Form) -> Answer {
        let sent = self.try_upload(&format!("/v1/user/kyc-files/{user}"), None, form).await;
        sent.unwrap_or_else(|error| panic!("the files of {user}: {error:?}"))
    }

    /// The answer of a server that must be there.
    pub async fn send(&self, call: &Call) -> Answer {
        let sent = self.try_send(call).await;
        sent.unwrap_or_else(|error| panic!("{} {}: {error:?}", call.method, call.path))
    }

    /// GET, and 200.
    pub async fn get(&self, path: &str) -> Value {
        self.send(&Call::get(path)).await.expect(200)
    }
}

/// Sends it and checks the answer against the contract.
async fn finish(request: reqwest::RequestBuilder, asked: &str) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let named = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers = response.headers().iter().map(named).collect();
    let body = response.bytes().await?.to_vec();
    let answer = Answer { status, headers, body };
    answer.check_contract(asked);
    Ok(answer)
}
