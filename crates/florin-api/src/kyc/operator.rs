//! What an operator does: sees what waits, looks at what was sent, decides, asks for proof of address, exports files.
//! Whatever shows or changes something of a person is written down (`kit/audit.rs`) before it is shown.

use super::change::AttemptSecret;
use super::decide::{Decision, decide};
use super::ownership::{Marks, take_over};
use super::poa::{self, PoaStatus, WAITING};
use super::shown::Shown;
use super::standing::AttemptStatus;
use super::store::{self, File, OPEN_REVIEWS};
use crate::kit::app::App;
use crate::kit::book::audit::{self, Deed, MAX_OPERATOR};
use crate::kit::book::command::refusal_in;
use crate::kit::book::inbox::SHOWN;
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::kit::book::work::{Work, WorkCommand};
use crate::kit::endpoint::failure::Failure;
use crate::kit::request::upload::vault_fault;
use crate::users::{Deletion, deletion, existing};
use florin_store::{BookId, Holder, HolderId, Outcome, Snapshot, Statement, Stop, StoreError, Touch, params};
use florin_types::{Text, Timestamp, VaultMark};
use florin_vault::ObjectName;
use http::StatusCode;
use uuid::Uuid;
use zeroize::Zeroizing;

const BOOK_OF_ATTEMPT: Statement = "SELECT book, holder FROM kyc_attempt WHERE id = $1";
const BOOK_OF_SUBMISSION: Statement = "SELECT book, holder FROM poa WHERE submission = $1";

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[BOOK_OF_ATTEMPT, BOOK_OF_SUBMISSION];

/// Somebody of the operator's, at the command line.
pub struct Operator<'a> {
    /// The platform.
    pub app: &'a App,
    /// Who it is, for the audit.
    pub name: Text<MAX_OPERATOR>,
}

/// What a review is about.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ReviewOf {
    /// Who the user is.
    Identity,
    /// Where the user lives.
    Address,
}

/// A review that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenReview {
    /// What to call it.
    pub id: Uuid,
    /// What it is about.
    pub of: ReviewOf,
    /// Whose user.
    pub partner: String,
    /// The partner's id of the user.
    pub user: String,
    /// Since when it waits.
    pub since: Timestamp,
}

/// A file in clear, without what tells where it was taken.
pub struct Exported {
    /// What to call it: part, object and ending.
    pub file_name: String,
    /// Its content.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// A review that was found.
struct Found {
    of: ReviewOf,
    id: Uuid,
    holder: Holder,
    snapshot: Snapshot,
}

impl Operator<'_> {
    /// What waits, of all partners, oldest first within each.
    pub async fn reviews(&self) -> Result<Vec<OpenReview>, StoreError> {
        Ok(self.reviews_shown().await?.0)
    }

    /// The same, and the partners of which more wait than are shown.
    pub async fn reviews_shown(&self) -> Result<(Vec<OpenReview>, Vec<String>), StoreError> {
        let (mut open, mut cut) = (Vec::new(), Vec::new());
        for PartnerBook { book, name, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            for (of, statement) in [(ReviewOf::Identity, OPEN_REVIEWS), (ReviewOf::Address, WAITING)] {
                let rows = snapshot.query(statement, &[]).await?;
                if rows.len() > SHOWN {
                    cut.push(name.clone());
                }
                for row in rows.into_iter().take(SHOWN) {
                    let holder: HolderId = row.get(1)?;
                    let holder = snapshot.holders(&[holder]).await?.pop();
                    // Who was closed meanwhile is nobody's to decide on.
                    let Ok(holder) = existing(holder.as_ref()) else { continue };
                    let user = holder.handle.clone().unwrap_or_default();
                    open.push(OpenReview {
                        id: row.get(0)?,
                        of,
                        partner: name.clone(),
                        user,
                        since: row.get(2)?,
                    });
                }
            }
        }
        Ok((open, cut))
    }

    /// What a review is about, where there is one.
    pub async fn review(&self, id: Uuid) -> Result<Option<ReviewOf>, Failure> {
        Ok(self.find(id).await?.map(|found| found.of))
    }

    /// What a reviewer needs to see of a review, open or not.
    pub async fn show(&self, id: Uuid) -> Result<Option<Shown>, Failure> {
        let Some(Found { of, id, holder, mut snapshot }) = self.find(id).await? else { return Ok(None) };
        let shown = Shown::read(self.app, &mut snapshot, &holder, (of, id)).await?;
        let book = snapshot.book();
        drop(snapshot);
        self.note(book, "kyc.show", id, String::new()).await?;
        Ok(Some(shown))
    }

