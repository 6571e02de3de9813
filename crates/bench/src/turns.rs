//! Threads of ours that go before others.

/// How long a caller's thread computes at a stretch: the least that Linux takes (sched_setattr(2)).
#[cfg(target_os = "linux")]
const TURN_NANOS: u64 = 100_000;

/// A call ends when its answer is there, not when this thread gets a processor after those that the machine is busy
/// with: in life callers are other machines. A thread that wakes with a shorter turn than the one that runs goes first.
pub fn take_short_turns() {
    // SAFETY: the call reads a structure of the length that it is told, all of it numbers. One that fails changes
    // nothing.
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "there is no safe way to say it")]
    unsafe {
        use nix::libc::{SYS_sched_setattr, sched_attr, syscall};
        let mut attributes: sched_attr = std::mem::zeroed();
        attributes.size = u32::try_from(size_of::<sched_attr>()).unwrap_or_default();
        attributes.sched_runtime = TURN_NANOS;
        syscall(SYS_sched_setattr, 0, &raw const attributes, 0);
    }
}
