//! One upload under way.

use super::messages;
use super::multipart::{Broken, Event, Parser};
use super::pace::{Paced, Unreceived};
use super::rules::{Rules, Wanted};
use super::stored::{Received, StoredFile, StoredFiles, vault_fault};
use crate::kit::app::App;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::handler::Ignored;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::near_miss;
use axum::body::Body;
use blake3::Hasher;
use bytes::Bytes;
use florin_document::{Checker, Facts, Rejected};
use florin_store::{Keyed, StoreError};
use florin_vault::{Check, Deposit, DepositError, ObjectName, Recipient, Stored};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// What a body may hold beside the longest files: the heads of the most parts, half of it, and fields that forms bring
/// along and that count for nothing.
const SLACK: u64 = 1024 * 1024;

/// What can end an upload before its time.
enum End {
    /// Refused or broken: answered straight away.
    Failed(Failure),
    /// A file or more is refused, and nothing that still comes would change that.
    Refused,
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Failed(refusal.into())
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        Refusal::invalid(broken.to_string()).into()
    }
}

/// The part that the body is in; parts of the rules by their place there.
enum Part {
    /// None, or one that counts for nothing: its place among those that nobody knows.
    Ignored(Option<usize>),
    /// One that is wanted, nothing of it yet.
    Begun(usize),
    /// One with a file.
    File(OpenFile),
}

struct OpenFile {
    part: usize,
    bytes: u64,
    /// Where there is a key.
    hasher: Option<Box<Hasher>>,
    /// None where it is not to be kept.
    kept: Option<Kept>,
}

/// A file on its way into the vault.
struct Kept {
    name: ObjectName,
    deposit: Deposit<Facts, Rejected>,
    /// Said by the check as soon as it knows.
    rejected: Arc<OnceLock<Rejected>>,
}

/// A part that nobody knows.
struct Unknown {
    name: String,
    has_content: bool,
}

/// What came of a part.
#[derive(Clone, Default)]
struct Given {
    /// How often, with something in it.
    count: usize,
    /// The hashes of that, where there is a key.
    hashes: Vec<String>,
}

/// The content check as the vault runs it.
struct Inspection {
    checker: Checker,
    rejected: Arc<OnceLock<Rejected>>,
}

impl Check for Inspection {
    type Facts = Facts;
    type Rejected = Rejected;

    fn push(&mut self, bytes: &[u8]) -> Result<(), Rejected> {
        self.checker.push(bytes).inspect_err(|rejected| {
            self.rejected.get_or_init(|| *rejected);
        })
    }

    fn finish(self) -> Result<Facts, Rejected> {
        self.checker.finish()
    }
}

/// An upload under way.
pub(super) struct Receiver<'a> {
    app: &'a App,
    rules: &'a Rules,
    to: Option<&'a Recipient>,
    keyed: Option<Keyed>,
    part: Part,
    /// Of each part of the rules.
    given: Vec<Given>,
    /// The other parts, in their order, and where they are noted.
    unknown: Vec<Unknown>,
    ignored: Ignored,
    stored: StoredFiles,
    /// The first thing that is wrong with a file.
    refusal: Option<Refusal>,
}

impl<'a> Receiver<'a> {
    pub(super) fn new(
        app: &'a App,
        rules: &'a Rules,
        to: Option<&'a Recipient>,
        (keyed, ignored): (Option<Keyed>, Ignored),
    ) -> Self {
        let given = vec![Given::default(); rules.parts.len()];
        Self {
            app,
            rules,
            to,
            keyed,
            part: Part::Ignored(None),
            given,
            unknown: Vec::new(),
            ignored,
            stored: StoredFiles::new(app),
            refusal: None,
        }
    }

