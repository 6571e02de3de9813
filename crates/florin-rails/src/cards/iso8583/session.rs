//! One connection, from the sign-on to its end.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use florin_iso8583::{
    Decline, Dialect, Fields, Key, Message, NetworkAction, NetworkRequest, Problem, ReadError, Receipt,
    ResponseCode, SentAt, Stan,
};
use florin_types::Clock;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::CardHost;
use super::frame::{self, FrameError};
use super::pending::{Order, Pending, Turn};

/// How often an echo goes. Firewalls forget what is silent for some minutes.
const ECHO_EVERY: Duration = Duration::from_secs(60);

/// How long an answer to a message about the link may take. Nobody has to decide anything for it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// How long who connects to us may take to sign on. It has nothing else to do.
const SIGNED_ON_WITHIN: Duration = Duration::from_secs(30);

/// How long a host may take. Acquirers wait 10 to 30 seconds, and take no answer after that; a host asks a partner for
/// a second and a half at the most.
pub(super) const DECIDED_WITHIN: Duration = Duration::from_secs(10);

/// Messages that a host is asked about at the same time, of one connection. At 500 a second each may take two seconds.
/// What comes beyond is answered with 91: the other side declines, or says it again later.
const MAX_UNDER_WAY: usize = 1_000;

/// Messages that wait to be written. When there are more, nothing is read until the other side reads.
const MAX_UNWRITTEN: usize = 256;

/// How long messages under way are waited for at a stop.
const ENDED_WITHIN: Duration = DECIDED_WITHIN;

/// What sessions share.
pub(super) struct Shared {
    pub dialect: Dialect,
    pub host: Arc<dyn CardHost>,
    pub clock: Arc<dyn Clock>,
    /// The number of our last message.
    pub stan: AtomicU32,
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// Bytes that are no message.
    Garbage(ReadError),
    /// The stream is at its end, or broken, or has no frames.
    Stream(FrameError),
    /// An echo or a sign-on was not answered.
    Silent,
    /// The sign-on was refused.
    Refused(ResponseCode),
    /// The other side did not sign on.
    NotSignedOn,
    /// We stop.
    Stopped,
}

impl End {
    /// Whether somebody should look at it.
    pub fn is_odd(&self) -> bool {
        !matches!(self, Self::Stopped | Self::Stream(FrameError::Closed))
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Garbage(error) => write!(f, "what came is no message: {error}"),
            Self::Stream(error) => error.fmt(f),
            Self::Silent => f.write_str("the other side does not answer"),
            Self::Refused(code) => write!(f, "the other side refused the sign-on with {code:?}"),
            Self::NotSignedOn => f.write_str("the other side did not sign on"),
            Self::Stopped => f.write_str("it was stopped"),
        }
    }
}

/// What is to be written.
enum Output {
    Message(Zeroizing<Vec<u8>>),
    /// Tell when all before is written.
    Flush(oneshot::Sender<()>),
}

/// One connection.
pub(super) struct Session {
    shared: Arc<Shared>,
    pending: Pending,
    order: Order,
    output: mpsc::Sender<Output>,
    places: Arc<Semaphore>,
    is_signed_on: watch::Sender<bool>,
    has_told: AtomicBool,
}

impl Session {
    /// A session, what it writes, and whether it is signed on.
    fn new(shared: Arc<Shared>) -> (Arc<Self>, mpsc::Receiver<Output>) {
        let (output, written) = mpsc::channel(MAX_UNWRITTEN);
        let session = Self {
            shared,
            pending: Pending::default(),
            order: Order::default(),
            output,
            places: Arc::new(Semaphore::new(MAX_UNDER_WAY)),
            is_signed_on: watch::Sender::new(false),
            has_told: AtomicBool::new(false),
        };
        (Arc::new(session), written)
    }

