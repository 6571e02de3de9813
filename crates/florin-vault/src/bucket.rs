//! A vault in an S3-compatible object store.
//!
//! `object_store` signs, reads, lists and removes, with its retries. It would hold a whole object in memory to put it,
//! or 5 MiB of each under way, so a put is a request of our own: signed by the same library with the SHA-256 of the
//! spooled ciphertext, which the store compares with what arrived, and streamed from the spool at a known length.

use crate::VaultError;
use crate::name::{MARK, ObjectName, SHEETS, sheet_name};
use crate::seal::Ciphertext;
use crate::spool::{Spooled, try_writing};
use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsAuthorizer};
use object_store::client::{ClientOptions, HttpClient, HttpConnector, HttpRequest, HttpRequestBody};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path as Key;
use object_store::{BackoffConfig, GetResult, ObjectStore, ObjectStoreExt, RetryConfig};
use secrecy::{ExposeSecret, SecretString};
use std::fs::{DirBuilder, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::task::spawn_blocking;
use uuid::Uuid;
use zeroize::Zeroizing;

/// How long a connection may take: a store in reach answers in well under a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a request may take as a whole: 10 MB at 4 Mbit/s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// How often a request is made at most. Stores answer single requests with 500 or 503 now and then, hardly twice.
const ATTEMPTS: u32 = 3;

/// How long the pause before the second attempt is; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// After how long nothing is tried again: as long as one request may take, so that only what fails early is. Whoever
/// uploads waits meanwhile, and what still comes of the body is not taken: some clients close a connection that takes
/// nothing for 30 seconds (`TCP_USER_TIMEOUT` as reqwest sets it), and would never read the answer.
const PATIENCE: Duration = REQUEST_TIMEOUT;

/// How many objects are removed at a time, each by a request of its own: not every store has the request for many.
const REMOVALS: usize = 8;

/// How much of a store's refusal is repeated in our own error: its code and message come first.
const REFUSAL_CHARACTERS: usize = 400;

/// The object that [`Bucket::open`] writes and removes. It is no object's name, so no sweep looks at it.
const PROBE: &str = "probe";

/// What carries the digest that a store compares the body with. The signature has it too, and not every store looks.
const CHECKSUM: &str = "x-amz-checksum-sha256";

/// How to reach a bucket.
#[derive(Clone, Debug)]
pub struct BucketSettings {
    /// `https://host[:port]` of the store, which is asked by path (`/bucket/key`); AWS in `region` when absent.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// The bucket, which exists.
    pub bucket: String,
    /// What every key begins with; empty for none.
    pub prefix: String,
    /// Whose key it is.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: SecretString,
    /// Whether `http://` is allowed. What is sent is encrypted all the same, but anyone on the way could drop it.
    pub allow_http: bool,
}

/// An open bucket.
pub(crate) struct Bucket {
    store: AmazonS3,
    client: reqwest::Client,
    /// Scheme, host and bucket.
    address: String,
    region: String,
    prefix: Key,
    spool: PathBuf,
    settings: BucketSettings,
}

/// Gives `object_store` the client that puts use, so that both share its connections and limits.
#[derive(Debug)]
struct SharedClient(reqwest::Client);

impl HttpConnector for SharedClient {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

/// What came of one attempt to put.
enum Put {
    Stored,
    /// Trying again may help.
    Failed(String),
    /// It will not.
    Refused(String),
}

impl Bucket {
    /// Checks the settings, then writes, reads, lists and removes.
    pub(crate) async fn open(settings: &BucketSettings, spool: PathBuf) -> Result<Self, VaultError> {
        let bucket = Self::new(settings, spool)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&bucket.spool).map_err(|error| {
            VaultError::Unavailable(format!("the folder {} cannot be made: {error}", bucket.spool.display()))
        })?;
        try_writing(&bucket.spool)?;
        let probe = bucket.prefix.clone().join(PROBE);
        let wrong = |doing: &str, error: &object_store::Error| {
            let address = &bucket.address;
            VaultError::Unavailable(format!(
                "{doing} in the bucket {address} failed: {}",
                refusal(&error.to_string())
            ))
        };
        bucket.store.put(&probe, Bytes::new().into()).await.map_err(|error| wrong("writing", &error))?;
        bucket.store.get(&probe).await.map_err(|error| wrong("reading", &error))?;
        bucket.is_there().await?;
        bucket.store.delete(&probe).await.map_err(|error| wrong("removing", &error))?;
        Ok(bucket)
    }

    fn new(settings: &BucketSettings, spool: PathBuf) -> Result<Self, VaultError> {
        let BucketSettings { endpoint, region, bucket, prefix, allow_http, .. } = settings;
        let aws = || format!("https://s3.{region}.amazonaws.com");
        let endpoint = endpoint.clone().unwrap_or_else(aws).trim_end_matches('/').to_owned();
        let allowed = endpoint.starts_with("https://") || (*allow_http && endpoint.starts_with("http://"));
        if !allowed {
            return Err(VaultError::unexpected("the bucket's endpoint must begin with https://"));
        }
        let plain = |character: char| character.is_ascii_alphanumeric() || "-._/".contains(character);
        if !prefix.chars().all(plain)
            || bucket.is_empty()
            || bucket.contains('/')
            || !bucket.chars().all(plain)
        {
            return Err(VaultError::unexpected(
                "a bucket's name and prefix can have letters, digits and -._ only",
            ));
        }
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .https_only(!allow_http)
            .http1_only()
            .build()
            .map_err(VaultError::unexpected)?;
        let backoff = BackoffConfig { init_backoff: FIRST_PAUSE, max_backoff: FIRST_PAUSE * 4, base: 2.0 };
        let max_retries = (ATTEMPTS - 1) as usize;
        let store = AmazonS3Builder::new()
            .with_endpoint(endpoint.clone())
            .with_region(region)
            .with_bucket_name(bucket)
            .with_access_key_id(&settings.access_key_id)
            .with_secret_access_key(settings.secret_access_key.expose_secret())
            .with_allow_http(*allow_http)
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig { backoff, max_retries, retry_timeout: PATIENCE })
            .with_http_connector(SharedClient(client.clone()))
            .build()
            .map_err(VaultError::unexpected)?;
        let prefix = Key::parse(prefix).map_err(VaultError::unexpected)?;
        Ok(Self {
            store,
            client,
            address: format!("{endpoint}/{bucket}"),
            region: region.clone(),
            prefix,
            spool,
            settings: settings.clone(),
        })
    }

    /// A file without a name, for ciphertext on its way.
    pub(crate) fn spool_file(&self) -> Result<File, VaultError> {
        tempfile::tempfile_in(&self.spool).map_err(|error| VaultError::io("making a spool file", &error))
    }

    /// Puts what was spooled; done when the store has acknowledged that it has exactly this.
    ///
    /// To put twice is harmless: the name is this deposit's own, and the content the same.
    pub(crate) async fn put(&self, name: ObjectName, ciphertext: &Ciphertext) -> Result<(), VaultError> {
        let attempts = async {
            let mut pause = FIRST_PAUSE;
            for attempt in 1..=ATTEMPTS {
                match self.put_once(name, ciphertext).await? {
                    Put::Stored => return Ok(()),
                    Put::Failed(why) if attempt < ATTEMPTS => {
                        tracing::debug!(why, attempt, "a put into the bucket failed");
                        tokio::time::sleep(pause).await;
                        pause *= 2;
                    }
                    Put::Failed(why) | Put::Refused(why) => {
                        return Err(unavailable("putting an object", &why));
                    }
                }
            }
            Err(unavailable("putting an object", "no attempt left"))
        };
        let too_long = |_| Err(unavailable("putting an object", "it took too long"));
        tokio::time::timeout(PATIENCE, attempts).await.unwrap_or_else(too_long)
    }

    /// The same bucket with connections of its own, for a runtime of its own.
    pub(crate) fn apart(&self) -> Result<Self, VaultError> {
        Self::new(&self.settings, self.spool.clone())
    }

    async fn put_once(&self, name: ObjectName, ciphertext: &Ciphertext) -> Result<Put, VaultError> {
        let mut request = self.signed_put(name, ciphertext.sha256).await?;
        request.headers_mut().insert(CONTENT_LENGTH, ciphertext.length.into());
        *request.body_mut() = Some(reqwest::Body::wrap_stream(pieces(ciphertext.file.clone())));
        let response = match self.client.execute(request).await {
            Ok(response) => response,
            Err(error) => return Ok(Put::Failed(chain(&error))),
        };
        let status = response.status();
        if status.is_success() {
            return Ok(Put::Stored);
        }
        let body = response.text().await.unwrap_or_default();
        let why = format!("{status} {}", refusal(&body));
        // 400 is what a damaged or cut-off body is answered with.
        let passing = [StatusCode::BAD_REQUEST, StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
        Ok(if status.is_server_error() || passing.contains(&status) {
            Put::Failed(why)
        } else {
            Put::Refused(why)
        })
    }

    /// A put without its body, signed for a body of this digest.
    async fn signed_put(&self, name: ObjectName, sha256: [u8; 32]) -> Result<reqwest::Request, VaultError> {
        let address = format!("{}/{}", self.address, self.key(name));
        let credential = self.store.credentials().get_credential().await.map_err(|error| wrong(&error))?;
        let mut request: HttpRequest = http::Request::builder()
            .method(Method::PUT)
            .uri(&address)
            .header(CHECKSUM, BASE64_STANDARD.encode(sha256))
            .body(HttpRequestBody::empty())
            .map_err(VaultError::unexpected)?;
        AwsAuthorizer::new(&credential, "s3", &self.region)
            .try_authorize(&mut request, Some(&sha256))
            .map_err(VaultError::unexpected)?;
        let url = address.parse().map_err(|_| VaultError::unexpected("the bucket has no valid address"))?;
        let mut signed = reqwest::Request::new(Method::PUT, url);
        *signed.headers_mut() = std::mem::take(request.headers_mut());
        Ok(signed)
    }

    /// The ciphertext, when it is no longer than this.
    pub(crate) async fn get(&self, name: ObjectName, longest: u64) -> Result<Bytes, VaultError> {
        let found = self.found(&self.key(name)).await?;
        if found.meta.size > longest {
            return Err(VaultError::unexpected("the object is longer than asked for"));
        }
        found.bytes().await.map_err(|error| wrong(&error))
    }

    /// Removes these.
    pub(crate) async fn remove(&self, names: &[ObjectName]) -> Result<(), VaultError> {
        let removed = names.iter().copied().map(|name| async move {
            match self.store.delete(&self.key(name)).await.map_err(|error| wrong(&error)) {
                Err(VaultError::Missing) => self.is_there().await,
                result => result,
            }
        });
        let mut removed = stream::iter(removed).buffer_unordered(REMOVALS);
        while let Some(result) = removed.next().await {
            result?;
        }
        Ok(())
    }

    /// Every name, a page of the store's at a time.
    pub(crate) fn list(&self) -> BoxStream<'static, Result<ObjectName, VaultError>> {
        let prefix = self.prefix.clone();
        let listed = self.store.list(Some(&self.prefix)).map(move |entry| match entry {
            Ok(entry) => Ok(named(&prefix, &entry.location)),
            Err(error) => Err(wrong(&error)),
        });
        listed.filter_map(|name| async { name.transpose() }).boxed()
    }

    /// The text of the mark, if there is one in a bucket that is there.
    pub(crate) async fn read_mark(&self) -> Result<Option<String>, VaultError> {
        let key = self.prefix.clone().join(MARK);
        let found = match self.found(&key).await {
            Err(VaultError::Missing) => return Ok(None),
            found => found?,
        };
        let text = found.bytes().await.map_err(|error| wrong(&error))?;
        String::from_utf8(text.into()).map(Some).map_err(VaultError::unexpected)
    }

    /// Puts a mark in the place of the one before.
    pub(crate) async fn write_mark(&self, text: String) -> Result<(), VaultError> {
        let key = self.prefix.clone().join(MARK);
        self.store.put(&key, text.into_bytes().into()).await.map(drop).map_err(|error| wrong(&error))
    }

    /// Puts a sheet of keys.
    pub(crate) async fn put_sheet(&self, sheet: Uuid, bytes: Vec<u8>) -> Result<(), VaultError> {
        let put = self.store.put(&self.sheet_key(sheet), bytes.into()).await;
        put.map(drop).map_err(|error| wrong(&error))
    }

    /// A sheet of keys.
    pub(crate) async fn read_sheet(&self, sheet: Uuid) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let found = self.found(&self.sheet_key(sheet)).await?;
        let bytes = found.bytes().await.map_err(|error| wrong(&error))?;
        Ok(Zeroizing::new(bytes.into()))
    }

    /// Puts a sheet again with zeros in these parts of it. What another process erases meanwhile may come back: the
    /// caller looks for that.
    pub(crate) async fn erase_in_sheet(&self, sheet: Uuid, parts: &[Range<usize>]) -> Result<(), VaultError> {
        let mut bytes = self.read_sheet(sheet).await?;
        for part in parts {
            let part = bytes.get_mut(part.clone());
            part.ok_or_else(|| VaultError::unexpected("a sheet of keys is too short"))?.fill(0);
        }
        self.put_sheet(sheet, bytes.to_vec()).await
    }

    /// An object. It is missing where the bucket is there without it: a bucket that is gone has lost nothing yet.
    async fn found(&self, key: &Key) -> Result<GetResult, VaultError> {
        let get = async || self.store.get(key).await.map_err(|error| wrong(&error));
        match get().await {
            Err(VaultError::Missing) => {
                self.is_there().await?;
                get().await
            }
            found => found,
        }
    }

    fn sheet_key(&self, sheet: Uuid) -> Key {
        self.prefix.clone().join(SHEETS).join(sheet_name(sheet))
    }

    /// Whether the bucket answers: one entry of it, whatever it is.
    pub(crate) async fn is_there(&self) -> Result<(), VaultError> {
        let options = PaginatedListOptions { max_keys: Some(1), ..PaginatedListOptions::default() };
        match self.store.list_paginated(Some(self.prefix.as_ref()), options).await {
            Ok(_) => Ok(()),
            Err(error) => Err(unavailable(&format!("listing {}", self.address), &error.to_string())),
        }
    }

    fn key(&self, name: ObjectName) -> Key {
        self.prefix.clone().join(name.shelf()).join(name.file_name())
    }
}