    /// Receives all of it. Whatever is refused is gone from the vault by the answer.
    pub(super) async fn receive(mut self, boundary: &[u8], body: Body) -> Result<Received, Failure> {
        let files = self.rules.parts.iter().map(|part| part.max_count as u64).sum::<u64>();
        let max_bytes = files.saturating_mul(self.rules.max_bytes).saturating_add(SLACK);
        let ended = self.read(boundary, Paced::new(self.app, body, max_bytes)).await;
        if ended.is_err() {
            self.throw_away().await;
        }
        match ended {
            Err(End::Failed(failure)) => return Err(failure),
            // What has not been read to its end can't be told from another request: it has no key.
            Err(End::Refused) => self.keyed = None,
            Ok(()) => {
                let misspelt = self.misspelt();
                if !misspelt.is_empty() {
                    self.throw_away().await;
                    return Err(Refusal::validation(misspelt).into());
                }
            }
        }
        self.note_content();
        let is_given = self.given.iter().any(|given| given.count > 0);
        let Self { keyed, stored, refusal, unknown, ignored, rules, .. } = self;
        let refusal = refusal.or_else(|| (!is_given).then(|| messages::no_parts(rules)));
        ignored.add(unknown.into_iter().map(|part| part.name));
        Ok(Received { keyed, files: refusal.map_or(Ok(stored), Err) })
    }

    async fn read(&mut self, boundary: &[u8], mut body: Paced<'_>) -> Result<(), End> {
        let mut parser = Parser::new(boundary);
        loop {
            match body.frame().await {
                Ok(Some(frame)) => parser.push(frame),
                Ok(None) => break,
                Err(Unreceived::TooLong(_)) if self.refusal.is_some() => return Err(End::Refused),
                Err(Unreceived::TooLong(refusal) | Unreceived::Broken(refusal)) => return Err(refusal.into()),
            }
            while let Some(event) = parser.event()? {
                match event {
                    Event::Part(name) => self.begin(&name),
                    Event::Data(data) => self.take(data).await?,
                    Event::End => self.end().await?,
                }
            }
        }
        // A body of no bytes is none at all, whatever it says it is.
        if body.received() > 0 {
            parser.finish()?;
        }
        Ok(())
    }

    fn begin(&mut self, name: &[u8]) {
        let wanted = self.rules.parts.iter().position(|wanted| wanted.name.as_bytes() == name);
        self.part = wanted.map_or_else(|| self.begin_unknown(name), Part::Begun);
    }

    fn begin_unknown(&mut self, name: &[u8]) -> Part {
        let name = messages::shown(name);
        let place = self.unknown.iter().position(|part| part.name == name);
        if place.is_none() {
            self.unknown.push(Unknown { name, has_content: false });
        }
        Part::Ignored(place.or_else(|| self.unknown.len().checked_sub(1)))
    }

    /// Parts with content whose names were probably meant to be those of parts that did not come.
    fn misspelt(&self) -> Vec<String> {
        let parts = self.rules.parts.iter().zip(&self.given);
        let absent: Vec<_> = parts.filter(|(_, given)| given.count == 0).map(|(part, _)| part.name).collect();
        let with_content = self.unknown.iter().filter(|part| part.has_content);
        let misspelt = with_content.filter_map(|Unknown { name, .. }| {
            let meant = near_miss::meant(name, absent.iter().copied())?;
            Some(format!("{name} is no part of this call; did you mean {meant}?"))
        });
        misspelt.collect()
    }

    async fn take(&mut self, data: Bytes) -> Result<(), End> {
        if let Part::Begun(part) = self.part {
            self.part = Part::File(self.open(part)?);
        }
        if let Part::Ignored(Some(place)) = self.part
            && let Some(part) = self.unknown.get_mut(place)
        {
            part.has_content = true;
        }
        let Part::File(file) = &mut self.part else { return Ok(()) };
        if let Some(hasher) = &mut file.hasher {
            hasher.update(&data);
        }
        let room = usize::try_from(self.rules.max_bytes.saturating_sub(file.bytes)).unwrap_or(usize::MAX);
        file.bytes = file.bytes.saturating_add(data.len() as u64);
        if let Some(kept) = &mut file.kept
            && let Err(error) = kept.deposit.write(data.slice(..room.min(data.len()))).await
        {
            let part = file.part;
            return self.not_stored(part, error, None).await;
        }
        if data.len() > room { self.too_long().await } else { Ok(()) }
    }

