//! The folders, with a crash at each step.

use super::*;
use tempfile::TempDir;

const US: Uuid = Uuid::from_u128(7);

fn folder() -> (TempDir, Folder) {
    let root = TempDir::new().expect("a folder");
    let folder = Folder::at(&root.path().join("sepa"));
    folder.claim(US, false).expect("it is free");
    (root, folder)
}

fn names(folder: &Folder, of: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.root.join(of)).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

fn arrive(folder: &Folder, name: &str, text: &str) {
    fs::write(folder.root.join(INBOX).join(name), text).expect("a file");
}

/// What the database knows of a file, as the family keeps it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Known {
    Numbered,
    Written(usize),
    Sent,
}

/// One process that dies before its step of this number; the bank takes what is in the outbox when `bank_takes`.
fn process(folder: &Folder, known: &mut Known, lives: &mut usize, tries: usize) {
    let mut step = || {
        let goes_on = *lives > 0;
        *lives = lives.saturating_sub(1);
        goes_on
    };
    if *known == Known::Numbered {
        if !step() {
            // In the middle of writing.
            fs::write(folder.root.join(STAGING).join(format!("1.{tries}")), "ha").expect("half a file");
            return;
        }
        folder.stage(&format!("1.{tries}"), b"whole").expect("it is staged");
        if !step() {
            return;
        }
        *known = Known::Written(tries);
    }
    if let Known::Written(staged) = *known {
        if !step() {
            return;
        }
        folder.send(1, &format!("1.{staged}"), "1.xml").expect("it is sent");
        if !step() {
            return;
        }
        *known = Known::Sent;
    }
}

#[test]
fn wherever_a_process_dies_the_bank_gets_a_file_once() {
    for (first, second) in (0..5).flat_map(|first| (0..5).map(move |second| (first, second))) {
        for takes_at_once in [false, true] {
            let (_root, folder) = folder();
            let (mut known, mut got) = (Known::Numbered, Vec::new());
            let bank = |got: &mut Vec<String>| {
                for name in names(&folder, OUTBOX) {
                    let path = folder.root.join(OUTBOX).join(name);
                    got.push(fs::read_to_string(&path).expect("a file"));
                    fs::remove_file(path).expect("it is taken");
                }
            };
            for (tries, lives) in [first, second, usize::MAX].into_iter().enumerate() {
                process(&folder, &mut known, &mut { lives }, tries);
                if takes_at_once {
                    bank(&mut got);
                }
            }
            bank(&mut got);
            assert_eq!((known, &got[..]), (Known::Sent, &["whole".to_owned()][..]), "{first} {second}");
            let left = names(&folder, STAGING);
            folder.clear_staging(1).expect("it is cleared");
            assert_eq!(names(&folder, STAGING), left, "one of them may be noted by now");
            folder.clear_staging(2).expect("it is cleared");
            assert_eq!(names(&folder, STAGING), Vec::<String>::new());
        }
    }
}

#[test]
fn a_process_that_was_thought_dead_sends_nothing() {
    let (_root, folder) = folder();
    // Another process has sent the file, and was about to note it when this one wakes and stages its own.
    folder.stage("1.b", b"whole").expect("it is staged");
    assert_eq!(folder.send(1, "1.b", "1.xml").expect("it is sent"), Sent::Now);
    folder.stage("1.a", b"whole").expect("it is staged");
    assert_eq!(folder.send(1, "1.b", "1.xml").expect("it had been sent"), Sent::Before);
    assert_eq!(names(&folder, OUTBOX), ["1.xml"]);
    assert_eq!(folder.last_sent().expect("a number"), 1);
    assert_eq!(fs::read(folder.root.join(SENT).join("1.xml")).expect("a copy"), b"whole");
    folder.note_sent(7).expect("it is noted");
    folder.note_sent(3).expect("it is noted");
    assert_eq!(folder.last_sent().expect("a number"), 7, "the number only grows");
}

