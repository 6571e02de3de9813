//! Sheets of slots: what must be in the vault to unwrap a user's key, and what an erasure overwrites.
//!
//! What the database once held stays in its pages, its log and its backups for as long as they live, and none of that
//! can be overwritten by us. So a user's key is wrapped with a slot, 32 random bytes that are in the vault alone. A
//! sheet has [`SLOTS`] of them. It is made before they are needed, so that no new user waits for the vault: a process
//! reserves some slots of a sheet at a time and gives each user the next. Sheets are read at the start and kept in
//! memory.
//!
//! An erasure first lists its slot in the database, then overwrites all listed ones of the sheet. Two processes that
//! overwrite one sheet in a bucket at the same time could undo each other's work: each looks for new slots in the list
//! afterwards, and begins anew if there are some. At the start the list is compared with the sheets, so a vault that
//! was restored from a backup is overwritten again.

use super::jobs::run_inside;
use super::registry::{PartnerBook, partner_books};
use super::seal::{SLOTS, Slot};
use super::work::Work;
use crate::kit::app::App;
use crate::kit::endpoint::failure::Failure;
use crate::kit::request::upload::vault_fault;
use florin_store::{BookId, HolderId, Row, Statement, Store, StoreError, Touch, params};
use florin_types::ClockDoubt;
use florin_vault::VaultError;
use futures_util::{StreamExt, stream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

const COUNT: Statement = "SELECT COUNT(*) FROM key_sheet";
const LIST: Statement = "SELECT id FROM key_sheet WHERE id > $1 ORDER BY id LIMIT 1000";
const INSERT: Statement = "INSERT INTO key_sheet (id, made_at, used) VALUES ($1, $2, 0)";
const UNUSED: Statement = "SELECT COUNT(*) FROM key_sheet WHERE used = 0";
const WITH_ROOM: Statement = "SELECT id FROM key_sheet WHERE used < $1 ORDER BY used DESC, id LIMIT 1000";
const USED: Statement = "SELECT used FROM key_sheet WHERE id = $1";
const SET_USED: Statement = "UPDATE key_sheet SET used = $2 WHERE id = $1";
const LIST_ERASED: Statement =
    "INSERT INTO erased_slot (sheet, number) VALUES ($1, $2) ON CONFLICT (sheet, number) DO NOTHING";
const ERASED_OF: Statement = "SELECT number FROM erased_slot WHERE sheet = $1 ORDER BY number";
const ERASED_SHEETS: Statement = "SELECT DISTINCT sheet FROM erased_slot";
const LAST_HOLDER: Statement =
    "SELECT COALESCE(MAX(id), 0) FROM holder WHERE book = $1 AND id > $2 AND id < $3";
const WITHOUT_SLOT: Statement = "SELECT id FROM holder WHERE book = $1 AND id > $2 AND id <= $3 \
     AND handle IS NOT NULL AND length(secret) < 80 ORDER BY id";

/// Every statement here, for the test that prepares and runs them all.
pub(crate) const STATEMENTS: &[Statement] = &[
    COUNT,
    LIST,
    INSERT,
    UNUSED,
    WITH_ROOM,
    USED,
    SET_USED,
    LIST_ERASED,
    ERASED_OF,
    ERASED_SHEETS,
    LAST_HOLDER,
    WITHOUT_SLOT,
];

/// Bytes of a sheet.
const SHEET_BYTES: usize = SLOTS as usize * 32;

/// Slots that a process reserves at a time: a small commit for as many users. What a process does not use when it ends
/// is lost, 4 KiB at most.
const RESERVED: u16 = 128;

/// Unused sheets that are kept ahead: a process reads a new one before its slots are given, also while another creates
/// hundreds of users a second.
const AHEAD: i64 = 2;

/// How often a process looks for sheets that others made. Two unused sheets last longer than this.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// How long the vault may take for one sheet, and a call may wait for its turn to ask: a hundred times what a bucket
/// takes, and within the time that clients wait for an answer.
const VAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sheets read at a time: a bucket answers each in some 50 ms.
const READS: usize = 16;

/// How often an erasure begins anew because others erase in the same sheet. Each time one of them is done.
const MAX_ROUNDS: usize = 100;

/// Holders that are looked at by one statement, and given slots by one command: a few milliseconds.
const LOOKED_AT: usize = 500;

/// The pause between commands that give slots to users of older versions: for the calls of partners.
const PAUSE: Duration = Duration::from_millis(100);

/// How many looks apart the list of erased slots is compared with the vault, and users without a slot are looked for:
/// an hour. A request to a bucket that was held up may put an old sheet back.
const LOOKS_PER_COMPARISON: u32 = 1800;

/// The longest wait after failures, in looks: five minutes. Until then each failure doubles it.
const MAX_LOOKS_WAITED: u32 = 150;

/// Whether the database knows a sheet.
///
/// # Errors
/// When the database is away.
pub async fn is_there_one(store: &Store) -> Result<bool, StoreError> {
    Ok(number(&store.look(COUNT, &[]).await?)? > 0)
}

/// How many sheets the database knows that are not in the vault, after [`load`].
///
/// # Errors
/// When the database is away.
pub async fn missing(app: &App) -> Result<usize, StoreError> {
    let known = number(&app.store.look(COUNT, &[]).await?)?;
    Ok(usize::try_from(known).map_err(StoreError::unexpected)?.saturating_sub(app.seals.sheets()))
}

/// Reads all sheets that the database knows and this process does not.
///
/// # Errors
/// When vault or database is away. A sheet that is missing is logged: its users' data can't be opened.
pub async fn load(app: &App) -> Result<(), StoreError> {
    let mut after = Uuid::nil();
    loop {
        let rows = app.store.look(LIST, &params![after]).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
        let Some(last) = ids.last() else { break };
        after = *last;
        let new = ids.into_iter().filter(|id| !app.seals.has_sheet(*id));
        let mut reads = stream::iter(new.map(|id| read(app, id))).buffer_unordered(READS);
        while let Some(read) = reads.next().await {
            read?;
        }
    }
    Ok(())
}

/// Overwrites again what the vault has of erased slots: it was restored from a backup, or a late request to a bucket
/// has put an old sheet back.
///
/// # Errors
/// When vault or database is away, or the vault is not this database's.
pub async fn erase_again(app: &App) -> Result<(), StoreError> {
    for row in app.store.look(ERASED_SHEETS, &[]).await? {
        let sheet: Uuid = row.get(0)?;
        let bytes = match app.vault.sheet(sheet).await {
            Ok(bytes) => bytes,
            Err(VaultError::Missing) => continue,
            Err(error) => return Err(vault_fault(error)),
        };
        let is_there =
            |slot: &Slot| bytes.get(slot.place()).is_some_and(|slot| slot.iter().any(|byte| *byte != 0));
        if erased_of(app, sheet).await?.iter().any(is_there) {
            tracing::warn!(%sheet, "erased keys were back in the vault, and are overwritten again");
            erase_listed(app, sheet).await?;
        }
    }
    Ok(())
}

/// Reads one sheet. False: it is missing, which is logged when it is noticed.
async fn read(app: &App, sheet: Uuid) -> Result<bool, StoreError> {
    let read = in_time(async {
        match app.vault.sheet(sheet).await {
            Ok(bytes) => Ok(Some(bytes).filter(|bytes| bytes.len() == SHEET_BYTES)),
            Err(VaultError::Missing) => Ok(None),
            Err(error) => Err(vault_fault(error)),
        }
    });
    match read.await? {
        Some(bytes) => {
            app.seals.add_sheet(sheet, bytes);
            Ok(true)
        }
        None => {
            if app.seals.note_missing(sheet) {
                tracing::warn!(%sheet, "a sheet of keys is missing from the vault: data of its users can't be opened");
            }
            Ok(false)
        }
    }
}

/// What a call of the vault answers, or a fault if it takes too long.
async fn in_time<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| Err(StoreError::unavailable("the vault gave no answer in time"));
    tokio::time::timeout(VAULT_TIMEOUT, call).await.unwrap_or_else(late)
}