/// The name that a key stands for, when it is one of ours.
fn named(prefix: &Key, key: &Key) -> Option<ObjectName> {
    let mut parts = key.prefix_match(prefix)?;
    let (shelf, file_name) = (parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    ObjectName::from_stored(shelf.as_ref(), file_name.as_ref())
}

/// A spooled file from its start. Reads go to a thread made for waiting, though they mostly come from memory.
fn pieces(file: Spooled) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold(Some((file, 0)), |state| async {
        let (file, from) = state?;
        let read = spawn_blocking(move || file.piece(from).map(|piece| (file, piece)));
        match read.await.map_err(io::Error::other).flatten() {
            Ok((_, piece)) if piece.is_empty() => None,
            Ok((file, piece)) => {
                let next = from + piece.len() as u64;
                Some((Ok(piece), Some((file, next))))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// A fault of the store: only an object that is not there is anything but the store being unavailable.
fn wrong(error: &object_store::Error) -> VaultError {
    match error {
        object_store::Error::NotFound { .. } => VaultError::Missing,
        _ => unavailable("asking the bucket", &error.to_string()),
    }
}

fn unavailable(doing: &str, why: &str) -> VaultError {
    VaultError::Unavailable(format!("{doing}: {}", refusal(why)))
}

/// The beginning of what a store says, on one line.
fn refusal(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(REFUSAL_CHARACTERS)
        .collect()
}

/// An error with what caused it: `reqwest` names only itself.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
