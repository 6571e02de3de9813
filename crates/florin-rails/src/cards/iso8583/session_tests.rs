//! A session by the clock: a stream in memory, and time that stands still unless everybody waits.

use super::*;
use crate::cards::iso8583::host::Boxed;
use crate::cards::iso8583::till::{Till, reversal_of};
use florin_iso8583::{
    Advice, ApprovalCode, AuthorisationAnswer, AuthorisationRequest, Currency, MessageType, Money, Pan,
    Reversal, ReversalKind,
};
use florin_types::{ManualClock, Timestamp};
use std::future::pending;
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const DIALECT: Dialect = Dialect::Packed;

/// Approves, but never answers about the amount of [`HANGS`].
struct Host;

/// Cents.
const HANGS: i64 = 13;

impl CardHost for Host {
    fn authorise(&self, request: AuthorisationRequest) -> Boxed<'_, Option<AuthorisationAnswer>> {
        Box::pin(async move {
            if request.payment.subject.amount.minor() == HANGS {
                pending::<()>().await;
            }
            Some(AuthorisationAnswer::approved(ApprovalCode::parse("A1B2C3").unwrap()))
        })
    }

    fn advise(&self, _: Advice) -> Boxed<'_, Receipt> {
        Box::pin(async { Receipt::Taken })
    }

    fn reverse(&self, _: Reversal) -> Boxed<'_, Receipt> {
        Box::pin(async { Receipt::Taken })
    }
}

/// The other end of a session.
struct Far {
    stream: DuplexStream,
    session: JoinHandle<End>,
    stop: watch::Sender<bool>,
    begun: Instant,
    till: Till,
}

impl Far {
    fn of(signs_on: bool) -> Self {
        let now = Timestamp::parse("2026-11-30T15:04:05Z").unwrap();
        let shared = Shared {
            dialect: DIALECT,
            host: Arc::new(Host),
            clock: Arc::new(ManualClock::new(now)),
            stan: AtomicU32::new(1),
        };
        let (near, stream) = tokio::io::duplex(1 << 16);
        let (stop, stopped) = watch::channel(false);
        let session = tokio::spawn(Session::run(Arc::new(shared), near, signs_on, stopped, |_| {}));
        let till = Till::of_a_cafe("TERM0001", now).unwrap();
        Self { stream, session, stop, begun: Instant::now(), till }
    }

    /// A session that is signed on.
    async fn signed_on(signs_on: bool) -> Self {
        let mut far = Self::of(signs_on);
        if signs_on {
            far.answers(NetworkAction::SignOn).await;
        } else {
            far.says(NetworkAction::SignOn).await;
            assert_eq!(far.hears().await, "0810 00");
        }
        far
    }

    async fn write(&mut self, fields: &Fields) {
        frame::write(&mut self.stream, &fields.write(DIALECT).unwrap()).await.unwrap();
    }

    async fn read(&mut self) -> Fields {
        Fields::read(&frame::read(&mut self.stream).await.unwrap(), DIALECT).unwrap()
    }

    /// Type and response code of what comes next.
    async fn hears(&mut self) -> String {
        let fields = self.read().await;
        let code = match Message::from_fields(&fields).unwrap() {
            Message::Answer(answer) => answer.code,
            Message::NetworkAnswer(answer) => answer.code,
            other => panic!("{other:?}"),
        };
        format!("{} {code:?}", fields.kind())
    }

    async fn says(&mut self, action: NetworkAction) {
        let (stan, sent_at) = self.till.next();
        let request = NetworkRequest { is_repeat: false, action, stan, sent_at };
        self.write(&Message::NetworkRequest(request).to_fields().unwrap()).await;
    }

    /// Expects a message about the link, and answers it.
    async fn answers(&mut self, action: NetworkAction) {
        let fields = self.expects(action).await;
        self.write(&Receipt::Taken.to(&fields).unwrap()).await;
    }

    async fn expects(&mut self, expected: NetworkAction) -> Fields {
        let fields = self.read().await;
        assert_eq!(fields.kind(), MessageType::NETWORK_REQUEST);
        match Message::from_fields(&fields) {
            Ok(Message::NetworkRequest(request)) => assert_eq!(request.action, expected),
            other => panic!("{other:?}"),
        }
        fields
    }

    /// Asks for a payment of so many cents.
    async fn asks(&mut self, cents: i64) -> AuthorisationRequest {
        let amount = Money::new(cents, Currency::EUR).unwrap();
        let request = self.till.purchase(&Pan::parse("9999000012345674").unwrap(), amount);
        let message = Message::AuthorisationRequest(Box::new(request.clone()));
        self.write(&message.to_fields().unwrap()).await;
        request
    }

    fn seconds(&self) -> u64 {
        self.begun.elapsed().as_secs()
    }

