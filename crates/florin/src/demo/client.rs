//! The client of the demo, in the role of a partner's server: it makes calls, prints them with their answers, and
//! checks the answers.

use super::documents::File;
use super::json::Layout;
use super::screen::{Colour, Screen, WIDTH};
use crate::Failed;
use crate::credentials::Credentials;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use std::fmt::{Debug, Display};
use std::time::Duration;

/// The time-out of a call. The longest wait that a call offers is 30 s, for events.
const PATIENCE: Duration = Duration::from_secs(60);

/// Characters of the key that are printed.
const KEY_SHOWN: usize = 20;

/// The body of a call.
enum Body {
    None,
    Json(Value),
    Files(Vec<File>),
}

/// A call to be made.
pub struct Call {
    method: Method,
    path: String,
    body: Body,
    idempotency_key: Option<&'static str>,
    hidden: &'static [&'static str],
    masked: &'static [&'static str],
    items: usize,
}

impl Call {
    /// Reads something.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: Body::None,
            idempotency_key: None,
            hidden: &[],
            masked: &[],
            items: 1,
        }
    }

    /// Does something.
    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, body: Body::Json(body), ..Self::get(path) }
    }

    /// Changes something.
    pub fn patch(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::PATCH, ..Self::post(path, body) }
    }

    /// Sends files, as `multipart/form-data`.
    pub fn upload(path: impl Into<String>, files: &[File]) -> Self {
        Self { method: Method::POST, body: Body::Files(files.to_vec()), ..Self::get(path) }
    }

    /// With this `Idempotency-Key`.
    pub fn key(self, key: &'static str) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }

    /// Prints this many items of each list in the answer, instead of one.
    pub fn items(self, items: usize) -> Self {
        Self { items, ..self }
    }

    /// Hides these lists of the answer.
    pub fn hide(self, hidden: &'static [&'static str]) -> Self {
        Self { hidden, ..self }
    }

    /// Masks these texts of the request and the answer.
    pub fn mask(self, masked: &'static [&'static str]) -> Self {
        Self { masked, ..self }
    }
}

impl Body {
    fn put(&self, request: RequestBuilder) -> RequestBuilder {
        let part = |file: &File| Part::bytes(file.content).file_name(file.name);
        match self {
            Self::None => request,
            Self::Json(body) => request.json(body),
            Self::Files(files) => request
                .multipart(files.iter().fold(Form::new(), |form, file| form.part(file.part, part(file)))),
        }
    }
}

/// The answer to a call.
pub struct Answer {
    /// Whether it repeats the answer to an earlier call with the same `Idempotency-Key`.
    pub is_replayed: bool,
    body: Value,
}

impl Answer {
    /// The value at a JSON pointer; null if there is none.
    pub fn at(&self, place: &str) -> &Value {
        self.body.pointer(place).unwrap_or(&Value::Null)
    }

    /// The text at a JSON pointer; empty if there is none.
    pub fn text(&self, place: &str) -> &str {
        self.at(place).as_str().unwrap_or_default()
    }

    /// The list at a JSON pointer; empty if there is none.
    pub fn list(&self, place: &str) -> &[Value] {
        self.at(place).as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

/// Makes the calls of one partner.
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    api_key: String,
    screen: Screen,
    /// The heading of the present step.
    step: String,
    steps: usize,
}

impl Client {
    /// Takes the key and the screen.
    pub fn new(screen: Screen, credentials: &Credentials) -> Result<Self, Failed> {
        // Without a proxy: the bank listens on this machine only.
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let (base_url, api_key) = (credentials.base_url.clone(), credentials.api_key.clone());
        Ok(Self { http, base_url, api_key, screen, step: String::new(), steps: 0 })
    }

    /// Gives the screen back.
    pub fn into_screen(self) -> Screen {
        self.screen
    }

    /// Begins a step: what happens, and why.
    pub fn step(&mut self, title: &str, why: &str) -> Result<(), Failed> {
        self.steps += 1;
        self.step = format!("{}. {title}", self.steps);
        self.screen.heading(&self.step, why)
    }