    /// A part of the rules has something in it; one more than they allow is no well-formed request.
    fn open(&mut self, part: usize) -> Result<OpenFile, End> {
        let (wanted, given) = (&self.rules.parts[part], &mut self.given[part]);
        if given.count == wanted.max_count {
            return Err(given_too_often(wanted).into());
        }
        given.count += 1;
        let kept = match self.to.filter(|_| self.refusal.is_none()) {
            Some(to) => {
                let name = ObjectName::new(self.app.new_id());
                let name = name.ok_or_else(|| StoreError::unexpected("a new id is no object's name"))?;
                let rejected = Arc::<OnceLock<Rejected>>::default();
                let checker = Checker::new(wanted.kinds, self.rules.max_pixels);
                let check = Inspection { checker, rejected: Arc::clone(&rejected) };
                let deposit = self.app.vault.receive(name, to, check).map_err(vault_fault)?;
                Some(Kept { name, deposit, rejected })
            }
            None => None,
        };
        Ok(OpenFile { part, bytes: 0, hasher: self.keyed.is_some().then(Box::default), kept })
    }

    async fn end(&mut self) -> Result<(), End> {
        let Part::File(file) = std::mem::replace(&mut self.part, Part::Ignored(None)) else { return Ok(()) };
        let OpenFile { part, bytes: length, hasher, kept } = file;
        self.given[part].hashes.extend(hasher.map(|hasher| hasher.finalize().to_hex().to_string()));
        let Some(Kept { name, deposit, .. }) = kept else { return Ok(()) };
        self.stored.begin(name);
        match deposit.finish().await {
            Ok(Stored { name, bytes, facts, .. }) => {
                let part = self.rules.parts[part].name;
                self.stored.add(StoredFile { part, name, bytes, facts });
                Ok(())
            }
            Err(error) => self.not_stored(part, error, Some(length)).await,
        }
    }

    /// A file is not in the vault; `length` is its length, where it came to its end.
    async fn not_stored(
        &mut self,
        part: usize,
        error: DepositError<Rejected>,
        length: Option<u64>,
    ) -> Result<(), End> {
        match error {
            DepositError::Rejected(rejected) => {
                tracing::info!(%rejected, "a file was refused");
                self.refuse(messages::not_a_file(&self.rules.parts[part], rejected, length)).await
            }
            DepositError::Vault(error) => Err(vault_fault(error).into()),
        }
    }

    /// The file is longer than allowed: P440, unless its content was refused before that. The vault may be some chunks
    /// behind; it looks at them before it gives the file up.
    async fn too_long(&mut self) -> Result<(), End> {
        let Part::File(OpenFile { part, kept, .. }) = &mut self.part else { return Ok(()) };
        let wanted = &self.rules.parts[*part];
        let mut refusal = messages::too_long(wanted, self.rules.max_bytes);
        if let Some(Kept { deposit, rejected, .. }) = kept.take() {
            deposit.abandon().await;
            if let Some(rejected) = rejected.get() {
                refusal = messages::not_a_file(wanted, *rejected, None);
            }
        }
        self.refuse(refusal).await
    }

    /// A file is refused, and with it all of them. With a key the rest has to be read.
    async fn refuse(&mut self, refusal: Refusal) -> Result<(), End> {
        self.throw_away().await;
        self.refusal.get_or_insert(refusal);
        if self.keyed.is_some() { Ok(()) } else { Err(End::Refused) }
    }

    async fn throw_away(&mut self) {
        if let Part::File(OpenFile { kept, .. }) = &mut self.part
            && let Some(kept) = kept.take()
        {
            kept.deposit.abandon().await;
        }
        self.stored.clear().await;
    }

    /// The names of the parts and the hashes of what was in them: what makes it the same request.
    fn note_content(&mut self) {
        let Some(keyed) = &mut self.keyed else { return };
        let given = self.rules.parts.iter().zip(&self.given).filter(|(_, given)| given.count > 0);
        keyed.fields.extend(given.map(|(part, given)| (Cow::Borrowed(part.name), given.hashes.join(" "))));
    }
}

fn given_too_often(wanted: &Wanted) -> Refusal {
    match (wanted.name, wanted.max_count) {
        (name, 1) => Refusal::invalid(format!("{name} is given twice")),
        (name, count) => Refusal::invalid(format!("{name} can be given at most {count} times")),
    }
}
