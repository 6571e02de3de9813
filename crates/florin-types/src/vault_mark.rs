//! The mark by which an installation knows its vault. Database and vault hold the same one.
//!
//! The epoch rises while a server runs, first in the database, then in the vault. So a copy of the database falls
//! behind the vault, whatever way it was copied, and tells by the mark that the vault is not its own.

use crate::Timestamp;
use std::fmt;
use uuid::Uuid;

/// The first line of a mark, with the version of its form.
const TITLE: &str = "florin vault mark v1";

/// A mark.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct VaultMark {
    /// The installation. It is drawn with its database and never changes.
    pub installation: Uuid,
    /// How often the mark was raised. 0: it was never in a vault.
    pub epoch: u64,
    /// A random id of this epoch: two databases that raised the same epoch differ in it.
    pub draw: Uuid,
    /// When it was raised.
    pub raised_at: Timestamp,
}

/// What a vault's mark says to a database.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// The vault is this database's.
    Ours,
    /// Another installation set it.
    OtherInstallation,
    /// Another database of this installation raised it: this one is an older copy.
    OtherCopy,
}

impl VaultMark {
    /// What a vault's mark says to the database that has this one. The vault's must be read first: an epoch is in the
    /// database before it is in the vault.
    #[must_use]
    pub fn judge(&self, of_vault: &Self) -> Belonging {
        if of_vault.installation != self.installation {
            return Belonging::OtherInstallation;
        }
        match of_vault.epoch.cmp(&self.epoch) {
            std::cmp::Ordering::Less => Belonging::Ours,
            std::cmp::Ordering::Equal if of_vault.draw == self.draw => Belonging::Ours,
            std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => Belonging::OtherCopy,
        }
    }

    /// Reads what [`fmt::Display`] prints.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != TITLE {
            return None;
        }
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let installation = Uuid::try_parse(value("installation")?).ok()?;
        let epoch = value("epoch")?.parse().ok()?;
        let draw = Uuid::try_parse(value("draw")?).ok()?;
        let raised_at = Timestamp::parse(value("raised")?).ok()?;
        Some(Self { installation, epoch, draw, raised_at })
    }
}

impl fmt::Display for VaultMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { installation, epoch, draw, raised_at } = self;
        write!(f, "{TITLE}\ninstallation {installation}\nepoch {epoch}\ndraw {draw}\nraised {raised_at}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(installation: u128, epoch: u64, draw: u128) -> VaultMark {
        let raised_at = Timestamp::from_micros(1_795_435_200_000_000);
        VaultMark {
            installation: Uuid::from_u128(installation),
            epoch,
            draw: Uuid::from_u128(draw),
            raised_at,
        }
    }

    #[test]
    fn a_mark_is_read_as_it_prints() {
        let mark = mark(1, 17, 2);
        assert_eq!(VaultMark::parse(&mark.to_string()), Some(mark));
        for text in ["", TITLE, &mark.to_string().replace("17", "x"), &mark.to_string()[1..]] {
            assert_eq!(VaultMark::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_database_knows_its_vault() {
        let database = mark(1, 5, 50);
        for (vault, expected) in [
            (mark(1, 5, 50), Belonging::Ours),
            // Raised in the database, not yet in the vault.
            (mark(1, 4, 40), Belonging::Ours),
            (mark(1, 6, 60), Belonging::OtherCopy),
            (mark(1, 5, 51), Belonging::OtherCopy),
            (mark(2, 1, 50), Belonging::OtherInstallation),
            (mark(2, 9, 50), Belonging::OtherInstallation),
        ] {
            assert_eq!(database.judge(&vault), expected, "{vault:?}");
        }
    }
}