    async fn end(self) -> (String, u64) {
        let end = self.session.await.unwrap();
        (end.to_string(), self.begun.elapsed().as_secs())
    }
}

#[tokio::test(start_paused = true)]
async fn an_echo_goes_every_minute_and_who_does_not_answer_is_gone() {
    for signs_on in [true, false] {
        let mut far = Far::signed_on(signs_on).await;
        for minute in 1..=3 {
            far.answers(NetworkAction::Echo).await;
            assert_eq!(far.seconds(), minute * 60);
        }
        far.expects(NetworkAction::Echo).await;
        assert_eq!(far.end().await, ("the other side does not answer".to_owned(), 250));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_something_else_is_no_answer() {
    let mut far = Far::signed_on(true).await;
    let echo = far.expects(NetworkAction::Echo).await;
    let Ok(Message::NetworkRequest(mut other)) = Message::from_fields(&echo) else { panic!("no request") };
    other.stan = Stan::nth(other.stan.number() + 1);
    let other = Message::NetworkRequest(other).to_fields().unwrap();
    far.write(&Receipt::Taken.to(&other).unwrap()).await;
    assert_eq!(far.end().await.1, 70);
}

#[tokio::test(start_paused = true)]
async fn a_sign_on_that_is_refused_or_missing_or_not_answered() {
    let mut far = Far::of(true);
    let sign_on = far.expects(NetworkAction::SignOn).await;
    far.write(&Receipt::Refused(Decline::Fault).to(&sign_on).unwrap()).await;
    assert_eq!(far.end().await, ("the other side refused the sign-on with 96".to_owned(), 0));
    let mut far = Far::of(true);
    far.expects(NetworkAction::SignOn).await;
    assert_eq!(far.end().await, ("the other side does not answer".to_owned(), 10));
    assert_eq!(Far::of(false).end().await, ("the other side did not sign on".to_owned(), 30));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_does_not_go_on_ends_it() {
    let mut far = Far::signed_on(true).await;
    tokio::io::AsyncWriteExt::write_all(&mut far.stream, b"\0\x30\x01\0").await.unwrap();
    assert_eq!(far.end().await, ("a message has begun and does not go on".to_owned(), 10));
}

/// Nothing is said, for the host may have approved. What comes after it about the same payment has its turn then.
#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_answer() {
    let mut far = Far::signed_on(true).await;
    let hung = far.asks(HANGS).await;
    let (stan, sent_at) = far.till.next();
    let reversal = reversal_of(&hung, ReversalKind::Advice, stan, sent_at);
    far.write(&Message::Reversal(Box::new(reversal)).to_fields().unwrap()).await;
    far.asks(1_250).await;
    assert_eq!((far.hears().await, far.seconds()), ("0110 00".to_owned(), 0));
    assert_eq!((far.hears().await, far.seconds()), ("0430 00".to_owned(), DECIDED_WITHIN.as_secs()));
    far.answers(NetworkAction::Echo).await;
}

#[tokio::test(start_paused = true)]
async fn more_than_can_be_under_way_is_told_so() {
    let mut far = Far::signed_on(true).await;
    for _ in 0..MAX_UNDER_WAY {
        far.asks(HANGS).await;
    }
    far.asks(1_250).await;
    assert_eq!(far.hears().await, "0110 91");
    // The link itself is still answered, and places become free.
    far.says(NetworkAction::Echo).await;
    assert_eq!(far.hears().await, "0810 00");
    tokio::time::sleep(DECIDED_WITHIN).await;
    far.asks(1_250).await;
    assert_eq!(far.hears().await, "0110 00");
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_what_is_under_way_and_signs_off() {
    let mut far = Far::signed_on(true).await;
    far.asks(1_250).await;
    assert_eq!(far.hears().await, "0110 00");
    far.asks(HANGS).await;
    tokio::task::yield_now().await;
    far.stop.send_replace(true);
    tokio::time::sleep(Duration::from_secs(1)).await;
    far.asks(1_250).await;
    assert_eq!(far.hears().await, "0110 91");
    far.answers(NetworkAction::SignOff).await;
    assert_eq!(far.end().await, ("it was stopped".to_owned(), ENDED_WITHIN.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_gone() {
    let mut far = Far::signed_on(true).await;
    // Answers fill the stream, then what waits to be written, and then nothing is read any more.
    let echo = Message::NetworkRequest(NetworkRequest {
        is_repeat: false,
        action: NetworkAction::Echo,
        stan: Stan::nth(1),
        sent_at: far.till.next().1,
    });
    let bytes = echo.to_fields().unwrap().write(DIALECT).unwrap();
    while frame::write(&mut far.stream, &bytes).await.is_ok() {}
    let end = far.session.await.unwrap();
    assert!(matches!(end, End::Stream(FrameError::Broken(std::io::ErrorKind::TimedOut))), "{end}");
}
