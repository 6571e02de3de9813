//! Files that mean harm, or are broken, each with what must come of it.

mod heic;
mod jpeg;
mod other;
mod pdf;
mod png;
mod webp;

/// What must come of a file.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Taken, and readable in full.
    Accepted,
    /// Refused in the request.
    Rejected,
    /// Taken, and the full decode finds that it can't be read.
    Unreadable,
}

/// One file of the table.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// What is wrong with it.
    pub name: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// What must come of it.
    pub expected: Expected,
}

/// The table: what is refused at once, what only the full decode can find, and what looks wrong but does no harm.
#[must_use]
pub fn hostile() -> Vec<Hostile> {
    [other::rows(), jpeg::rows(), png::rows(), webp::rows(), heic::rows(), pdf::rows()].concat()
}

fn accepted(name: &'static str, bytes: Vec<u8>) -> Hostile {
    Hostile { name, bytes, expected: Expected::Accepted }
}

fn rejected(name: &'static str, bytes: Vec<u8>) -> Hostile {
    Hostile { name, bytes, expected: Expected::Rejected }
}

fn unreadable(name: &'static str, bytes: Vec<u8>) -> Hostile {
    Hostile { name, bytes, expected: Expected::Unreadable }
}

/// `bytes` with something else from a place on.
fn patched(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

/// Where something is for the first time.
fn find(bytes: &[u8], word: &[u8]) -> usize {
    memchr::memmem::find(bytes, word).expect("a sample has what it is searched for")
}

fn appended(bytes: &[u8], more: &[u8]) -> Vec<u8> {
    [bytes, more].concat()
}

/// A ZIP archive of one empty file, its parts where they are when `before` bytes stand in front.
fn zip(before: usize) -> Vec<u8> {
    let mut archive = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0a".to_vec();
    let directory = before + archive.len();
    archive.extend(
        b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0",
    );
    archive.extend((before as u32).to_le_bytes());
    archive.extend(b"a");
    let length = before + archive.len() - directory;
    archive.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    archive.extend((length as u32).to_le_bytes());
    archive.extend((directory as u32).to_le_bytes());
    archive.extend([0, 0]);
    archive
}