/// Looks again for the sheets that the vault did not have. Whether some still are missing.
///
/// # Errors
/// When the vault is away.
pub async fn look_for_missing(app: &App) -> Result<bool, StoreError> {
    for sheet in app.seals.missing_sheets() {
        if read(app, sheet).await? {
            tracing::info!(%sheet, "a sheet of keys that was missing is in the vault again");
        }
    }
    Ok(!app.seals.missing_sheets().is_empty())
}

/// When to look next for sheets that are missing: each look that finds none doubles the pause.
struct Search {
    /// Looks until then.
    until: u32,
    /// The pause after the next look that finds none.
    pause: u32,
    /// How many were missing at the last look: more or fewer are a reason to look soon.
    missing: usize,
}

impl Search {
    const NEW: Self = Self { until: 0, pause: 1, missing: 0 };

    /// Whether to look now, with so many missing.
    fn is_due(&mut self, missing: usize) -> bool {
        if missing != self.missing {
            *self = Self { missing, ..Self::NEW };
        }
        if missing == 0 || self.until > 0 {
            self.until = self.until.saturating_sub(1);
            return false;
        }
        self.until = self.pause;
        self.pause = MAX_LOOKS_WAITED.min(self.pause * 2);
        true
    }
}

/// Keeps sheets ahead and slots reserved, and gives slots to users of older versions, until dropped.
pub async fn work(app: App) {
    let mut ticks = tokio::time::interval(LOOK_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Looks until the list is compared and slots are given, and how long the next failure makes them wait.
    let (mut until_comparison, mut until_slots, mut wait) = (0, 0, 1);
    let mut search = Search::NEW;
    loop {
        ticks.tick().await;
        until_comparison = u32::saturating_sub(until_comparison, 1);
        until_slots = u32::saturating_sub(until_slots, 1);
        if app.vault.closed_to_writing().is_some() {
            // The database may be one that does not know what was reserved.
            app.seals.drop_slots();
            continue;
        }
        if !app.may_write() {
            continue;
        }
        if let Err(error) = keep_ahead(&app).await {
            tracing::warn!(%error, "could not keep sheets of keys ahead");
            continue;
        }
        if search.is_due(app.seals.missing_sheets().len()) {
            warn(
                look_for_missing(&app).await.map(drop),
                "could not look for sheets of keys that are missing",
            );
        }
        if until_comparison == 0 {
            let compared = erase_again(&app).await;
            until_comparison = if compared.is_ok() { LOOKS_PER_COMPARISON } else { MAX_LOOKS_WAITED };
            warn(compared, "could not compare the erased keys with the vault");
        }
        if until_slots == 0 {
            // Again after a success: a process of an older version may run beside this one and create users.
            let given = give_slots(&app).await;
            (until_slots, wait) = match &given {
                Ok(()) => (LOOKS_PER_COMPARISON, 1),
                Err(_) => (wait, MAX_LOOKS_WAITED.min(wait * 2)),
            };
            warn(given, "could not give slots to all users of older versions");
        }
    }
}

fn warn(result: Result<(), StoreError>, what: &str) {
    if let Err(error) = result {
        tracing::warn!(%error, "{what}");
    }
}

/// Reads what others made, and makes sheets until enough are unused.
///
/// # Errors
/// When vault or database is away, or the vault is not this database's.
pub async fn keep_ahead(app: &App) -> Result<(), StoreError> {
    let known = number(&app.store.look(COUNT, &[]).await?)?;
    // Those that are missing are looked for apart, ever more rarely.
    if usize::try_from(known).ok() != Some(app.seals.sheets() + app.seals.missing_sheets().len()) {
        load(app).await?;
    }
    while number(&app.store.look(UNUSED, &[]).await?)? < AHEAD {
        make(app).await?;
    }
    if app.seals.reserved() < usize::from(RESERVED / 2) {
        let _one = app.seals.reserving.lock().await;
        reserve(app).await?;
    }
    Ok(())
}

/// Makes a sheet: in the vault first, so that no user depends on one that is not there.
async fn make(app: &App) -> Result<(), StoreError> {
    let sheet = app.new_id();
    let mut bytes = Zeroizing::new(vec![0; SHEET_BYTES]);
    app.entropy.fill(&mut bytes);
    // One that is added too late is in no row: nobody uses it.
    in_time(async { app.vault.add_sheet(sheet, bytes.clone()).await.map_err(vault_fault) }).await?;
    app.seals.add_sheet(sheet, bytes);
    let mut administration = app.store.administer().await?;
    administration.execute(INSERT, &params![sheet, app.wall()]).await?;
    administration.commit().await
}

/// A slot for a new user.
///
/// # Errors
/// When the database is away or the vault is not its own; or the vault is away, where all sheets are used up; or the
/// time is not known, so that the command would be refused and nobody would use the slot.
pub async fn slot(app: &App) -> Result<Slot, StoreError> {
    if let Some(doubt) = app.clock.doubt().filter(ClockDoubt::forbids_writing) {
        return Err(StoreError::unavailable(doubt));
    }
    loop {
        if let Some(reason) = app.vault.closed_to_writing() {
            // A database that has lost commits may have lost what was reserved too.
            app.seals.drop_slots();
            return Err(StoreError::unavailable(reason));
        }
        if let Some(slot) = app.seals.take_slot() {
            return Ok(slot);
        }
        let _one = in_time(async { Ok(app.seals.reserving.lock().await) }).await?;
        // Another call may have reserved some meanwhile.
        if app.seals.reserved() == 0 {
            reserve(app).await?;
        }
    }
}

/// Takes back a slot whose command ended without a user: whole where the command was decided. After a failure nobody
/// knows whether it was used; if the database says that it is another user's, so may all others be that are reserved.
pub fn settle<T>(app: &App, slot: Slot, created: &Result<T, Failure>, is_used: impl FnOnce(&T) -> bool) {
    match created {
        Ok(answer) if is_used(answer) => {}
        Ok(_) | Err(Failure::Refused(_)) => app.seals.give_back(slot),
        Err(Failure::Fault(StoreError::Unavailable(_))) => {}
        Err(Failure::Fault(StoreError::Unexpected(_))) => app.seals.drop_slots(),
    }
}

/// Reserves slots of a sheet that this process knows, and makes one if there is none.
async fn reserve(app: &App) -> Result<(), StoreError> {
    loop {
        if let Some(reason) = app.vault.closed_to_writing() {
            return Err(StoreError::unavailable(reason));
        }
        // Read before its slots are taken: those of a sheet that is missing stay as they are.
        let Some(sheet) = with_room(app).await? else {
            make(app).await?;
            continue;
        };
        let mut administration = app.store.administer().await?;
        let used = number(&administration.query(USED, &params![sheet]).await?)?;
        let from = u16::try_from(used).map_err(StoreError::unexpected)?;
        if from >= SLOTS {
            // Others took the last ones meanwhile.
            continue;
        }
        let to = from.saturating_add(RESERVED).min(SLOTS);
        administration.execute(SET_USED, &params![sheet, i64::from(to)]).await?;
        administration.commit().await?;
        app.seals.add_slots(sheet, from..to);
        return Ok(());
    }
}

/// A sheet with room that the vault has. Those that were missing are looked for apart: calls that need a slot wait
/// while this runs.
async fn with_room(app: &App) -> Result<Option<Uuid>, StoreError> {
    let missing = app.seals.missing_sheets();
    for row in app.store.look(WITH_ROOM, &params![i64::from(SLOTS)]).await? {
        let sheet: Uuid = row.get(0)?;
        if missing.contains(&sheet) {
            continue;
        }
        if app.seals.has_sheet(sheet) || read(app, sheet).await? {
            return Ok(Some(sheet));
        }
    }
    Ok(None)
}

/// Overwrites a slot, for good: in the vault, and in this process's memory.
///
/// # Errors
/// When vault or database is away, or the vault is not this database's: nothing of the user may be dropped yet, since
/// what opens it is still there.
pub async fn erase(app: &App, slot: Slot) -> Result<(), StoreError> {
    if let Some(reason) = app.vault.closed_to_writing() {
        // Nor is it listed: the list is followed when the vault is taken over.
        return Err(StoreError::unavailable(reason));
    }
    let mut administration = app.store.administer().await?;
    administration.execute(LIST_ERASED, &params![slot.sheet, i64::from(slot.number)]).await?;
    administration.commit().await?;
    erase_listed(app, slot.sheet).await
}

/// Overwrites all listed slots of a sheet, until none was listed meanwhile.
async fn erase_listed(app: &App, sheet: Uuid) -> Result<(), StoreError> {
    let mut erased = erased_of(app, sheet).await?;
    for _ in 0..MAX_ROUNDS {
        let parts = erased.iter().map(|slot| slot.place()).collect();
        match app.vault.erase_in_sheet(sheet, parts).await {
            // A sheet that is gone opens nothing.
            Ok(()) | Err(VaultError::Missing) => {}
            Err(error) => return Err(vault_fault(error)),
        }
        erased.iter().for_each(|slot| app.seals.forget_slot(*slot));
        let now = erased_of(app, sheet).await?;
        if now == erased {
            return Ok(());
        }
        erased = now;
    }
    Err(StoreError::unavailable("others erase in the same sheet"))
}

async fn erased_of(app: &App, sheet: Uuid) -> Result<Vec<Slot>, StoreError> {
    let slot = |row: &Row| {
        let number = u16::try_from(row.get::<i64>(0)?).map_err(StoreError::unexpected)?;
        Ok(Slot { sheet, number })
    };
    app.store.look(ERASED_OF, &params![sheet]).await?.iter().map(slot).collect()
}

/// Gives slots to the users of older versions, whose keys have none, a few at a time.
///
/// # Errors
/// When vault or database is away.
pub async fn give_slots(app: &App) -> Result<(), StoreError> {
    for PartnerBook { book, .. } in partner_books(&app.store).await? {
        let (start, end) = (book.start().0, book.end().0);
        let mut snapshot = app.store.snapshot(book).await?;
        let last = snapshot.query(LAST_HOLDER, &params![start, end]).await?;
        let last = number(&last)?;
        for from in (start..last).step_by(LOOKED_AT) {
            let to = from + LOOKED_AT as i64;
            let rows = snapshot.query(WITHOUT_SLOT, &params![from, to]).await?;
            if rows.is_empty() {
                continue;
            }
            let holders = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<HolderId>, _>>()?;
            drop(snapshot);
            give_to(app, book, holders).await?;
            tokio::time::sleep(PAUSE).await;
            snapshot = app.store.snapshot(book).await?;
        }
    }
    Ok(())
}

async fn give_to(app: &App, book: BookId, holders: Vec<HolderId>) -> Result<(), StoreError> {
    let mut given = Vec::with_capacity(holders.len());
    for holder in holders {
        given.push((holder, slot(app).await?));
    }
    tracing::info!(users = given.len(), book = book.0, "users of an older version get slots for their keys");
    let touches = given.iter().map(|(holder, _)| Touch::Holder(*holder)).collect();
    let unused: Arc<Mutex<Vec<Slot>>> = Arc::default();
    let left = Arc::clone(&unused);
    let result = run_inside(app, book, touches, async move |work: &mut Work<'_>| {
        // A command may run twice.
        let mut unused = Vec::new();
        for (id, slot) in &given {
            let nonce = work.nonce();
            let secret = work.holder_by_id(*id).and_then(|holder| holder.secret.clone());
            // Erased meanwhile, or given one by another process.
            let Some(secret) = secret.filter(|secret| Slot::of_secret(secret).is_none()) else {
                unused.push(*slot);
                continue;
            };
            match work.app().seals.rewrap(&secret, *slot, nonce) {
                Some(wrapped) => work.rewrap_secret(*id, wrapped)?,
                None => {
                    tracing::warn!(holder = id.0, "a user's key can't be unwrapped, and gets no slot");
                    unused.push(*slot);
                }
            }
        }
        *left.lock().unwrap_or_else(PoisonError::into_inner) = unused;
        Ok(())
    })
    .await;
    match &result {
        Ok(()) => {
            let unused = std::mem::take(&mut *unused.lock().unwrap_or_else(PoisonError::into_inner));
            unused.into_iter().for_each(|slot| app.seals.give_back(slot));
        }
        Err(StoreError::Unavailable(_)) => {}
        Err(StoreError::Unexpected(_)) => app.seals.drop_slots(),
    }
    result
}

