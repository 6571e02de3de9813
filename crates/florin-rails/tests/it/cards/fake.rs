//! A host that does what the amount says, and keeps what it was told; a link of it to an acquirer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use florin_iso8583::{
    Advice, ApprovalCode, AuthorisationAnswer, AuthorisationRequest, Currency, Decline, Dialect, Message,
    Money, NetworkAction, Pan, Receipt, Reversal,
};
use florin_rails::cards::iso8583::{Acquirer, CardHost, Line, Link, Network, Pauses, Till};
use florin_types::{ManualClock, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

pub type Boxed<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub const PAN: &str = "9999000012345674";

/// Cents from here on are declined, each with the reason of its place in [`Decline::all`].
pub const DECLINED_FROM: i64 = 500_000;
/// Half of it is approved, where that may be.
pub const IN_PART: i64 = 600_000;
/// The host panics.
pub const PANICS: i64 = 700_000;
/// The host waits at [`Host::gate`].
pub const WAITS: i64 = 800_000;
/// An advice or a reversal of it can't be taken now.
pub const AGAIN: i64 = 900_000;
/// An advice or a reversal of it is about nothing.
pub const NOT_FOUND: i64 = 910_000;

pub struct Host {
    /// What it was asked and told, in order.
    pub heard: watch::Sender<Vec<Message>>,
    /// Whoever waits goes on with a permit.
    pub gate: Semaphore,
    /// Answers given, in order: the keys.
    pub answered: Mutex<Vec<String>>,
}

pub fn approval() -> ApprovalCode {
    ApprovalCode::parse("A1B2C3").unwrap()
}

pub fn cents(cents: i64) -> Money {
    Money::new(cents, Currency::EUR).unwrap()
}

pub fn pan() -> Pan {
    Pan::parse(PAN).unwrap()
}

impl Host {
    pub fn new() -> Arc<Self> {
        let (heard, gate) = (watch::Sender::default(), Semaphore::new(0));
        Arc::new(Self { heard, gate, answered: Mutex::default() })
    }

    fn hear(&self, message: Message) {
        self.heard.send_modify(|heard| heard.push(message));
    }

    /// Waits until it was asked and told so many things.
    pub async fn has_heard(&self, count: usize) -> Vec<Message> {
        let mut heard = self.heard.subscribe();
        heard.wait_for(|heard| heard.len() >= count).await.unwrap().clone()
    }

    fn receipt(&self, minor: i64) -> Receipt {
        match minor {
            AGAIN => Receipt::Again,
            NOT_FOUND => Receipt::Refused(Decline::NotFound),
            _ => Receipt::Taken,
        }
    }
}

impl CardHost for Host {
    fn authorise(&self, request: AuthorisationRequest) -> Boxed<'_, Option<AuthorisationAnswer>> {
        self.hear(Message::AuthorisationRequest(Box::new(request.clone())));
        Box::pin(async move {
            let minor = request.payment.subject.amount.minor();
            let place = minor.checked_sub(DECLINED_FROM).and_then(|place| usize::try_from(place).ok());
            let answer = match minor {
                PANICS => panic!("the host has a fault"),
                WAITS => {
                    self.gate.acquire().await.unwrap().forget();
                    AuthorisationAnswer::approved(approval())
                }
                IN_PART => request
                    .approve_in_part(approval(), minor / 2)
                    .unwrap_or(AuthorisationAnswer::declined(Decline::InsufficientFunds)),
                _ => match place.and_then(|place| Decline::all().nth(place)) {
                    Some(decline) => AuthorisationAnswer::declined(decline),
                    None => AuthorisationAnswer::approved(approval()),
                },
            };
            self.answered.lock().unwrap().push(request.payment.subject.key.to_string());
            Some(answer)
        })
    }

    fn advise(&self, advice: Advice) -> Boxed<'_, Receipt> {
        let minor = advice.payment.subject.amount.minor();
        self.hear(Message::Advice(Box::new(advice)));
        Box::pin(async move { self.receipt(minor) })
    }

    fn reverse(&self, reversal: Reversal) -> Boxed<'_, Receipt> {
        let minor = reversal.subject.amount.minor();
        self.hear(Message::Reversal(Box::new(reversal)));
        Box::pin(async move { self.receipt(minor) })
    }
}

/// A link that runs, with its host.
pub struct Issuer {
    pub host: Arc<Host>,
    pub link: Arc<Link>,
    pub task: JoinHandle<()>,
}

pub fn now() -> Timestamp {
    Timestamp::parse("2026-11-30T15:04:05Z").unwrap()
}

/// No pause between one try to connect and the next.
const AT_ONCE: Pauses = Pauses { first: Duration::ZERO, longest: Duration::ZERO };

impl Issuer {
    pub fn run(dialect: Dialect, line: Line) -> Self {
        let host = Host::new();
        let clock = Arc::new(ManualClock::new(now()));
        let link = Link::with_pauses(dialect, host.clone(), clock, AT_ONCE);
        let task = tokio::spawn(Arc::clone(&link).run(line));
        Self { host, link, task }
    }

    /// Calls a network.
    pub fn calls(dialect: Dialect, network: &Network) -> Self {
        Self::run(dialect, Line::Call(network.address().unwrap().to_string()))
    }

    /// Waits for callers from this machine.
    pub async fn listens(dialect: Dialect, callers: &[IpAddr]) -> (Self, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        (Self::run(dialect, Line::Listen { listener, callers: callers.to_vec() }), address)
    }

    /// Ends it.
    pub async fn stop(self) -> Arc<Host> {
        self.link.stop();
        self.task.await.unwrap();
        self.host
    }
}

/// An issuer that has called a network and is signed on.
pub async fn called(dialect: Dialect) -> (Issuer, Acquirer) {
    let network = Network::listen(dialect).await.unwrap();
    let issuer = Issuer::calls(dialect, &network);
    let acquirer = network.accept().await.unwrap();
    assert_eq!(acquirer.asked(1).await, [NetworkAction::SignOn]);
    (issuer, acquirer)
}

pub fn till() -> Till {
    Till::of_a_cafe("TERM0001", now()).unwrap()
}
