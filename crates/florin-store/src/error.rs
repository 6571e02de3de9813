//! What can go wrong below the families: faults, never refusals.

/// A fault of the store. Logged with its cause where it is answered; nothing of it reaches a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A part that is needed is away, overloaded or out of time: worth another try (P501).
    #[error("not available: {0}")]
    Unavailable(String),
    /// Anything else: a mistake of ours, or a damaged database (P500).
    #[error("{0}")]
    Unexpected(String),
}

impl StoreError {
    /// A fault that another try will not mend.
    pub fn unexpected(cause: impl ToString) -> Self {
        Self::Unexpected(cause.to_string())
    }

    /// A fault that may be over soon.
    pub fn unavailable(cause: impl ToString) -> Self {
        Self::Unavailable(cause.to_string())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, OperationInterrupted, SystemIoFailure,
        };
        match error.sqlite_error_code() {
            Some(
                DatabaseBusy | DatabaseLocked | DiskFull | SystemIoFailure | CannotOpen
                | OperationInterrupted,
            ) => Self::unavailable(format!("the database: {error}")),
            _ => Self::unexpected(error),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let message = cause_of(&error);
        // Classes of SQLSTATE (PostgreSQL manual, appendix A): 08 connection, 25P03 idle in transaction, 40 rollback,
        // 53 resources, 55P03 lock not available, 57 operator intervention (shutdown, statement timeout).
        let passing = match error.code() {
            None => !matches!(error.to_string().as_str(), text if text.contains("error serializing")),
            Some(state) => {
                ["08", "25P03", "40", "53", "55P03", "57"].iter().any(|c| state.code().starts_with(c))
            }
        };
        if passing {
            Self::Unavailable(format!("the database: {message}"))
        } else {
            Self::Unexpected(message)
        }
    }
}

/// What is wrong, in words: the driver's own text is "db error" for all that the server says, and "error connecting to
/// server" for all that the network does.
pub(crate) fn cause_of(error: &tokio_postgres::Error) -> String {
    if let Some(cause) = error.as_db_error() {
        // Without its detail, which quotes values of the row.
        return format!("{} ({})", cause.message(), cause.code().code());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}