    /// Runs a connection to its end. `signs_on`: it was made by us. `started` gets what tells whether it is signed on,
    /// and that it has ended.
    pub async fn run<S>(
        shared: Arc<Shared>,
        stream: S,
        signs_on: bool,
        stop: watch::Receiver<bool>,
        started: impl FnOnce(watch::Receiver<bool>),
    ) -> End
    where
        S: AsyncRead + AsyncWrite,
    {
        let (session, output) = Self::new(shared);
        started(session.is_signed_on.subscribe());
        let (reader, writer) = tokio::io::split(stream);
        tokio::select! {
            end = session.read_all(reader) => end,
            end = write_all(writer, output) => end,
            end = session.keep_alive(signs_on) => end,
            end = session.stop(signs_on, stop) => end,
        }
    }

    async fn read_all(self: &Arc<Self>, mut reader: impl AsyncRead + Unpin) -> End {
        loop {
            let bytes = match frame::read(&mut reader).await {
                Ok(bytes) => bytes,
                Err(error) => return End::Stream(error),
            };
            if bytes.is_empty() {
                continue;
            }
            match Fields::read(&bytes, self.shared.dialect) {
                Ok(fields) => self.take(fields).await,
                Err(error) => return End::Garbage(error),
            }
        }
    }

    /// Deals with one message, or has it dealt with.
    async fn take(self: &Arc<Self>, fields: Fields) {
        if !fields.kind().has_answer() {
            return self.take_answer(fields);
        }
        let message = match Message::from_fields(&fields) {
            Ok(message) => message,
            Err(error) => return self.refuse_wrong(&fields, error).await,
        };
        let key = match &message {
            Message::NetworkRequest(request) => return self.answer_network(*request, &fields).await,
            Message::AuthorisationRequest(request) => request.payment.subject.key,
            Message::Advice(advice) => advice.payment.subject.key,
            Message::Reversal(reversal) => reversal.subject.key,
            // They have no answer, and were dealt with above.
            Message::Answer(_) | Message::NetworkAnswer(_) => return,
        };
        let is_signed_on = *self.is_signed_on.borrow();
        let place = Arc::clone(&self.places).try_acquire_owned();
        let Some(place) = place.ok().filter(|_| is_signed_on) else {
            return self.send(fields.refusal(Decline::Unavailable)).await;
        };
        // The trace number is each message's own; the rest of its key is the payment's.
        let turn = self.order.turn(Key { stan: Stan::nth(0), ..key });
        let session = Arc::clone(self);
        tokio::spawn(async move {
            let answer = session.decide(message, &fields, turn).await;
            session.send(answer).await;
            drop(place);
        });
    }

    fn take_answer(&self, fields: Fields) {
        let is_sign_on = match Message::from_fields(&fields) {
            Ok(Message::NetworkAnswer(answer)) => {
                answer.action == NetworkAction::SignOn && answer.code.is_approval()
            }
            _ => false,
        };
        match self.pending.answer(fields) {
            // Here and not where it is waited for: a payment may follow at once.
            true if is_sign_on => self.sign(true),
            true => {}
            false => tracing::debug!("an answer came that nobody waits for"),
        }
    }

    /// Asks the host. None: it has not answered in time.
    async fn decide(&self, message: Message, fields: &Fields, mut turn: Turn) -> Option<Fields> {
        turn.comes().await;
        let host = &self.shared.host;
        let decided = async {
            match message {
                Message::AuthorisationRequest(request) => host.authorise(*request).await?.to(fields),
                Message::Advice(advice) => host.advise(*advice).await.to(fields),
                Message::Reversal(reversal) => host.reverse(*reversal).await.to(fields),
                Message::NetworkRequest(_) | Message::Answer(_) | Message::NetworkAnswer(_) => None,
            }
        };
        let decided = timeout(DECIDED_WITHIN, decided).await;
        if decided.is_err() {
            tracing::warn!(kind = %fields.kind(), "a card message was not decided in time: it is not answered");
        }
        decided.ok().flatten()
    }

    async fn answer_network(&self, request: NetworkRequest, fields: &Fields) {
        let answer = match request.action {
            NetworkAction::SignOn | NetworkAction::SignOff | NetworkAction::Echo => Receipt::Taken,
            NetworkAction::Other(_) => Receipt::Refused(Decline::InvalidTransaction),
        };
        match request.action {
            NetworkAction::SignOn => self.sign(true),
            NetworkAction::SignOff => self.sign(false),
            NetworkAction::Echo | NetworkAction::Other(_) => {}
        }
        self.send(answer.to(fields)).await;
    }

