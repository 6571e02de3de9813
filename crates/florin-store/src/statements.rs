//! Every statement of the store, for the tests that prepare and run them all on both engines.

use crate::dialect::{SetStatement, Statement};
use crate::{book, event, holder, idempotency, installation, job, journal, migration, verify};

/// Every statement that is run by itself.
pub fn statements() -> Vec<Statement> {
    let mut all = vec![
        installation::READ_SETTING,
        installation::WRITE_SETTING,
        installation::CHANGE_SETTING,
        installation::DELETE_SETTING,
        installation::SET_SETTING,
        installation::REPLACE_SETTING,
        migration::APPLIED,
        migration::APPLY,
        book::READ_BOOK,
        book::READ_BOOKS,
        book::LAST_BOOK,
        book::NEWEST_TIME,
        journal::READ_RECORDS,
        journal::MARK_AT,
        event::READ_EVENTS,
        event::READ_EVENTS_BACK,
        idempotency::EXPIRED_COMMANDS,
        idempotency::CARRIED_COMMANDS,
        idempotency::DELETE_COMMAND,
        idempotency::DELETE_KEY,
        job::DUE_JOBS,
        job::DUE_JOBS_OF_BOOK,
        job::DUE_JOBS_OF_LANE,
        job::LEASE_JOB,
        job::RENEW_JOB,
        job::RETURN_JOB,
        job::FREE_JOBS,
        job::DELETE_JOB,
        job::PUT_OFF_JOB,
        job::SHIFT_JOBS,
        job::DELETE_JOBS_OF_BOOK,
        verify::READ_ACCOUNTS,
        verify::READ_MARKS,
        verify::HOLDERS,
        holder::SEALED.read,
    ];
    all.extend(verify::STRAYS.map(|(_, count)| count));
    all.extend(verify::NEWEST.map(|(_, newest)| newest));
    all
}

/// Every statement that is run for sets of rows.
pub fn sets() -> Vec<&'static SetStatement> {
    vec![
        &installation::FIND_TABLES,
        &migration::LOCK,
        &book::LOCK_BOOK,
        &book::LOCK_BOOK_NUMBERS,
        &book::CLOCK,
        &book::INSERT_BOOK,
        &book::UPDATE_BOOK,
        &book::RESEAL_BOOK,
        &holder::FIND_BY_HANDLE,
        &holder::FIND_ACCOUNT,
        &holder::FIND_HOLDER,
        &holder::INSERT_HOLDER,
        &holder::UPDATE_HOLDER,
        &holder::SEALED.write,
        &holder::INSERT_ACCOUNT,
        &holder::UPDATE_ACCOUNT,
        &journal::INSERT_RECORD,
        &journal::INSERT_MARK,
        &journal::ENTRIES_BACK,
        &journal::FIND_RECORD,
        &journal::FIND_RECORDS_OF_OBJECT,
        &event::INSERT_EVENT,
        &event::FIND_EVENT,
        &idempotency::INSERT_COMMAND,
        &idempotency::INSERT_KEY,
        &idempotency::FIND_COMMAND,
        &job::INSERT_JOB,
    ]
}
