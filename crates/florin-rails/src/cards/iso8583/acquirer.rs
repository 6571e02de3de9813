//! The other side, for tests and for trying a link: an acquirer and its network.
//!
//! It has its own way to read and write frames, so that what [`super::Link`] does wrong is not done wrong twice. It can
//! be a bad one: it can be silent, say what is no message, and close at any place.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use florin_iso8583::{
    Answer, ApprovalCode, AuthorisationRequest, Decline, Dialect, Fields, Match, Message, MessageType, Money,
    NetworkAction, NetworkRequest, ReadError, Receipt, ResponseCode, ReversalKind,
};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::pending::lock;
use super::till::{Till, reversal_of};

/// How long it waits for an answer, if not told otherwise.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often it says a reversal again that is not answered, before it gives up: a real one never does.
const REVERSAL_TRIES: usize = 5;

/// Why an acquirer did not get what it wanted.
#[derive(Debug, Error)]
pub enum AcquirerError {
    /// The connection is closed.
    #[error("the issuer has closed the connection")]
    Closed,
    /// No answer came in time.
    #[error("the issuer does not answer")]
    NoAnswer,
    /// The answer can't be read.
    #[error("the answer can't be read: {0}")]
    Wrong(ReadError),
    /// The message can't be written.
    #[error("the message can't be sent")]
    Message,
}

/// What became of a payment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is approved: for so much.
    Approved(ApprovalCode, Money),
    /// It is declined.
    Declined(ResponseCode),
    /// Nobody answered, so it was reversed; with the answer to that.
    Reversed(ResponseCode),
}

/// A network that an issuer calls.
#[derive(Debug)]
pub struct Network {
    listener: TcpListener,
    dialect: Dialect,
}

impl Network {
    /// Listens on this machine, at a free port.
    ///
    /// # Errors
    /// There is none.
    pub async fn listen(dialect: Dialect) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind("127.0.0.1:0").await?, dialect })
    }

    /// Where.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for an issuer, which is let sign on.
    ///
    /// # Errors
    /// The system gives no connection.
    pub async fn accept(&self) -> io::Result<Acquirer> {
        let (stream, _) = self.listener.accept().await?;
        Ok(Acquirer::on(stream, self.dialect))
    }
}

/// How an acquirer behaves.
#[derive(Copy, Clone, Debug)]
struct Manners {
    /// What it says to a sign-on; nothing at all where there is none.
    signs_on: Option<Receipt>,
    /// Whether it answers an echo.
    answers_echo: bool,
    patience: Duration,
}

/// One connection of an acquirer to an issuer. Dropped, it is closed.
pub struct Acquirer {
    inner: Arc<Inner>,
    reader: tokio::task::JoinHandle<()>,
    numbers: Till,
}

struct Inner {
    dialect: Dialect,
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    waiting: Mutex<HashMap<Match, oneshot::Sender<Fields>>>,
    manners: Mutex<Manners>,
    /// What the issuer has asked, in order.
    asked: watch::Sender<Vec<NetworkAction>>,
    is_closed: watch::Sender<bool>,
}

impl Acquirer {
    /// Calls an issuer.
    ///
    /// # Errors
    /// It is not there.
    pub async fn call(address: SocketAddr, dialect: Dialect) -> io::Result<Self> {
        Ok(Self::on(TcpStream::connect(address).await?, dialect))
    }

    fn on(stream: TcpStream, dialect: Dialect) -> Self {
        let (reader, writer) = stream.into_split();
        let manners = Manners { signs_on: Some(Receipt::Taken), answers_echo: true, patience: PATIENCE };
        let inner = Arc::new(Inner {
            dialect,
            writer: tokio::sync::Mutex::new(writer),
            waiting: Mutex::default(),
            manners: Mutex::new(manners),
            asked: watch::Sender::default(),
            is_closed: watch::Sender::default(),
        });
        let reader = tokio::spawn(Arc::clone(&inner).read_all(reader));
        Self { inner, reader, numbers: Till::of_network() }
    }

    /// What it says to a sign-on; nothing at all where there is none.
    pub fn says_to_sign_on(&self, receipt: Option<Receipt>) {
        lock(&self.inner.manners).signs_on = receipt;
    }

    /// Whether it answers an echo.
    pub fn answers_echo(&self, answers: bool) {
        lock(&self.inner.manners).answers_echo = answers;
    }

    /// How long it waits for an answer.
    pub fn waits(&self, patience: Duration) {
        lock(&self.inner.manners).patience = patience;
    }

    /// Says something about the link.
    ///
    /// # Errors
    /// No answer came, or none that can be read.
    pub async fn say(&self, action: NetworkAction) -> Result<ResponseCode, AcquirerError> {
        let (stan, sent_at) = self.numbers.next();
        let request = NetworkRequest { is_repeat: false, action, stan, sent_at };
        match self.ask(&Message::NetworkRequest(request)).await? {
            Message::NetworkAnswer(answer) => Ok(answer.code),
            _ => Err(AcquirerError::NoAnswer),
        }
    }

    /// Says something about a payment.
    ///
    /// # Errors
    /// No answer came, or none that can be read.
    pub async fn tell(&self, message: &Message) -> Result<Answer, AcquirerError> {
        match self.ask(message).await? {
            Message::Answer(answer) => Ok(*answer),
            _ => Err(AcquirerError::NoAnswer),
        }
    }

