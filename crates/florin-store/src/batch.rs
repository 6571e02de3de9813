//! What a batch has read and what it will write, per book, in memory. Commands change this; the database sees it once,
//! at the flush. Every change can be undone back to an undo point, so that a command that stops leaves nothing behind.

use crate::answer::Answer;
use crate::book::{Book, INSERT_BOOK, NewBook, UPDATE_BOOK};
use crate::db::SetRows;
use crate::event::{INSERT_EVENT, NewEvent, StoredEvent};
use crate::holder::{
    Holder, INSERT_ACCOUNT, INSERT_HOLDER, UPDATE_ACCOUNT, UPDATE_HOLDER, account_of_row, account_row,
    changed_holder_row, holder_of_row, holder_row, joined_account,
};
use crate::idempotency::{Digest, INSERT_COMMAND, INSERT_KEY, KeyHash, KeyIndex, KeyRows, Stored};
use crate::job::{INSERT_JOB, NewJob, job_row};
use crate::journal::{INSERT_MARK, INSERT_RECORD, mark_row, record_row};
use crate::seal::RowSeals;
use crate::touch::{ByHandle, Touched};
use crate::{Row, StoreError, Value};
use florin_ledger::{
    Account, AccountKey, BookId, ChainKey, HolderId, Posting, PostingError, Record, RecordKind, draft, fold,
    marks,
};
use florin_types::Timestamp;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// An account as the batch sees it.
#[derive(Copy, Clone, Debug)]
struct Slot {
    account: Account,
    /// Not in the database yet.
    is_new: bool,
    /// To be written: opened on purpose, or changed by a posting.
    is_dirty: bool,
}

/// A holder as the batch sees it.
#[derive(Clone, Debug)]
struct HolderSlot {
    holder: Holder,
    is_new: bool,
    is_dirty: bool,
}

#[derive(Debug)]
enum Undo {
    Account(AccountKey, Option<Slot>),
    /// None: it was opened.
    Holder(HolderId, Option<Box<HolderSlot>>),
}

/// How far a batch was when a command began, but for its object rows.
#[derive(Clone, Debug)]
pub(crate) struct UndoPoint {
    undo: usize,
    records: usize,
    events: usize,
    jobs: usize,
    commands: usize,
    last_at: Timestamp,
    clock_offset: i64,
    holder_head: i64,
}

/// A book in a batch.
#[derive(Debug)]
pub(crate) struct BatchState {
    pub(crate) book: Book,
    seals: RowSeals,
    /// None: it was looked for, and there is none.
    holders: HashMap<HolderId, Option<HolderSlot>>,
    /// The users among them by handle. None: it was looked for, and there is none.
    handles: HashMap<String, Option<HolderId>>,
    accounts: BTreeMap<AccountKey, Slot>,
    keys: HashMap<KeyHash, Stored>,
    records: Vec<Record>,
    /// How many records there were when the running command began.
    command_start: usize,
    events: Vec<StoredEvent>,
    jobs: Vec<(Timestamp, NewJob)>,
    commands: Vec<KeyRows>,
    undo: Vec<Undo>,
    /// The book that takes this one's place, with what it starts with.
    pub(crate) successor: Option<(BookId, NewBook)>,
    /// How many answers the successor starts with.
    carried: i64,
}

impl BatchState {
    pub(crate) fn new(book: Book, seals: RowSeals) -> Self {
        Self {
            book,
            seals,
            holders: HashMap::new(),
            handles: HashMap::new(),
            accounts: BTreeMap::new(),
            keys: HashMap::new(),
            records: Vec::new(),
            command_start: 0,
            events: Vec::new(),
            jobs: Vec::new(),
            commands: Vec::new(),
            undo: Vec::new(),
            successor: None,
            carried: 0,
        }
    }

    /// Leaves what is not known yet.
    pub(crate) fn retain_unknown(&self, touched: &mut Touched) {
        touched.by_handle.retain(|by_handle| !self.knows(by_handle));
        touched.holders.retain(|holder| !self.holders.contains_key(holder));
        touched.accounts.retain(|key| !self.accounts.contains_key(key));
    }

