//! Stands between the server and PostgreSQL (or the S3 server), and can cut the line: all of it, or one commit's.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards every connection to one address while the line is up.
pub struct Proxy {
    pub address: SocketAddr,
    line: Arc<Line>,
}

/// How a commit is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// PostgreSQL commits, and its answer does not come back.
    Answer,
    /// PostgreSQL is never asked.
    Request,
}

/// What connections do now.
struct Line {
    up: watch::Sender<bool>,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    /// The next commit is lost this way, and then so many new connections are refused.
    next: Option<(Loss, u32)>,
    refusals: u32,
    lost: u32,
    /// While the line is cut, new connections are taken and left without an answer.
    hangs: bool,
}

impl Proxy {
    pub async fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let line = Arc::new(Line { up: watch::Sender::new(true), plan: Mutex::default() });
        let shared = line.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if shared.accepts() {
                    tokio::spawn(forward(client, target.clone(), shared.clone()));
                } else if shared.plan().hangs {
                    tokio::spawn(hold(client, shared.clone()));
                }
            }
        });
        Self { address, line }
    }

    /// Breaks all connections; new ones are closed at once.
    pub fn cut(&self) {
        self.line.up.send_replace(false);
    }

    /// Breaks all connections; new ones are never answered.
    pub fn hang(&self) {
        self.line.plan().hangs = true;
        self.cut();
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        let mut plan = self.line.plan();
        (plan.refusals, plan.hangs) = (0, false);
        drop(plan);
        self.line.up.send_replace(true);
    }

    /// From now on the next commit is lost and its connection closed; the `refusals` connections that are
    /// tried after that are closed at once.
    pub fn lose_commit(&self, loss: Loss, refusals: u32) {
        self.line.plan().next = Some((loss, refusals));
    }

    /// How many commits have been lost so far.
    pub fn lost_commits(&self) -> u32 {
        self.line.plan().lost
    }
}

impl Line {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accepts(&self) -> bool {
        let mut plan = self.plan();
        let refuses = plan.refusals > 0;
        plan.refusals = plan.refusals.saturating_sub(1);
        *self.up.borrow() && !refuses
    }

    /// How the commit among these bytes is lost, if there is one and it is its turn.
    fn loses(&self, sent: &[u8]) -> Option<Loss> {
        if !contains(sent, b"COMMIT") {
            return None;
        }
        let mut plan = self.plan();
        let (loss, refusals) = plan.next.take()?;
        plan.refusals = refusals;
        plan.lost += 1;
        Some(loss)
    }
}

/// Keeps it open until the line is mended.
async fn hold(client: TcpStream, line: Arc<Line>) {
    let mended = line.up.subscribe().wait_for(|up| *up).await.is_ok();
    drop((client, mended));
}

async fn forward(client: TcpStream, target: String, line: Arc<Line>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let mut up = line.up.subscribe();
    tokio::select! {
        done = exchange(client, server, &line) => drop(done),
        cut = up.wait_for(|up| !up) => drop(cut),
    }
}

/// Passes bytes on both ways until one side ends or a commit is lost. Both connections are closed then.
async fn exchange(client: TcpStream, server: TcpStream, line: &Line) -> io::Result<()> {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            length = from_client.read(&mut asked) => {
                let sent = &asked[..length?];
                match line.loses(sent) {
                    _ if sent.is_empty() => return Ok(()),
                    None => to_server.write_all(sent).await?,
                    Some(Loss::Request) => return Ok(()),
                    Some(Loss::Answer) => {
                        to_server.write_all(sent).await?;
                        return until_settled(&mut from_server).await;
                    }
                }
            }
            length = from_server.read(&mut answered) => match length? {
                0 => return Ok(()),
                length => to_client.write_all(&answered[..length]).await?,
            },
        }
    }
}

/// Reads on until PostgreSQL has said what became of the transaction.
async fn until_settled(server: &mut OwnedReadHalf) -> io::Result<()> {
    let mut answered = Vec::new();
    while !contains(&answered, b"COMMIT\0") && !contains(&answered, b"ROLLBACK\0") {
        if server.read_buf(&mut answered).await? == 0 {
            return Ok(());
        }
    }
    Ok(())
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
