//! Methods a route does not have.

use super::{Stage, plain_request};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_method_is_p405_and_says_which_there_are() {
    let stage = Stage::set().await;
    for (path, allowed) in [
        ("/v1/partner/balances", "GET"),
        ("/v1/partner/transactions", "GET"),
        ("/v1/user/transactions/anna", "GET"),
        ("/v1/transfer", "POST"),
        ("/v1/transfer/details/x", "GET"),
        ("/v1/partner/transfer-master-balance", "POST"),
        ("/v1/user/suspend/anna", "PATCH"),
        ("/v1/events", "GET"),
        ("/v1/sandbox/fund", "POST"),
        ("/v1/sandbox/reset", "POST"),
        ("/v1/sandbox/kyc/anna", "POST"),
        ("/v1/reference/errors", "GET"),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO"] {
            if method == allowed {
                continue;
            }
            let name = format!("{method} {path}");
            for key in [true, false] {
                let bytes = if key {
                    stage.request(method, path, &[], b"")
                } else {
                    plain_request(method, path, &[], b"")
                };
                let answer = stage.attack(&name, method, bytes, &["P405"]).await.expect("an answer");
                let allow = answer.header("allow").unwrap_or_default().to_owned();
                assert!(allow.split(',').any(|one| one.trim() == allowed), "{name}: Allow is {allow:?}");
                assert!(!allow.contains("FOO"), "{name}: Allow is {allow:?}");
            }
        }
    }
    stage.end().await;
}

/// The contract does not say whether a GET route also answers these; it never fails and never changes
/// anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_and_options_do_no_harm() {
    let stage = Stage::set().await;
    for path in
        ["/v1/partner/balances", "/v1/user/balances/anna", "/v1/events", "/v1/transfer", "/v1/sandbox/reset"]
    {
        let head = stage.request("HEAD", path, &[], b"");
        let answer = stage.attack(path, "HEAD", head, &["200", "bare"]).await.expect("an answer");
        assert!(
            answer.body.is_empty() && [200, 405].contains(&answer.status),
            "HEAD {path}: {}",
            answer.status
        );
        let options = stage.request("OPTIONS", path, &[], b"");
        stage.attack(path, "OPTIONS", options, &["P405", "200", "204"]).await;
    }
    let all = plain_request("OPTIONS", "*", &[], b"");
    stage.attack("OPTIONS *", "OPTIONS", all, &["P404", "P405", "200", "204", "bare"]).await;
    let tunnel = plain_request("CONNECT", "florin.test:443", &[], b"");
    stage.attack("CONNECT", "CONNECT", tunnel, &["P404", "P405", "bare", "closed"]).await;
    stage.end().await;
}