    /// Takes in what the look-ups of `touched` found. What the batch already changed stands above what was read.
    pub(crate) fn absorb(&mut self, touched: &Touched, found: &[Vec<Row>]) -> Result<(), StoreError> {
        let [by_handle, holders, accounts, ..] = found else {
            return Err(StoreError::unexpected("the look-ups were not answered"));
        };
        for row in by_handle {
            self.keep_holder(holder_of_row(row, &self.seals)?);
            if let Some(account) = joined_account(row)? {
                self.keep_account(account);
            }
        }
        for row in holders {
            self.keep_holder(holder_of_row(row, &self.seals)?);
        }
        for row in accounts {
            self.keep_account(account_of_row(row, 0)?);
        }
        for (handle, account) in &touched.by_handle {
            let holder = *self.handles.entry(handle.clone()).or_default();
            if let (Some(holder), Some((currency, kind))) = (holder, *account) {
                self.open_untouched(AccountKey { holder, currency, kind });
            }
        }
        for holder in &touched.holders {
            self.holders.entry(*holder).or_default();
        }
        touched.accounts.iter().for_each(|key| self.open_untouched(*key));
        Ok(())
    }

    fn knows(&self, (handle, account): &ByHandle) -> bool {
        match (self.handles.get(handle), account) {
            (None, _) => false,
            (Some(None), _) | (Some(_), None) => true,
            (Some(Some(holder)), Some((currency, kind))) => {
                let key = AccountKey { holder: *holder, currency: *currency, kind: *kind };
                self.accounts.contains_key(&key)
            }
        }
    }

    /// A holder that was read; what the batch already changed stands above what the database says.
    fn keep_holder(&mut self, holder: Holder) {
        if let Some(handle) = &holder.handle {
            self.handles.entry(handle.clone()).or_insert(Some(holder.id));
        }
        let slot = HolderSlot { holder, is_new: false, is_dirty: false };
        self.holders.entry(slot.holder.id).or_insert(Some(slot));
    }

    /// Where an account that opens itself was not found, it is open at zero. Its first posting has it written.
    fn open_untouched(&mut self, key: AccountKey) {
        if key.opens_itself() {
            let unposted = Slot { account: Account::new(key), is_new: true, is_dirty: false };
            self.accounts.entry(key).or_insert(unposted);
        }
    }

    /// An account that was read; what the batch already changed stands above what the database says.
    fn keep_account(&mut self, account: Account) {
        self.accounts.entry(account.key).or_insert(Slot { account, is_new: false, is_dirty: false });
    }

    pub(crate) fn keep_keys(&mut self, keys: HashMap<KeyHash, Stored>) {
        self.keys = keys;
    }

    pub(crate) fn stored(&self, digest: &Digest, now: Timestamp) -> Option<&Stored> {
        self.keys.get(&digest.key).filter(|stored| !stored.is_expired(now))
    }

    pub(crate) fn holder(&self, id: HolderId) -> Option<&Holder> {
        self.holders.get(&id)?.as_ref().map(|slot| &slot.holder)
    }

    pub(crate) fn user(&self, handle: &str) -> Option<&Holder> {
        self.holder((*self.handles.get(handle)?)?)
    }

    pub(crate) fn account(&self, key: AccountKey) -> Option<Account> {
        self.accounts.get(&key).map(|slot| slot.account)
    }

    pub(crate) fn open_holder(&mut self, uuid: Uuid, handle: String, gate: i64, secret: Vec<u8>) -> HolderId {
        self.book.holder_head += 1;
        let id = HolderId(self.book.id.position(self.book.holder_head).0);
        self.handles.insert(handle.clone(), Some(id));
        let holder = Holder { id, uuid, handle: Some(handle), gate, secret: Some(secret) };
        self.holders.insert(id, Some(HolderSlot { holder, is_new: true, is_dirty: true }));
        self.undo.push(Undo::Holder(id, None));
        id
    }

    pub(crate) fn change_holder(
        &mut self,
        id: HolderId,
        change: impl FnOnce(&mut Holder),
    ) -> Result<(), StoreError> {
        let slot = self.holders.get_mut(&id).and_then(Option::as_mut);
        let slot = slot
            .ok_or_else(|| StoreError::unexpected("a holder to be changed is not there, or not touched"))?;
        self.undo.push(Undo::Holder(id, Some(Box::new(slot.clone()))));
        change(&mut slot.holder);
        slot.is_dirty = true;
        Ok(())
    }

    pub(crate) fn open_account(&mut self, key: AccountKey) {
        let slot = Slot { account: Account::new(key), is_new: true, is_dirty: true };
        let before = self.accounts.insert(key, slot);
        self.undo.push(Undo::Account(key, before));
    }

