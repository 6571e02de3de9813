//! Work that may wait: threads of low priority.

use crate::VaultError;
use rustix::time::{ClockId, clock_gettime};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// How nice a deposit's thread is: at a ninth of the weight of the threads that answer calls, it takes what they
/// leave, and still moves when they leave little.
pub(crate) const DEPOSIT: i32 = 10;

/// How nice background work is: the nicest there is, since nobody waits for it. Not an idle thread of Linux's: whoever
/// wants a lock that such a one holds, the allocator's or the kernel's, would wait for its next turn.
const BACKGROUND: i32 = 19;

/// The stack of a background thread: what the standard library gives a thread. Decoders of images recurse little and
/// keep tables on the stack; only touched pages cost memory.
const BACKGROUND_STACK: usize = 2 << 20;

/// One piece of background work at a time in the process: its memory is then counted once, and it can hold up one
/// processor at most.
static BACKGROUND_TURN: Semaphore = Semaphore::const_new(1);

/// Lowers the calling thread's priority, for good: only a privileged process may raise it again, so nothing else
/// may run on the thread afterwards.
///
/// A thread that is nicer already stays so: a privileged process would raise its priority. On Linux each thread has its
/// own niceness; elsewhere the call would lower the whole process, and is not made. A failure only costs the courtesy.
pub(crate) fn lower(nice: i32) {
    #[cfg(target_os = "linux")]
    if let Err(error) = lower_thread(nice) {
        tracing::debug!(%error, "a thread's priority could not be lowered");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nice;
}

#[cfg(target_os = "linux")]
fn lower_thread(nice: i32) -> rustix::io::Result<()> {
    use rustix::process::{getpriority_process, setpriority_process};
    match getpriority_process(None)? < nice {
        true => setpriority_process(None, nice),
        false => Ok(()),
    }
}

/// What the calling thread has computed so far.
pub fn processor_time() -> Duration {
    read(ClockId::ThreadCPUTime)
}

/// What has passed since some moment, whatever is done to the clock on the wall: only differences mean something.
pub(crate) fn passed_time() -> Duration {
    read(ClockId::Monotonic)
}

fn read(clock: ClockId) -> Duration {
    // It counts from zero up.
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// Runs this on a thread of its own at the lowest priority, one such piece of work at a time in the process.
///
/// Work that has begun runs to its end, even when nobody waits for it any more, and the next waits for it: it has to
/// bound itself.
///
/// # Errors
/// [`VaultError::Unexpected`] when it panics, [`VaultError::Unavailable`] when no thread can be had.
pub async fn run_low_priority<T, F>(work: F) -> Result<T, VaultError>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let turn = BACKGROUND_TURN.acquire().await.map_err(VaultError::unexpected)?;
    let (answer, answered) = oneshot::channel();
    let body = move || {
        lower(BACKGROUND);
        let result = catch_unwind(AssertUnwindSafe(work));
        drop(turn);
        // Nobody may be waiting any more.
        let _ = answer.send(result);
    };
    let thread = thread::Builder::new().name("background".to_owned()).stack_size(BACKGROUND_STACK);
    thread.spawn(body).map_err(|error| VaultError::io("starting a thread", &error))?;
    match answered.await {
        Ok(Ok(result)) => Ok(result),
        _ => Err(VaultError::unexpected("background work panicked")),
    }
}