    fn sign(&self, on: bool) {
        if self.is_signed_on.send_replace(on) != on {
            tracing::info!("signed {} the network of cards", if on { "on to" } else { "off from" });
        }
    }

    /// A message in which something is wrong. The first of a connection is told: the others are most likely the same.
    async fn refuse_wrong(&self, fields: &Fields, error: ReadError) {
        if !self.has_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(kind = %fields.kind(), %error, "a card message is refused; more of them are not told");
        }
        let code = match error.problem {
            Problem::UnknownType => Decline::InvalidTransaction,
            _ => Decline::FormatError,
        };
        self.send(fields.refusal(code)).await;
    }

    /// Hands a message to what writes. When the connection has ended, nobody reads it.
    async fn send(&self, message: Option<Fields>) {
        match message.map(|message| message.write(self.shared.dialect)) {
            None => {}
            Some(Ok(bytes)) => drop(self.output.send(Output::Message(bytes)).await),
            Some(Err(error)) => tracing::error!(%error, "an answer to a card message could not be written"),
        }
    }

    /// Signs on, or waits until the other side has; then asks now and then whether it is there.
    async fn keep_alive(&self, signs_on: bool) -> End {
        if signs_on {
            match self.ask(NetworkAction::SignOn).await {
                Some(code) if code.is_approval() => {}
                Some(code) => return End::Refused(code),
                None => return End::Silent,
            }
        } else {
            let mut is_signed_on = self.is_signed_on.subscribe();
            if timeout(SIGNED_ON_WITHIN, is_signed_on.wait_for(|is| *is)).await.is_err() {
                return End::NotSignedOn;
            }
        }
        loop {
            sleep(ECHO_EVERY).await;
            if self.ask(NetworkAction::Echo).await.is_none() {
                return End::Silent;
            }
        }
    }

    /// Says something about the link. None: no answer came in time.
    async fn ask(&self, action: NetworkAction) -> Option<ResponseCode> {
        let stan = Stan::nth(self.shared.stan.fetch_add(1, Ordering::Relaxed));
        let sent_at = SentAt::of(self.shared.clock.now());
        let request = NetworkRequest { is_repeat: false, action, stan, sent_at };
        let question = Message::NetworkRequest(request).to_fields()?;
        let mut expected = self.pending.expect(&question)?;
        self.send(Some(question)).await;
        let answer = timeout(ANSWERED_WITHIN, expected.answer()).await.ok()??;
        match Message::from_fields(&answer) {
            Ok(Message::NetworkAnswer(answer)) => Some(answer.code),
            _ => None,
        }
    }

    /// Waits for the sign to stop; then takes no more messages, and ends when those under way are answered.
    async fn stop(&self, signs_on: bool, mut stop: watch::Receiver<bool>) -> End {
        // The sender is dropped with the link: a sign as well.
        let _ = stop.wait_for(|is_wanted| *is_wanted).await;
        let was_signed_on = self.is_signed_on.send_replace(false);
        let all = u32::try_from(MAX_UNDER_WAY).unwrap_or(u32::MAX);
        let ended = timeout(ENDED_WITHIN, self.places.acquire_many(all)).await;
        if ended.is_err() {
            tracing::warn!("card messages were under way when the link was stopped: they are not answered");
        }
        if signs_on && was_signed_on {
            self.ask(NetworkAction::SignOff).await;
        }
        let (written, all_written) = oneshot::channel();
        if self.output.send(Output::Flush(written)).await.is_ok() {
            let _ = timeout(ANSWERED_WITHIN, all_written).await;
        }
        End::Stopped
    }
}

async fn write_all(mut writer: impl AsyncWrite + Unpin, mut output: mpsc::Receiver<Output>) -> End {
    while let Some(output) = output.recv().await {
        match output {
            Output::Message(bytes) => {
                if let Err(error) = frame::write(&mut writer, &bytes).await {
                    return End::Stream(error);
                }
            }
            Output::Flush(written) => drop(written.send(())),
        }
    }
    // Every sender is gone with the session, which ends before.
    End::Stopped
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
