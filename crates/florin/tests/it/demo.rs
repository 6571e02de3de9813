//! `florin demo --exit`: the newcomer's first command runs to its end and shows what it promises.

use crate::support::run_florin;

#[test]
fn the_demo_tells_its_story() {
    let home = tempfile::tempdir().expect("a directory");
    let outcome = run_florin(&["demo", "--exit"], home.path());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let said = outcome.said();
    assert!(!said.contains("panicked"), "{said}");
    for word in
        ["P433", "verify", "/v1/transfer", "/v1/sandbox/fund", "/v1/sandbox/kyc/", "/v1/events", "transferId"]
    {
        assert!(said.contains(word), "the demo does not show {word}: {said}");
    }
    assert!(said.to_lowercase().contains("idempotent-replayed"), "the demo shows no replay: {said}");
    let left: Vec<_> = std::fs::read_dir(home.path()).expect("the directory").collect();
    assert!(left.is_empty(), "the demo leaves something behind: {left:?}");
}