fn number(rows: &[Row]) -> Result<i64, StoreError> {
    rows.first().map_or(Ok(0), |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The finding: with a vault that hung, every call that needed a slot waited for ever.
    #[tokio::test(start_paused = true)]
    async fn a_vault_that_does_not_answer_is_a_fault() {
        let hangs = in_time(std::future::pending::<Result<(), StoreError>>()).await;
        assert!(matches!(&hangs, Err(StoreError::Unavailable(_))), "{hangs:?}");
        assert_eq!(in_time(async { Ok(7) }).await, Ok(7));
        let turn = tokio::sync::Mutex::new(());
        let _held = turn.lock().await;
        assert!(in_time(async { Ok(turn.lock().await) }).await.is_err(), "another call waits for the vault");
    }

    #[test]
    fn missing_sheets_are_looked_for_ever_more_rarely() {
        let mut search = Search::NEW;
        let mut due = |missing: usize, looks: usize| (0..looks).filter(|_| search.is_due(missing)).count();
        assert_eq!(due(0, 100), 0);
        // After 1, 2, 4, … looks, and then each five minutes.
        assert_eq!(due(1, 1 + 2 + 3 + 5 + 9 + 17 + 33 + 65 + 129), 9);
        assert_eq!(due(1, 10 * (1 + MAX_LOOKS_WAITED as usize)), 10);
        assert_eq!(due(2, 1), 1, "one more is missing");
        assert_eq!(due(0, 1), 0);
        assert_eq!(due(1, 1), 1);
    }
}
