//! Which program is measured, on which engines, and where its data are put: the same for every benchmark.

use super::build;
use anyhow::Result;
use std::path::PathBuf;
use xtask::engines::Engines;
use xtask::permission;
use xtask::postgres::{Cluster, Durability, binaries};

/// The options.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// Which engines to measure
    #[arg(long, value_enum, default_value_t = Engines::Both)]
    engine: Engines,
    /// Where databases and files are put, some ten GB for uploads: name a folder of a real disk where the
    /// temporary folder is in memory
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    pub folder: PathBuf,
    /// Measure this program instead of building one
    #[arg(long)]
    florin: Option<PathBuf>,
}

impl Place {
    /// The program, built if none is named.
    pub fn program(&self) -> Result<PathBuf> {
        self.florin.clone().map_or_else(build, Ok)
    }

    /// Measures on each engine, one after the other; on PostgreSQL in a cluster of its own.
    pub fn on_engines<T>(
        &self,
        mut measure: impl FnMut(&'static str, Option<Cluster>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut measured = Vec::new();
        if self.engine.sqlite() {
            measured.push(measure("sqlite", None)?);
        }
        if self.engine.postgres() {
            let binaries = binaries::require(permission::may_install(false))?;
            let cluster = Cluster::start(&binaries, Durability::Durable, &self.folder)?;
            measured.push(measure("postgres", Some(cluster))?);
        }
        Ok(measured)
    }
}