    /// Makes a call that must be answered with this status.
    pub async fn call(&self, call: Call, status: u16) -> Result<Answer, Failed> {
        self.show_request(&call)?;
        let mut request = self.http.request(call.method.clone(), format!("{}{}", self.base_url, call.path));
        request = request.header("x-api-key", &self.api_key);
        if let Some(key) = call.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        request = call.body.put(request);
        let failed = |error: reqwest::Error| self.wrong(format!("no answer: {}", with_causes(&error)));
        let response = request.send().await.map_err(failed)?;
        let got = response.status();
        let is_replayed = response.headers().get("idempotent-replayed").is_some_and(|value| value == "true");
        let text = response.text().await.map_err(failed)?;
        let body = serde_json::from_str(&text);
        let body = body.map_err(|error| self.wrong(format!("{got}, and no JSON ({error}): {text}")))?;
        let answer = Answer { is_replayed, body };
        let Call { items, hidden, masked, .. } = call;
        self.show_answer(got, &answer, &Layout { width: WIDTH - 2, items, hidden, masked })?;
        if got != status {
            return Err(self.wrong(format!("expected status {status}, the bank answered {got}")));
        }
        Ok(answer)
    }

    /// Makes a call that must be refused with status 400 and this code.
    pub async fn refused(&self, call: Call, code: &str) -> Result<Answer, Failed> {
        let answer = self.call(call, 400).await?;
        self.check("errorCode", answer.text("/errorCode"), code)?;
        Ok(answer)
    }

    /// Fails the demo if a value is not the expected one.
    pub fn check<T: PartialEq + Debug>(&self, what: &str, got: T, expected: T) -> Result<(), Failed> {
        if got == expected {
            return Ok(());
        }
        Err(self.wrong(format!("{what}: expected {expected:?}, got {got:?}")))
    }

    /// Prints a remark on what was checked.
    pub fn remark(&self, text: &str) -> Result<(), Failed> {
        self.screen.line(&self.screen.paint(Colour::Green, &format!("\n✓ {text}")))
    }

    /// A command, as one would type it, and what it printed.
    pub fn show_command(&self, command: &str, output: &str) -> Result<(), Failed> {
        self.screen.line(&format!("\n{}", self.screen.paint(Colour::Cyan, &format!("$ {command}"))))?;
        self.screen.line(output.trim_end())
    }

    /// An error that says in which step it happened.
    pub fn wrong(&self, what: impl Display) -> Failed {
        format!("step {}: {what}", self.step).into()
    }

    fn show_request(&self, call: &Call) -> Result<(), Failed> {
        let line = format!("→ {} {}", call.method, call.path);
        self.screen.line(&format!("\n{}", self.screen.paint(Colour::Cyan, &line)))?;
        let shown = self.api_key.get(..KEY_SHOWN).unwrap_or_default();
        self.screen.line(&self.screen.paint(Colour::Dim, &format!("  x-api-key: {shown}…")))?;
        if let Some(key) = call.idempotency_key {
            self.screen.line(&self.screen.paint(Colour::Dim, &format!("  Idempotency-Key: {key}")))?;
        }
        match &call.body {
            Body::None => Ok(()),
            Body::Json(body) => {
                let (width, items, masked) = (WIDTH - 2, usize::MAX, call.masked);
                self.show_body(body, &Layout { width, items, hidden: &[], masked })
            }
            Body::Files(files) => {
                self.screen
                    .line(&self.screen.paint(Colour::Dim, "  Content-Type: multipart/form-data; …"))?;
                files.iter().try_for_each(|file| self.screen.line(&format!("  {file}")))
            }
        }
    }

    fn show_answer(&self, status: StatusCode, answer: &Answer, layout: &Layout<'_>) -> Result<(), Failed> {
        let colour = if status.is_success() { Colour::Green } else { Colour::Yellow };
        self.screen.line(&self.screen.paint(colour, &format!("← {status}")))?;
        if answer.is_replayed {
            self.screen.line(&self.screen.paint(Colour::Dim, "  Idempotent-Replayed: true"))?;
        }
        self.show_body(&answer.body, layout)
    }

    fn show_body(&self, body: &Value, layout: &Layout<'_>) -> Result<(), Failed> {
        layout.lines(body).iter().try_for_each(|line| self.screen.line(&format!("  {line}")))
    }
}

/// The error with its causes, which the library's own text leaves out.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
