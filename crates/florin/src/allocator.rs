//! Settings of the GNU C library's allocator.

use libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, c_int, mallopt};

/// A freed block of this size or larger goes back to the system. It is four chunks of a file in transit: chunks are
/// reused, but a whole photo or its pixels are not kept.
const GIVEN_BACK: c_int = 256 << 10;

/// Free memory at the end of a heap that is kept: twice the size above.
const KEPT: c_int = 512 << 10;

/// The number of heaps: more than the threads of the largest number of uploads, so that no two threads allocate from
/// one heap. Otherwise a thread that answers calls may wait for a heap's lock while a low-priority thread holds it and
/// does not run: 56 ms were measured. (Freeing another thread's block still takes that heap's lock.) Memory use does
/// not grow, because a new thread takes over the heap of an ended one.
const HEAPS: c_int = 256;

/// Makes the allocator give memory back early. Call it before any thread is started.
///
/// By default the first large block that is freed raises the threshold to its size, up to 32 MiB. The allocator then
/// keeps most of the peak: under uploads, several times the memory in use (`cargo xtask bench uploads` prints it).
pub fn give_back_early() {
    for (parameter, value) in [(M_MMAP_THRESHOLD, GIVEN_BACK), (M_TRIM_THRESHOLD, KEPT), (M_ARENA_MAX, HEAPS)]
    {
        // SAFETY: mallopt takes two integers, checks both, and there is no other thread yet. One that it does not
        // take stays as it was, which costs memory and nothing else.
        #[expect(unsafe_code, reason = "there is no safe way to say it")]
        unsafe {
            mallopt(parameter, value);
        }
    }
}
