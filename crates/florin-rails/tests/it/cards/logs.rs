//! What goes to the logs: what is wrong, once, and nothing of a card.

use super::fake::{IN_PART, Issuer, PAN, called, cents, pan, till};
use florin_iso8583::{Dialect, Message, NetworkAction, PinBlock, VerificationValue};
use florin_rails::cards::iso8583::Network;
use std::io;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    /// Everything that this thread logs from now on, in the finest detail.
    fn gather() -> (Self, tracing::subscriber::DefaultGuard) {
        let lines = Self::default();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        let guard = tracing::subscriber::set_default(subscriber.with_writer(lines.clone()).finish());
        (lines, guard)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn garbage_is_told_once() {
    let (lines, _guard) = Lines::gather();
    let network = Network::listen(Dialect::Ascii).await.unwrap();
    let issuer = Issuer::calls(Dialect::Ascii, &network);
    for _ in 0..5 {
        let acquirer = network.accept().await.unwrap();
        acquirer.says_to_sign_on(None);
        acquirer.message(b"0100723C448108E18000169999000012345674").await.unwrap();
        acquirer.closed().await;
    }
    issuer.stop().await;
    let text = lines.text();
    let warnings: Vec<&str> = text.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{text}");
    let said =
        "the connection to the processor has ended: what came is no message: field 3 (processing code) is";
    assert!(warnings[0].contains(said), "{text}");
    assert!(!text.contains("9999"), "{text}");
}

#[tokio::test]
async fn the_same_after_a_good_connection_is_told_again() {
    let (lines, _guard) = Lines::gather();
    let network = Network::listen(Dialect::Ascii).await.unwrap();
    let issuer = Issuer::calls(Dialect::Ascii, &network);
    for _ in 0..3 {
        let acquirer = network.accept().await.unwrap();
        acquirer.asked(1).await;
        assert!(acquirer.say(NetworkAction::Echo).await.unwrap().is_approval());
    }
    // The last one has ended when the next one comes.
    let last = network.accept().await.unwrap();
    last.asked(1).await;
    issuer.stop().await;
    let text = lines.text();
    let said = "INFO florin_rails::cards::iso8583::link: the connection to the processor has ended: the other side has \
                closed the connection";
    assert_eq!(text.matches(said).count(), 3, "{text}");
}

#[tokio::test]
async fn nothing_of_a_card_is_told() {
    let (lines, _guard) = Lines::gather();
    let (issuer, acquirer) = called(Dialect::Ascii).await;
    let mut request = till().purchase(&pan(), cents(IN_PART));
    request.pin = Some(PinBlock::new(*b"PINBLOCK"));
    request.additional.verification = VerificationValue::parse("7391").ok();
    acquirer.pay(&request).await.unwrap();
    // Wrong in a field: answered, and told once.
    let good = Message::AuthorisationRequest(Box::new(request)).to_fields().unwrap();
    let bytes = String::from_utf8(good.write(Dialect::Ascii).unwrap().to_vec()).unwrap();
    for _ in 0..3 {
        acquirer.message(bytes.replace(PAN, "999900001234567X").as_bytes()).await.unwrap();
    }
    acquirer.message(bytes.replacen("0100", "0302", 1).as_bytes()).await.unwrap();
    assert!(acquirer.say(NetworkAction::Echo).await.unwrap().is_approval());
    // An answer that nobody asked for.
    acquirer.message(bytes.replacen("0100", "0110", 1).as_bytes()).await.unwrap();
    assert!(acquirer.say(NetworkAction::Echo).await.unwrap().is_approval());
    issuer.stop().await;
    let text = lines.text();
    let said = "a card message is refused; more of them are not told kind=0100 error=field 2 (card number) is not 12 \
                to 19 digits";
    assert_eq!(text.matches(said).count(), 1, "{text}");
    assert_eq!(text.matches("a card message is refused").count(), 1, "{text}");
    assert!(text.contains("an answer came that nobody waits for"), "{text}");
    for secret in ["99990000", "12345674", "1234567", "7391", "PINBLOCK", "50494E424C4F434B"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
