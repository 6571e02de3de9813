//! JSON-RPC as nodes of Bitcoin's kind speak it: one question by POST, one answer, both bounded in time and bytes.

use super::super::NodeError;
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bytes of an answer at most, where it is about one thing. The largest, about a transaction of 100 kB that is written
/// out with the programs of its scripts, has under 1 MB.
pub(super) const SMALL: usize = 2 << 20;

/// Bytes of an answer at most, where it is a block or a list of outputs. A block has 4 MB (weight 4,000,000), so 8 MB
/// in hexadecimal digits. Litecoin's extension block has a weight of 200,000, which are at most 11,112 outputs of under
/// 1 kB: 22 MB in digits. A list of outputs has 300 bytes for each, so 100,000 of them fit.
pub(super) const LARGE: usize = 32 << 20;

/// Characters of a node's own words that are kept.
const MAX_WORDS: usize = 200;

/// Bytes of a cookie file at most. The programs write 75: a name, a colon and 64 hexadecimal digits.
const MAX_COOKIE: u64 = 1 << 10;

/// Who asks. It is not shown.
#[derive(Clone)]
pub enum Login {
    /// By `rpcuser` and `rpcpassword`, or `rpcauth`.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// By the file that the program writes anew at each start. So it is read for each question.
    Cookie(PathBuf),
}

impl Login {
    /// The name and the password as they are now.
    async fn now(&self) -> Result<(String, SecretString), NodeError> {
        let path = match self {
            Self::Password { user, password } => return Ok((user.clone(), password.clone())),
            Self::Cookie(path) => path.clone(),
        };
        let read = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            std::fs::File::open(path)?.take(MAX_COOKIE).read_to_string(&mut text).map(|_| text)
        });
        let text = read.await.map_err(|error| NodeError::Unavailable(error.to_string()))?;
        let text = text.map_err(|error| NodeError::Unavailable(format!("its cookie file: {error}")))?;
        let (user, password) = text
            .trim_end()
            .split_once(':')
            .ok_or_else(|| NodeError::Unavailable("its cookie file has no colon".to_owned()))?;
        Ok((user.to_owned(), password.to_owned().into()))
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}

/// How long is waited.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// For a connection.
    pub connect: Duration,
    /// For an answer, from the connection to its last byte.
    pub answer: Duration,
    /// For the answer to a search through all unspent outputs, which takes minutes on a large chain.
    pub scan: Duration,
}

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Refusal {
    pub code: i64,
    #[serde(default)]
    pub message: String,
}

/// Why there is no result.
#[derive(Debug)]
pub(super) enum Failure {
    Node(NodeError),
    Refused(Refusal),
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::Node(error)
    }
}

impl From<Failure> for NodeError {
    /// An error that the caller did not expect: the node cannot do what it was asked, now or ever.
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Node(error) => error,
            Failure::Refused(Refusal { code, message }) => Self::Unavailable(format!("{message} ({code})")),
        }
    }
}

/// A question.
pub(super) struct Question<'a> {
    pub method: &'a str,
    pub parameters: Value,
    pub most_bytes: usize,
    pub time: Duration,
}

/// A connection to a node.
pub(super) struct Rpc {
    http: reqwest::Client,
    url: Url,
    login: Option<Login>,
    asked: AtomicU64,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Refusal>,
    #[serde(default)]
    id: Option<u64>,
}

impl Rpc {
    /// # Errors
    /// This machine has no certificates of authorities, and the address is `https`.
    pub fn new(url: Url, login: Option<Login>, connect: Duration) -> Result<Self, String> {
        // The password goes to the node alone: to no proxy, and not where a redirect leads.
        let client = || {
            let client = reqwest::Client::builder().connect_timeout(connect).no_proxy();
            client.redirect(reqwest::redirect::Policy::none())
        };
        let http = match client().build() {
            Ok(http) => http,
            Err(error) if url.scheme() == "https" => return Err(error.to_string()),
            Err(_) => client().tls_certs_only([]).build().map_err(|error| error.to_string())?,
        };
        Ok(Self { http, url, login, asked: AtomicU64::new(0) })
    }

    /// Asks. `null` is a result, if `T` can be none.
    pub async fn ask<T: DeserializeOwned>(&self, question: Question<'_>) -> Result<T, Failure> {
        let id = self.asked.fetch_add(1, Ordering::Relaxed);
        let (method, most, time) = (question.method, question.most_bytes, question.time);
        let body = json!({ "jsonrpc": "1.0", "id": id, "method": method, "params": question.parameters });
        let mut request = self.http.post(self.url.clone()).timeout(time).body(body.to_string());
        request = request.header("content-type", "application/json");
        if let Some(login) = &self.login {
            let (user, password) = login.now().await?;
            request = request.basic_auth(user, Some(password.expose_secret()));
        }
        let (status, bytes) = read(request, most).await?;
        result(status, &bytes, id).map_err(|failure| match failure {
            Failure::Node(NodeError::Unbelievable(why)) => {
                NodeError::Unbelievable(format!("{method}: {why}")).into()
            }
            failure => failure,
        })
    }
}

