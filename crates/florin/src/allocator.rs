//! How the allocator of the GNU C library keeps memory.

use libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, c_int, mallopt};

/// From which size on a block is given back to the system when it is freed: four chunks of a file on its way, so that
/// those are reused, and a photo, or its pixels, is not kept.
const GIVEN_BACK: c_int = 256 << 10;

/// How much may lie free at the end of a heap before it is given back: two of the above.
const KEPT: c_int = 512 << 10;

/// How many heaps there may be: more than threads under the most uploads, so that no two allocate from one. A thread
/// that answers calls would wait for the heap's lock while a thread of low priority holds it and has no turn at the
/// processor: 56 ms were seen. (Who frees what another made still takes that one's lock.) Memory stays the same, since
/// a heap whose thread has ended is taken over by the next.
const HEAPS: c_int = 256;

/// Lets it give memory back early. To be called before there are threads.
///
/// By itself it learns from the first large block that is freed to keep blocks of that size, up to 32 MiB, and so
/// keeps most of what was ever needed at one time: under uploads, several times what is in use
/// (`cargo xtask bench uploads` tells the peak).
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
