//! `florin demo --exit`: the newcomer's first command runs to its end and shows what it promises.

use crate::support::run_florin;

#[test]
fn the_demo_tells_its_story() {
    let home = tempfile::tempdir().expect("a directory");
    let outcome = run_florin(&["demo", "--exit"], home.path());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let said = outcome.said();
    assert!(!said.contains("panicked"), "{said}");
    for word in [
        "front_id: id_card_front.jpg (219208 bytes)",
        "/v1/user/kyc-files/borys",
        "P426",
        "P449",
        "/v1/kyc/status/borys",
        "kyc_verification.status",
        "/v1/sandbox/fund",
        "/v1/transfer",
        "P433",
        "/v1/exchange/get-lock/ada",
        "P435",
        "/v1/sandbox/sepa/incoming",
        "/v1/sepa-transfer",
        "AC04",
        "/v1/user/wallet/ada",
        "WAITING_FOR_TR_DATA",
        "/v1/crypto-withdrawal",
        "AWAITING_COMPLETION",
        "/v1/card/virtual",
        "CARD_NOT_ACTIVE",
        "/v1/events?type=card.3ds",
        "AUTHENTICATED",
        "/v1/events",
        "transferId",
        "verify",
    ] {
        assert!(said.contains(word), "the demo does not show {word}: {said}");
    }
    let number = said.lines().find(|line| line.contains("\"cardNumber\": \"…")).expect("a masked number");
    assert!(!number.contains("9999"), "a card's number is shown: {number}");
    assert!(said.contains("\"cvv\": \"…\"") && said.contains("\"pin\": \"…\""), "a secret is shown: {said}");
    assert!(!said.contains("/v1/sandbox/kyc"), "the demo decides by itself: {said}");
    assert!(said.to_lowercase().contains("idempotent-replayed"), "the demo shows no replay: {said}");
    let left: Vec<_> = std::fs::read_dir(home.path()).expect("the directory").collect();
    assert!(left.is_empty(), "the demo leaves something behind: {left:?}");
}