    /// Decides on the identity of a user, as long as the review is open and shows what it showed in this version.
    pub async fn decide(&self, id: Uuid, version: &str, decision: Decision) -> Result<Option<()>, Failure> {
        let Some(Found { of: ReviewOf::Identity, id, holder, snapshot }) = self.find(id).await? else {
            return Ok(None);
        };
        let (book, handle) = (snapshot.book(), holder.handle.clone().unwrap_or_default());
        drop(snapshot);
        let (secret, user) = (AttemptSecret::draw(self.app), handle.clone());
        let deed = self.deed("kyc.decide", id, format!("{} of version {version}", decision.in_audit()));
        let (by, version) = (self.name.as_str().to_owned(), version.to_owned());
        let command = async move |work: &mut Work<'_>| {
            let holder = existing(work.holder(&user))?.clone();
            let current = store::find(work.scope(), holder.id).await?;
            let is_open = current.is_some_and(|current| {
                current.attempt == id && current.standing.progress == AttemptStatus::InReview
            });
            if !is_open {
                return Err(Stop::Fault(StoreError::unexpected("this review is not open any more")));
            }
            let shown = Shown::read(work.app(), work.scope(), &holder, (ReviewOf::Identity, id)).await?;
            shown.check_version(&version)?;
            decide(work, &user, (decision, by.as_str()), &secret).await?;
            Ok(audit::note(work, &deed).await?)
        };
        self.run(book, &handle, command).await.map(Some)
    }

    /// Decides on the address of a user, as long as the review is open and shows what it showed in this version.
    pub async fn decide_address(
        &self,
        id: Uuid,
        version: &str,
        status: PoaStatus,
    ) -> Result<Option<()>, Failure> {
        let Some(Found { of: ReviewOf::Address, id, holder, snapshot }) = self.find(id).await? else {
            return Ok(None);
        };
        let (book, handle) = (snapshot.book(), holder.handle.clone().unwrap_or_default());
        drop(snapshot);
        let (user, version) = (handle.clone(), version.to_owned());
        let deed = self.deed("poa.decide", id, format!("{} of version {version}", status.as_str()));
        let command = async move |work: &mut Work<'_>| {
            let holder = existing(work.holder(&user))?.clone();
            let now = poa::find(work.scope(), holder.id).await?;
            if !now.is_some_and(|poa| poa.submission == id && poa.status == PoaStatus::Waiting) {
                return Err(Stop::Fault(StoreError::unexpected("this review is not open any more")));
            }
            let shown = Shown::read(work.app(), work.scope(), &holder, (ReviewOf::Address, id)).await?;
            shown.check_version(&version)?;
            poa::decide(work, &user, status).await?;
            Ok(audit::note(work, &deed).await?)
        };
        self.run(book, &handle, command).await.map(Some)
    }

    /// Asks a user for proof of address, as for one rated high risk.
    pub async fn require_address(&self, partner: Uuid, handle: &str) -> Result<Option<()>, Failure> {
        let Some((holder, snapshot)) = self.user(partner, handle).await? else { return Ok(None) };
        let book = snapshot.book();
        drop(snapshot);
        let user = handle.to_owned();
        let deed = self.deed("poa.require", holder.uuid, String::new());
        let command = async move |work: &mut Work<'_>| {
            poa::decide(work, &user, PoaStatus::Required).await?;
            Ok(audit::note(work, &deed).await?)
        };
        self.run(book, handle, command).await.map(Some)
    }

    /// All files of a user, one at a time to `take`. It is written down before the first is opened.
    pub async fn export(
        &self,
        partner: Uuid,
        handle: &str,
        mut take: impl FnMut(Exported) -> std::io::Result<()>,
    ) -> Result<Option<usize>, Failure> {
        let Some((holder, mut snapshot)) = self.user(partner, handle).await? else { return Ok(None) };
        let files = store::files(&mut snapshot, holder.id).await?;
        let book = snapshot.book();
        drop(snapshot);
        let names: Vec<_> = files.iter().map(|file| file.name.to_string()).collect();
        self.note(book, "vault.export", holder.uuid, names.join(" ")).await?;
        for file in &files {
            take(self.open(&holder, file).await?).map_err(StoreError::unexpected)?;
        }
        Ok(Some(files.len()))
    }

    /// When a user was deleted and erased; none where there is no such user, or it was not deleted.
    pub async fn deletion(&self, partner: Uuid, handle: &str) -> Result<Option<Deletion>, StoreError> {
        let Some((holder, mut snapshot)) = self.user(partner, handle).await? else { return Ok(None) };
        deletion(&mut snapshot, holder.id).await
    }

    /// Objects that rows name and that are gone or damaged: every file is read and authenticated.
    pub async fn check(&self) -> Result<(usize, Vec<ObjectName>), StoreError> {
        let (mut read, mut bad) = (0, Vec::new());
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            let mut after = Uuid::nil();
            loop {
                let mut snapshot = self.app.store.snapshot(book).await?;
                let page = store::all_files(&mut snapshot, after).await?;
                let Some((_, last)) = page.last() else { break };
                after = last.name.uuid();
                for (holder, file) in &page {
                    let holder = snapshot.holders(&[*holder]).await?.pop();
                    let is_good = match holder {
                        Some(holder) => self.read(&holder, file).await?.is_some(),
                        None => false,
                    };
                    read += 1;
                    if !is_good {
                        bad.push(file.name);
                    }
                }
            }
        }
        Ok((read, bad))
    }

    /// Makes the vault this database's, then writes it down for every partner, as the files are theirs.
    ///
    /// # Errors
    /// When vault or database is away, or a server of this database raised the epoch meanwhile. A takeover that could
    /// not be written down for all partners stands.
    pub async fn adopt(&self, marks: &Marks) -> Result<VaultMark, Failure> {
        let was = marks.vault.map_or("unmarked".to_owned(), |vault| {
            format!("of installation {} at epoch {}", vault.installation, vault.epoch)
        });
        let mark = take_over(self.app, marks).await?;
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            self.note(book, "vault.adopt", marks.database.installation, was.clone()).await?;
        }
        Ok(mark)
    }

    /// What operators did, in the books of all partners and beside them, oldest first by the clocks of the books.
    pub async fn audit(&self) -> Result<Vec<(String, audit::Entry)>, StoreError> {
        let mut all = Vec::new();
        for PartnerBook { book, name, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            let mut after = Uuid::nil();
            loop {
                let page = audit::list(&mut snapshot, after).await?;
                let Some((last, _)) = page.last() else { break };
                after = *last;
                all.extend(page.into_iter().map(|(_, entry)| (name.clone(), entry)));
            }
        }
        let mut after = Uuid::nil();
        loop {
            let page = audit::list_outside(&self.app.store, after).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            all.extend(page.into_iter().map(|(_, entry)| ("no partner".to_owned(), entry)));
        }
        // Stable: what happened at one time stays in the order in which it was noted.
        all.sort_by_key(|(_, entry)| entry.at);
        Ok(all)
    }

    async fn open(&self, holder: &Holder, file: &File) -> Result<Exported, StoreError> {
        let bytes = self.read(holder, file).await?;
        let bytes =
            bytes.ok_or_else(|| StoreError::unexpected(format!("{} is gone or damaged", file.name)))?;
        let bytes = florin_document::for_export(file.kind, &bytes).map_err(StoreError::unexpected)?;
        let ending = file.kind.as_str().to_ascii_lowercase();
        let file_name = format!("{}-{}.{ending}", file.part, file.name);
        Ok(Exported { file_name, bytes: Zeroizing::new(bytes) })
    }

    async fn read(&self, holder: &Holder, file: &File) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        use florin_vault::VaultError::{Damaged, Missing};
        let Some(key) = holder.secret.as_deref().and_then(|secret| self.app.seals.file_key(secret)) else {
            return Ok(None);
        };
        let max_bytes = usize::try_from(file.bytes).map_err(StoreError::unexpected)?;
        match self.app.vault.read(file.name, &key, max_bytes).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Missing | Damaged) => Ok(None),
            Err(error) => Err(vault_fault(error)),
        }
    }

    async fn find(&self, id: Uuid) -> Result<Option<Found>, StoreError> {
        if id.is_nil() {
            // Stands for "nothing was sent yet".
            return Ok(None);
        }
        for (of, statement) in
            [(ReviewOf::Identity, BOOK_OF_ATTEMPT), (ReviewOf::Address, BOOK_OF_SUBMISSION)]
        {
            let rows = self.app.store.look(statement, &params![id]).await?;
            let Some(row) = rows.first() else { continue };
            let (book, holder): (_, HolderId) = (row.get(0)?, row.get(1)?);
            let mut snapshot = self.app.store.snapshot(book).await?;
            let holder = snapshot.holders(&[holder]).await?.pop();
            return Ok(holder.map(|holder| Found { of, id, holder, snapshot }));
        }
        Ok(None)
    }

    async fn user(&self, partner: Uuid, handle: &str) -> Result<Option<(Holder, Snapshot)>, StoreError> {
        let books = partner_books(&self.app.store).await?;
        let Some(found) = books.into_iter().find(|found| found.partner == partner) else { return Ok(None) };
        let mut snapshot = self.app.store.snapshot(found.book).await?;
        let holder = snapshot.holder(handle).await?;
        Ok(holder.map(|holder| (holder, snapshot)))
    }

    /// Writes down what changes nothing else.
    async fn note(
        &self,
        book: BookId,
        action: &'static str,
        object: Uuid,
        detail: String,
    ) -> Result<(), Failure> {
        let deed = self.deed(action, object, detail);
        let command = async move |work: &mut Work<'_>| Ok(audit::note(work, &deed).await?);
        self.run(book, "", command).await
    }

    async fn run(
        &self,
        book: BookId,
        handle: &str,
        command: impl AsyncFn(&mut Work<'_>) -> Result<(), Stop> + Send + 'static,
    ) -> Result<(), Failure> {
        let touches = vec![Touch::User(handle.to_owned())];
        let command = WorkCommand::new(self.app, StatusCode::NO_CONTENT, command);
        match self.app.store.door().run(book, None, touches, command).await? {
            Outcome::Answered(answer) => match refusal_in(answer.status, &answer.body) {
                Some(refusal) => Err(refusal.into()),
                None => Ok(()),
            },
            _ => Err(StoreError::unexpected("a command without a key was no new one").into()),
        }
    }

    fn deed(&self, action: &'static str, object: Uuid, detail: String) -> Deed {
        Deed { operator: self.name.clone(), action, object, detail }
    }
}
