//! What the system tells about a server's process: memory, and time of processors. On Linux; elsewhere nothing.

use std::fs;
use std::time::Duration;

/// The unit in which Linux tells time of processors to programs, on every machine: `USER_HZ`.
const TICKS_PER_SECOND: u64 = 100;

/// What a process holds of memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The most since [`Process::forget_peak`].
    pub peak: u64,
    /// At the moment.
    pub now: u64,
}

/// A process.
#[derive(Debug, Clone, Copy)]
pub struct Process(u32);

impl Process {
    /// The one of this number.
    pub fn new(id: u32) -> Self {
        Self(id)
    }

    /// Lets its peak of memory begin anew.
    pub fn forget_peak(self) {
        // Where this can't be done, the peak is of its whole life, which is never less.
        let _ = fs::write(self.path("clear_refs"), "5");
    }

    /// What it holds.
    pub fn memory(self) -> Option<Memory> {
        memory(&fs::read_to_string(self.path("status")).ok()?)
    }

    /// Time of processors that it took so far, in all its threads.
    pub fn processor_time(self) -> Option<Duration> {
        processor_time(&fs::read_to_string(self.path("stat")).ok()?)
    }

    /// What it took since it had taken this.
    pub fn processor_time_since(self, before: Option<Duration>) -> Option<Duration> {
        self.processor_time()?.checked_sub(before?)
    }

    fn path(self, file: &str) -> String {
        format!("/proc/{}/{file}", self.0)
    }
}

fn memory(status: &str) -> Option<Memory> {
    let field = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"))?;
        value.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    };
    Some(Memory { peak: field("VmHWM:")?, now: field("VmRSS:")? })
}

/// Of `stat` the fields 14 and 15. The second is the name in parentheses, and may hold any character.
fn processor_time(stat: &str) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut ticks = after_name.split_whitespace().skip(11).map(|field| field.parse::<u64>().ok());
    Some(Duration::from_millis((ticks.next()?? + ticks.next()??) * 1000 / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_its_lines() {
        let status = "Name:\tflorin\nVmPeak:\t  900 kB\nVmHWM:\t  200 kB\nVmRSS:\t  100 kB\n";
        assert_eq!(memory(status), Some(Memory { peak: 200 * 1024, now: 100 * 1024 }));
        assert_eq!(memory("Name:\tflorin\n"), None);
    }

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 150 25 0 0 20 0 1 0 5";
        assert_eq!(processor_time(stat), Some(Duration::from_millis(1750)));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn our_own_process_tells_both() {
        let own = Process::new(std::process::id());
        assert!(own.memory().is_some_and(|memory| memory.peak >= memory.now && memory.now > 0));
        assert!(own.processor_time().is_some());
    }
}
