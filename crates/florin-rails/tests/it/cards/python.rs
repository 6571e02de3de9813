//! An acquirer that is nobody's here: a few lines of Python on a socket, over pyiso8583.

use super::fake::{Issuer, PAN};
use florin_iso8583::{Dialect, Message};
use florin_testing::skip;
use std::env;
use std::net::{IpAddr, Ipv4Addr};
use tokio::process::Command;

#[tokio::test]
async fn it_is_answered() {
    let Some(packages) = env::var_os("FLORIN_TEST_PYISO8583") else {
        return skip("no pyiso8583 (cargo xtask test --install)");
    };
    for (dialect, spec) in [(Dialect::Ascii, "default_ascii"), (Dialect::AsciiBinary, "default")] {
        let (issuer, address) = Issuer::listens(dialect, &[IpAddr::V4(Ipv4Addr::LOCALHOST)]).await;
        let mut python = Command::new("python3");
        python.args(["-c", include_str!("acquirer.py"), &address.port().to_string(), spec, PAN]);
        python.env("PYTHONPATH", &packages).env("PYTHONDONTWRITEBYTECODE", "1");
        let output = python.output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let heard = issuer.stop().await.heard.borrow().clone();
        let kinds: Vec<_> = heard
            .iter()
            .map(|message| match message {
                Message::AuthorisationRequest(request) => ("request", request.is_repeat),
                Message::Advice(advice) => ("advice", advice.is_repeat),
                Message::Reversal(reversal) => ("reversal", reversal.is_repeat),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            ("request", false),
            ("request", true),
            ("request", false),
            ("advice", false),
            ("reversal", true),
        ];
        assert_eq!(kinds, expected);
    }
}