    /// Posts a ledger transaction: checks it, then appends its record and takes the legs into the accounts.
    pub(crate) fn post(
        &mut self,
        kind: RecordKind,
        object: Uuid,
        posting: &Posting,
        memo: Vec<u8>,
    ) -> Result<(), PostingError> {
        if posting.moves().iter().any(|m| m.account.holder.book() != self.book.id) {
            return Err(PostingError::Malformed);
        }
        let legs = draft(posting, |key| self.account(key))?;
        let position = self.book.id.position(self.book.journal_head + self.records.len() as i64 + 1);
        for leg in &legs {
            let key = leg.account;
            let slot = self.accounts.get_mut(&key).ok_or(PostingError::NoSuchAccount(key))?;
            self.undo.push(Undo::Account(key, Some(*slot)));
            fold(&mut slot.account, leg, position).map_err(|_| PostingError::Malformed)?;
            slot.is_dirty = true;
        }
        let at = self.book.last_at;
        self.records.push(Record { position, version: Record::VERSION, kind, at, object, legs, memo });
        Ok(())
    }

    pub(crate) fn emit(&mut self, event: NewEvent) {
        let position = self.book.id.position(self.last_event() + 1);
        let of_command = self.records.get(self.command_start..).unwrap_or_default();
        let journal = of_command.last().filter(|_| event.of_last_record).map(|record| record.position);
        self.events.push(StoredEvent {
            position,
            id: event.id,
            kind: event.kind.to_owned(),
            at: self.book.last_at,
            object: event.object,
            holder: event.holder,
            journal,
            data: event.data,
        });
    }

    pub(crate) fn last_event(&self) -> i64 {
        self.book.event_head + self.events.len() as i64
    }

    pub(crate) fn enqueue(&mut self, job: NewJob) {
        self.jobs.push((self.book.wall_at(job.due), job));
    }

    /// Jobs that the batch made but has not written move with the clock too.
    pub(crate) fn shift_jobs(&mut self, micros: i64) {
        for (run_at, _) in &mut self.jobs {
            *run_at = Timestamp::from_micros(run_at.micros().saturating_sub(micros));
        }
    }

    /// A book takes this one's place, and keeps the answers of the resets before.
    pub(crate) fn succeed(&mut self, id: BookId, new: NewBook, carried: Vec<KeyRows>) {
        self.carried = carried.len() as i64;
        self.commands.extend(carried);
        self.successor = Some((id, new));
    }

    /// Keeps a command's answer for its key.
    pub(crate) fn answered(&mut self, digest: &Digest, answer: &Answer) {
        // A reset's answer belongs to the book that it opened, whose clock is the wall's: there a repeat will look.
        let (rows, at) = match &self.successor {
            Some((next, _)) => {
                self.carried += 1;
                let at = self.book.wall_at(self.book.last_at);
                let position = next.position(self.carried);
                (KeyIndex::carried(KeyIndex::rows(digest, position, answer, at)), at)
            }
            None => {
                self.book.command_head += 1;
                let (position, at) = (self.book.id.position(self.book.command_head), self.book.last_at);
                (KeyIndex::rows(digest, position, answer, at), at)
            }
        };
        self.commands.push(rows);
        self.keys.insert(digest.key, KeyIndex::stored(digest, answer, at));
    }

    pub(crate) fn undo_point(&mut self) -> UndoPoint {
        self.command_start = self.records.len();
        UndoPoint {
            undo: self.undo.len(),
            records: self.records.len(),
            events: self.events.len(),
            jobs: self.jobs.len(),
            commands: self.commands.len(),
            last_at: self.book.last_at,
            clock_offset: self.book.clock_offset,
            holder_head: self.book.holder_head,
        }
    }

    /// Takes back everything since an undo point.
    pub(crate) fn undo_to(&mut self, point: &UndoPoint) {
        for undo in self.undo.drain(point.undo..).rev() {
            match undo {
                Undo::Account(key, Some(slot)) => drop(self.accounts.insert(key, slot)),
                Undo::Account(key, None) => drop(self.accounts.remove(&key)),
                Undo::Holder(id, Some(slot)) => drop(self.holders.insert(id, Some(*slot))),
                Undo::Holder(id, None) => {
                    let opened = self.holders.remove(&id).flatten();
                    if let Some(handle) = opened.and_then(|slot| slot.holder.handle) {
                        self.handles.remove(&handle);
                    }
                }
            }
        }
        self.records.truncate(point.records);
        self.events.truncate(point.events);
        self.jobs.truncate(point.jobs);
        self.commands.truncate(point.commands);
        self.book.last_at = point.last_at;
        self.book.clock_offset = point.clock_offset;
        self.book.holder_head = point.holder_head;
        (self.successor, self.carried) = (None, 0);
    }