#[test]
fn nothing_in_the_outbox_is_written_over() {
    let (_root, folder) = folder();
    fs::write(folder.root.join(OUTBOX).join("1.xml"), "another's").expect("a file");
    folder.stage("1.a", b"whole").expect("it is staged");
    assert_eq!(folder.send(1, "1.a", "1.xml").expect_err("refused").kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(names(&folder, STAGING), ["1.a"]);
}

#[test]
fn a_folder_that_is_not_ours_is_not_used() {
    let (root, folder) = folder();
    folder.claim(US, true).expect("it is ours");
    let other = folder.claim(Uuid::from_u128(8), false).expect_err("it is not theirs").to_string();
    assert!(other.contains("belongs to installation 00000000-0000-0000-0000-000000000007"), "{other}");
    folder.check(US).expect("it is ours");
    fs::remove_file(folder.root.join(MARK)).expect("it is gone");
    assert!(folder.check(US).expect_err("no mark").to_string().contains("is the disk mounted"));
    let empty = Folder::at(&root.path().join("not-mounted"));
    let said = empty.claim(US, true).expect_err("files were written").to_string();
    assert!(said.contains("is the disk mounted") && said.contains(&US.to_string()), "{said}");
    assert!(!root.path().join("not-mounted").exists());
}

#[test]
fn a_file_is_taken_when_it_has_stopped_growing() {
    let (_root, folder) = folder();
    let mut watched = Watched::new();
    for name in [".hidden", "a.xml.part", "a.TMP"] {
        arrive(&folder, name, "x");
    }
    arrive(&folder, "b.xml", "1");
    arrive(&folder, "a.xml", "1");
    assert_eq!(folder.arrived(&mut watched).expect("a look"), Vec::<OsString>::new());
    arrive(&folder, "b.xml", "12");
    assert_eq!(folder.arrived(&mut watched).expect("a look"), ["a.xml"]);
    assert_eq!(folder.arrived(&mut watched).expect("a look"), ["a.xml", "b.xml"]);
    let name = OsStr::new("b.xml");
    folder.take(name).expect("it is taken");
    // What comes under its name meanwhile waits in the inbox.
    arrive(&folder, "b.xml", "another of the same name");
    assert_eq!(folder.reading().expect("a look"), ["b.xml"]);
    assert_eq!(folder.read(name, 2).expect("a read"), Some(b"12".to_vec()));
    assert_eq!(folder.read(name, 1).expect("a read"), None);
    folder.done(name).expect("it moves");
    folder.take(name).expect("it is taken");
    folder.done(name).expect("it moves");
    assert_eq!(names(&folder, DONE), ["b.xml", "b.xml.2"]);
    assert_eq!(fs::read_to_string(folder.root.join(DONE).join("b.xml")).expect("a file"), "12");
    folder.take(OsStr::new("a.xml")).expect("it is taken");
    folder.set_aside(OsStr::new("a.xml"), "line 1: it is wrong").expect("it moves");
    assert_eq!(names(&folder, ASIDE), ["a.xml", "a.xml.reason.txt"]);
    assert_eq!(names(&folder, INBOX), [".hidden", "a.TMP", "a.xml.part"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_no_file() {
    let (root, folder) = folder();
    let secret = root.path().join("secret");
    fs::write(&secret, "secret").expect("a file");
    std::os::unix::fs::symlink(&secret, folder.root.join(INBOX).join("link.xml")).expect("a link");
    folder.take(OsStr::new("link.xml")).expect("it is taken");
    assert_eq!(folder.read(OsStr::new("link.xml"), 100).expect("a look"), None);
    folder.set_aside(OsStr::new("link.xml"), "it is no plain file").expect("it moves");
    assert!(secret.exists());
}

/// The process dies at each step of handing over a file about a recall; the bank takes what is there.
#[test]
fn a_file_about_a_recall_comes_to_the_outbox_once() {
    for dies_after in 0..4 {
        for bank_takes in [false, true] {
            let (_root, folder) = folder();
            let [staging, sent, outbox] = [STAGING, SENT, OUTBOX].map(|name| folder.root.join(name));
            assert!(!folder.was_handed_over("r.xml").expect("a look"));
            if dies_after > 0 {
                write_whole(&staging, "r.xml", b"first").expect("it is staged");
            }
            if dies_after > 1 {
                write_whole(&sent, "r.xml", b"first").expect("a copy");
            }
            if dies_after > 2 {
                fs::rename(staging.join("r.xml"), outbox.join("r.xml")).expect("it is renamed");
            }
            let take = || fs::remove_file(outbox.join("r.xml")).map_or(0, |()| 1);
            let mut taken = if bank_takes { take() } else { 0 };
            let was = folder.was_handed_over("r.xml").expect("a look");
            assert_eq!(was, dies_after > 1);
            if !was {
                folder.hand_over("r.xml", b"second").expect("it is handed over");
            }
            assert!(folder.was_handed_over("r.xml").expect("a look"));
            folder.hand_over("r.xml", b"third").expect("it is known");
            taken += take();
            assert_eq!((taken, names(&folder, OUTBOX).len(), names(&folder, STAGING).len()), (1, 0, 0));
            folder.hand_over("r.xml", b"third").expect("it is known");
            assert_eq!(names(&folder, OUTBOX).len(), 0, "the bank has taken it");
            let copy = fs::read(sent.join("r.xml")).expect("a copy");
            assert_eq!(copy, if dies_after > 1 { b"first".to_vec() } else { b"second".to_vec() });
        }
    }
    let (_root, folder) = folder();
    fs::remove_dir(folder.root.join(SENT)).expect("it is away");
    folder.was_handed_over("r.xml").expect_err("nobody knows");
}
