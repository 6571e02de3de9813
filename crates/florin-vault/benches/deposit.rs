//! How fast deposits are, against writing and syncing the same bytes plainly, in turns in one run.
//!
//! `cargo bench -p florin-vault`, with `TMPDIR` naming a folder on the disk in question.

use bytes::Bytes;
use florin_types::{Entropy, Timestamp, uuid_v7};
use florin_vault::{Check, Identity, ObjectName, Place, Vault};
use std::convert::Infallible;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// The size of a phone's photo.
const LENGTH: usize = 8 << 20;
/// What an HTTP server hands on at a time, about.
const FRAME: usize = 64 << 10;
/// Odd, for the median.
const ROUNDS: usize = 15;

/// Looks at nothing: what the vault itself costs.
struct Nothing;

impl Check for Nothing {
    type Facts = ();
    type Rejected = Infallible;

    fn push(&mut self, _: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let seed = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        blake3::Hasher::new().update(&seed).finalize_xof().fill(bytes);
    }
}

fn name(entropy: &Counting) -> ObjectName {
    ObjectName::new(uuid_v7(Timestamp::from_micros(0), entropy)).expect("version 7")
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn plain(folder: &Path, content: &Bytes, at_once: usize) {
    std::thread::scope(|scope| {
        for number in 0..at_once {
            let path = folder.join(number.to_string());
            scope.spawn(move || {
                let mut file = File::create_new(path).expect("a file");
                content.chunks(FRAME).for_each(|frame| file.write_all(frame).expect("written"));
                file.sync_all().expect("synced");
            });
        }
    });
    (0..at_once).for_each(|number| std::fs::remove_file(folder.join(number.to_string())).expect("removed"));
}

async fn deposit(vault: Vault, name: ObjectName, content: Bytes) {
    let recipient = Identity::from_secret(&[1; 32]).recipient();
    let mut deposit = vault.receive(name, &recipient, Nothing).expect("a thread");
    for start in (0..content.len()).step_by(FRAME) {
        deposit.write(content.slice(start..content.len().min(start + FRAME))).await.expect("written");
    }
    deposit.finish().await.expect("stored");
}

fn sealed(runtime: &Runtime, vault: &Vault, content: &Bytes, names: &[ObjectName]) {
    let mut deposits = JoinSet::new();
    for &name in names {
        deposits.spawn_on(deposit(vault.clone(), name, content.clone()), runtime.handle());
    }
    runtime.block_on(deposits.join_all());
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = Runtime::new().expect("a runtime");
    let place = Place::Folder(folder.path().join("vault"));
    let vault = runtime.block_on(Vault::open(&place)).expect("a vault");
    let mut content = vec![0; LENGTH];
    blake3::Hasher::new().update(b"content").finalize_xof().fill(&mut content);
    let content = Bytes::from(content);
    let entropy = Counting(AtomicU64::new(0));
    for at_once in [1, 16] {
        let (mut plainly, mut vaulted) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            plainly.push(timed(|| plain(folder.path(), &content, at_once)));
            let names: Vec<_> = (0..at_once).map(|_| name(&entropy)).collect();
            vaulted.push(timed(|| sealed(&runtime, &vault, &content, &names)));
            runtime.block_on(vault.remove(&names)).expect("removed");
        }
        let (plainly, vaulted) = (median(plainly).as_micros(), median(vaulted).as_micros());
        // Bytes per microsecond are megabytes per second.
        let bytes = (LENGTH * at_once) as u128;
        eprintln!(
            "{at_once:>2} at once: plain {} MB/s, vault {} MB/s: {} %",
            bytes / plainly,
            bytes / vaulted,
            100 * plainly / vaulted
        );
    }
    let before = peak();
    let names: Vec<_> = (0..64).map(|_| name(&entropy)).collect();
    sealed(&runtime, &vault, &content, &names);
    eprintln!("peak memory in KiB: {before:?} before, {:?} after 64 at once", peak());
}

/// The most memory that this process has had resident, in KiB; `None` where there is no `/proc`.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