    /// Whether there is anything to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.undo.is_empty()
            && self.records.is_empty()
            && self.events.is_empty()
            && self.jobs.is_empty()
            && self.commands.is_empty()
            && self.successor.is_none()
    }

    /// Whether events were appended, for those who wait for them.
    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The batch as a few sets to be written, with those of `objects`, and the book's row last.
    pub(crate) fn flush(&mut self, objects: Vec<SetRows>, key: &ChainKey, batch: [u8; 16]) -> Vec<SetRows> {
        self.book.batch = batch;
        let mut sets: Vec<SetRows> = Vec::with_capacity(12);
        let (records, mark_rows) = self.journal_rows(key);
        sets.push((&INSERT_RECORD, records));
        sets.push((&INSERT_MARK, mark_rows));
        sets.push((&INSERT_EVENT, self.event_rows(key)));
        let slots = self.accounts.values();
        let (new, changed): (Vec<&Slot>, Vec<&Slot>) =
            slots.filter(|slot| slot.is_dirty).partition(|slot: &&Slot| slot.is_new);
        sets.push((&INSERT_ACCOUNT, new.iter().map(|slot| account_row(&slot.account)).collect()));
        sets.push((&UPDATE_ACCOUNT, changed.iter().map(|slot| account_row(&slot.account)).collect()));
        self.holder_sets(&mut sets);
        sets.extend(objects);
        let (commands, keys) = std::mem::take(&mut self.commands).into_iter().unzip();
        sets.push((&INSERT_COMMAND, commands));
        sets.push((&INSERT_KEY, keys));
        let mut jobs = std::mem::take(&mut self.jobs);
        if self.successor.is_some() {
            jobs.clear();
        }
        let rows = jobs.into_iter().map(|(run_at, job)| {
            self.book.job_head += 1;
            job_row(self.book.id.position(self.book.job_head), run_at, job)
        });
        sets.push((&INSERT_JOB, rows.collect()));
        if let Some((id, new)) = self.successor.clone() {
            self.book.successor = Some(id);
            let next = Book { command_head: self.carried, ..Book::fresh(id) };
            push_new_book(&mut sets, &next, &new, &self.seals);
        }
        sets.push((&UPDATE_BOOK, vec![self.book.to_row(&self.seals)]));
        sets
    }

    fn journal_rows(&mut self, key: &ChainKey) -> (Vec<Vec<Value>>, Vec<Vec<Value>>) {
        let mut rows = Vec::with_capacity(self.records.len());
        let mut mark_rows = Vec::new();
        for record in self.records.drain(..) {
            let legs = record.encode_legs();
            self.book.journal_head += 1;
            self.book.journal_chain = self.book.journal_chain.next_record(key, &record, &legs);
            let marked = record.legs.iter().filter(|leg| marks(leg));
            mark_rows.extend(marked.map(|leg| mark_row(leg, record.position, record.at)));
            rows.push(record_row(record, legs, self.book.journal_chain));
        }
        (rows, mark_rows)
    }

    fn event_rows(&mut self, key: &ChainKey) -> Vec<Vec<Value>> {
        let mut rows = Vec::with_capacity(self.events.len());
        for event in self.events.drain(..) {
            self.book.event_head += 1;
            self.book.event_chain = event.link(self.book.event_chain, key);
            rows.push(event.into_row(self.book.event_chain));
        }
        rows
    }

    fn holder_sets(&self, sets: &mut Vec<SetRows>) {
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for slot in self.holders.values().flatten().filter(|slot| slot.is_dirty) {
            let holder = slot.holder.clone();
            match slot.is_new {
                true => new.push(holder_row(holder, &self.seals)),
                false => changed.push(changed_holder_row(holder, &self.seals)),
            }
        }
        // In the order of their numbers, which is the order of the tree.
        new.sort_by_key(|row: &Vec<Value>| if let Value::Int(id) = row[0] { id } else { 0 });
        sets.push((&INSERT_HOLDER, new));
        sets.push((&UPDATE_HOLDER, changed));
    }
}

/// The rows of a new book: its own, the partner as a holder, the accounts it starts with.
pub(crate) fn push_new_book(sets: &mut Vec<SetRows>, book: &Book, new: &NewBook, seals: &RowSeals) {
    let (id, secret) = (book.id.partner(), new.partner_secret.clone());
    sets.push((&INSERT_BOOK, vec![book.to_row(seals)]));
    let holder = Holder { id, uuid: new.partner, handle: None, gate: 0, secret };
    sets.push((&INSERT_HOLDER, vec![holder_row(holder, seals)]));
    let accounts = new.accounts(book.id).into_iter().map(|key| account_row(&Account::new(key)));
    sets.push((&INSERT_ACCOUNT, accounts.collect()));
}