    /// Asks for a payment, and reverses it if no answer comes: what every acquirer does.
    ///
    /// # Errors
    /// The reversal is not answered either.
    pub async fn pay(&self, request: &AuthorisationRequest) -> Result<Outcome, AcquirerError> {
        let message = Message::AuthorisationRequest(Box::new(request.clone()));
        match self.tell(&message).await {
            Ok(Answer { code, approval: Some(approval), amount, .. }) if code.is_approval() => {
                Ok(Outcome::Approved(approval, amount.unwrap_or(request.payment.subject.amount)))
            }
            Ok(answer) => Ok(Outcome::Declined(answer.code)),
            Err(AcquirerError::NoAnswer) => self.reverse(request).await.map(Outcome::Reversed),
            Err(error) => Err(error),
        }
    }

    async fn reverse(&self, request: &AuthorisationRequest) -> Result<ResponseCode, AcquirerError> {
        let (stan, sent_at) = self.numbers.next();
        let mut reversal = reversal_of(request, ReversalKind::Advice, stan, sent_at);
        for _ in 0..REVERSAL_TRIES {
            match self.tell(&Message::Reversal(Box::new(reversal.clone()))).await {
                Ok(answer) if answer.code != Decline::Unavailable.code() => return Ok(answer.code),
                Ok(_) | Err(AcquirerError::NoAnswer) => reversal.is_repeat = true,
                Err(error) => return Err(error),
            }
        }
        Err(AcquirerError::NoAnswer)
    }

    /// Sends a message and gives back what answers it.
    async fn ask(&self, message: &Message) -> Result<Message, AcquirerError> {
        let fields = message.to_fields().ok_or(AcquirerError::Message)?;
        let wanted = Match::of(&fields).ok_or(AcquirerError::Message)?;
        let bytes = fields.write(self.inner.dialect).map_err(|_| AcquirerError::Message)?;
        let (sender, receiver) = oneshot::channel();
        lock(&self.inner.waiting).insert(wanted, sender);
        self.message(&bytes).await?;
        let patience = lock(&self.inner.manners).patience;
        let mut is_closed = self.inner.is_closed.subscribe();
        let answer = tokio::select! {
            biased;
            answer = timeout(patience, receiver) => answer.ok().and_then(Result::ok).ok_or(AcquirerError::NoAnswer),
            _ = is_closed.wait_for(|is| *is) => Err(AcquirerError::Closed),
        };
        lock(&self.inner.waiting).remove(&wanted);
        Message::from_fields(&answer?).map_err(AcquirerError::Wrong)
    }

    /// Sends bytes as a message, whatever they are.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn message(&self, bytes: &[u8]) -> Result<(), AcquirerError> {
        let length = u16::try_from(bytes.len()).map_err(|_| AcquirerError::Message)?;
        self.bytes(&[&length.to_be_bytes(), bytes].concat()).await
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn bytes(&self, bytes: &[u8]) -> Result<(), AcquirerError> {
        self.inner.writer.lock().await.write_all(bytes).await.map_err(|_| AcquirerError::Closed)
    }

    /// What the issuer has asked, once it is this or more: for waiting.
    pub async fn asked(&self, at_least: usize) -> Vec<NetworkAction> {
        let mut asked = self.inner.asked.subscribe();
        let found = asked.wait_for(|asked| asked.len() >= at_least).await;
        found.map(|asked| asked.clone()).unwrap_or_default()
    }

    /// Waits until the issuer has closed the connection.
    pub async fn closed(&self) {
        let _ = self.inner.is_closed.subscribe().wait_for(|is| *is).await;
    }
}

impl Drop for Acquirer {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Inner {
    async fn read_all(self: Arc<Self>, mut reader: OwnedReadHalf) {
        while let Ok(length) = reader.read_u16().await {
            let mut bytes = vec![0; usize::from(length)];
            if reader.read_exact(&mut bytes).await.is_err() {
                break;
            }
            let Ok(fields) = Fields::read(&bytes, self.dialect) else { break };
            if fields.kind().first() == MessageType::NETWORK_REQUEST {
                self.answer(&fields).await;
            } else if let Some(waiting) =
                Match::of(&fields).and_then(|found| lock(&self.waiting).remove(&found))
            {
                drop(waiting.send(fields));
            }
        }
        self.is_closed.send_replace(true);
    }

    async fn answer(&self, fields: &Fields) {
        let Ok(Message::NetworkRequest(request)) = Message::from_fields(fields) else { return };
        let manners = *lock(&self.manners);
        let receipt = match request.action {
            NetworkAction::SignOn => manners.signs_on,
            NetworkAction::Echo => Some(Receipt::Taken).filter(|_| manners.answers_echo),
            _ => Some(Receipt::Taken),
        };
        let answer = receipt.and_then(|receipt| receipt.to(fields));
        if let Some(Ok(bytes)) = answer.map(|answer| answer.write(self.dialect)) {
            let length = u16::try_from(bytes.len()).unwrap_or_default();
            let frame = [&length.to_be_bytes(), &bytes[..]].concat();
            drop(self.writer.lock().await.write_all(&frame).await);
        }
        self.asked.send_modify(|asked| asked.push(request.action));
    }
}