/// The answer's status and body.
async fn read(request: reqwest::RequestBuilder, most: usize) -> Result<(StatusCode, Vec<u8>), NodeError> {
    // Without the address: it may hold a password.
    let unavailable = |error: reqwest::Error| NodeError::Unavailable(innermost(&error.without_url()));
    let too_large = || NodeError::Unbelievable(format!("an answer of more than {most} bytes"));
    let mut response = request.send().await.map_err(unavailable)?;
    let length = response.content_length().unwrap_or(0);
    if usize::try_from(length).map_or(true, |length| length > most) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unavailable)? {
        if bytes.len() + chunk.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((response.status(), bytes))
}

/// The result in an answer. Nodes answer errors with 500, unknown methods with 404, and requests without the right
/// password with 401 and no JSON.
fn result<T: DeserializeOwned>(status: StatusCode, bytes: &[u8], id: u64) -> Result<T, Failure> {
    let unbelievable = |why: String| Failure::Node(NodeError::Unbelievable(why));
    let answer: Answer<'_> = match serde_json::from_slice(bytes) {
        Ok(answer) => answer,
        Err(_) if !status.is_success() => return Err(NodeError::Unavailable(status.to_string()).into()),
        Err(error) => return Err(unbelievable(error.to_string())),
    };
    if let Some(Refusal { code, message }) = answer.error {
        return Err(refusal(code, &message));
    }
    if answer.id != Some(id) {
        return Err(unbelievable("the answer to another question".to_owned()));
    }
    // An absent result is read as null is.
    let text = answer.result.map_or("null", RawValue::get);
    serde_json::from_str(text).map_err(|error| unbelievable(error.to_string()))
}

/// Codes of `rpc/protocol.h` by which a node says that it cannot answer now: it is starting, has no connection, or is
/// catching up.
const NOT_NOW: [i64; 3] = [-28, -9, -10];

fn refusal(code: i64, message: &str) -> Failure {
    let message: String = message.chars().filter(|one| !one.is_control()).take(MAX_WORDS).collect();
    match NOT_NOW.contains(&code) {
        true => NodeError::Unavailable(message).into(),
        false => Failure::Refused(Refusal { code, message }),
    }
}

/// The innermost cause.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
        result(StatusCode::OK, text.as_bytes(), 7)
    }

    #[test]
    fn a_result_is_the_answer_to_this_question_alone() {
        assert_eq!(read::<u64>(r#"{"result":5,"error":null,"id":7}"#).ok(), Some(5));
        assert_eq!(read::<Option<u64>>(r#"{"result":null,"id":7}"#).ok(), Some(None));
        for wrong in [
            r#"{"result":5,"error":null,"id":8}"#,
            r#"{"result":5}"#,
            r#"{"result":"5","id":7}"#,
            r#"{"result":-5,"id":7}"#,
            r#"{"id":7}"#,
            r#"[{"result":5,"id":7}]"#,
            r#"{"result":5,"id":7}x"#,
            "",
            "<html>",
        ] {
            let failure = read::<u64>(wrong).unwrap_err();
            assert!(matches!(failure, Failure::Node(NodeError::Unbelievable(_))), "{wrong}: {failure:?}");
        }
    }

    #[test]
    fn an_error_is_no_result() {
        let both = r#"{"result":5,"error":{"code":-8,"message":"out\n of range"},"id":7}"#;
        let Err(Failure::Refused(refusal)) = read::<u64>(both) else { panic!() };
        assert_eq!(refusal, Refusal { code: -8, message: "out of range".to_owned() });
        let starting = r#"{"error":{"code":-28,"message":"Loading block index..."},"id":null}"#;
        assert!(matches!(read::<u64>(starting), Err(Failure::Node(NodeError::Unavailable(_)))));
        let failure = result::<u64>(StatusCode::UNAUTHORIZED, b"", 7).unwrap_err();
        assert_eq!(NodeError::from(failure).to_string(), "the node is not available: 401 Unauthorized");
    }

    #[test]
    fn a_login_is_not_shown() {
        let login = Login::Password { user: "florin".to_owned(), password: "hidden".to_owned().into() };
        assert_eq!(format!("{login:?}"), "Login");
    }

    #[tokio::test]
    async fn a_cookie_is_read_each_time() {
        let path = std::env::temp_dir().join(format!("florin-cookie-{}", std::process::id()));
        let login = Login::Cookie(path.clone());
        let said = login.now().await.expect_err("there is no file").to_string();
        assert!(said.starts_with("the node is not available: its cookie file: "), "{said}");
        for password in ["first", "second"] {
            std::fs::write(&path, format!("__cookie__:{password}\n")).expect("a file");
            let (user, read) = login.now().await.expect("a login");
            assert_eq!((user.as_str(), read.expose_secret()), ("__cookie__", password));
        }
        std::fs::write(&path, "nothing").expect("a file");
        assert!(login.now().await.is_err());
        std::fs::remove_file(&path).expect("the file");
    }

    proptest! {
        #[test]
        fn no_answer_panics(text in any::<String>(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = result::<Value>(StatusCode::OK, text.as_bytes(), 7);
            let _ = result::<Value>(StatusCode::OK, &bytes, 7);
            let _ = refusal(-1, &text);
        }
    }
}
