//! The database engines that a command can choose.

use clap::ValueEnum;

/// The engines to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engines {
    /// Embedded SQLite alone
    Sqlite,
    /// PostgreSQL alone
    Postgres,
    /// One after the other
    Both,
}

impl Engines {
    /// Whether SQLite is among them.
    pub fn sqlite(self) -> bool {
        self != Self::Postgres
    }

    /// Whether PostgreSQL is among them.
    pub fn postgres(self) -> bool {
        self != Self::Sqlite
    }
}
