//! Connections that nobody uses: they stop neither calls nor health checks, however few files the system allows.

use crate::support::{Call, Options, Server};
use tokio::net::TcpStream;

/// More than there are places under the limit that the test sets.
const IDLE: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_stop_nothing() {
    // The soft limit is raised to the hard one, which leaves 128 places; one address has 64 of them.
    let limits = r#"ulimit -Sn 100 && ulimit -Hn 256 && exec "$@""#;
    let within = ["sh", "-c", limits, "sh"].map(str::to_owned).to_vec();
    let server = Server::start_with(Options { within, ..Options::default() }).await;
    assert!(server.log().contains("the limit of open files leaves fewer connections"), "{}", server.log());
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(TcpStream::connect(server.address()).await.expect("a connection"));
    }
    let client = server.client();
    client.create_user("anna").await;
    for path in ["/healthz", "/readyz"] {
        let answer = client.send(&Call::get(path)).await;
        assert_eq!(answer.status, 200, "{}", answer.summary());
    }
    drop(idle);
    client.create_user("bela").await;
    server.finish().await;
}
