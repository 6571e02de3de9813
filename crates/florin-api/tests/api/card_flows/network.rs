//! A processor that is connected by ISO 8583: its messages over a real socket, applied to the books.

mod undone;

use super::{DAY, Made, card_of, check_list, funds, told};
use crate::card_decisions::decide_at;
use crate::card_decisions::decider::{Decider, Reply};
use crate::support::{Client, Setup, TestApp};
use crate::webhooks::register;
use florin_api::card_decisions;
use florin_api::kit::settings::{Cards, Settings};
use florin_api::sepa::SepaOperator;
use florin_iso8583::{
    Advice, AdviceKind, ApprovalCode, AuthorisationRequest, Currency, Dialect, EntryMode, Expiry, Message,
    Money, Pan, PinBlock, ProcessingCode, Reversal, ReversalKind, VerificationValue,
};
use florin_rails::cards::iso8583::{
    Acquirer, Line, Link, LinkedProcessor, Network, Outcome, Till, completion_of, original_of, reversal_of,
};
use florin_types::Text;
use serde_json::json;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// What is other in a request.
type Change<'a> = &'a dyn Fn(&mut AuthorisationRequest);

/// Anna with EUR 100 and a card, and a processor that is connected.
struct Connected {
    app: TestApp,
    a: Client,
    card: Made,
    acquirer: Acquirer,
    till: Till,
    link: Arc<Link>,
    task: JoinHandle<()>,
}

const NO_MONEY: &str = "51";

fn cents(cents: i64) -> Money {
    Money::new(cents, Currency::EUR).expect("an amount")
}

impl Connected {
    async fn start() -> Self {
        let processor = Arc::new(LinkedProcessor::default());
        let cards = Cards { processor: Some(processor.clone()), ..Cards::simulated() };
        let settings = Settings { cards, keychain: None, ..Settings::sandbox() };
        let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
        let a = app.a();
        a.verified_user("anna").await;
        a.move_to("anna", "DE").await;
        a.fund(Some("anna"), "100.00", "eur").await;
        let card = card_of(&a, "anna").await;
        let network = Network::listen(Dialect::Packed).await.expect("a port");
        let address = network.address().expect("an address").to_string();
        let link = Link::new(Dialect::Packed, card_decisions::network(app.app.clone()), app.clock.clone());
        processor.connect(Arc::clone(&link));
        let task = tokio::spawn(Arc::clone(&link).run(Line::Call(address)));
        let acquirer = network.accept().await.expect("a call");
        acquirer.asked(1).await;
        let till = Till::of_a_cafe("TERM0001", app.app.wall()).expect("a till");
        Self { app, a, card, acquirer, till, link, task }
    }

    fn pan(&self) -> Pan {
        Pan::parse(&self.card.number).expect("a number")
    }

    fn purchase(&self, minor: i64) -> AuthorisationRequest {
        self.till.purchase(&self.pan(), cents(minor))
    }

    /// The approval code and amount of a payment that is approved.
    async fn approved(&self, request: &AuthorisationRequest) -> (ApprovalCode, i64) {
        match self.acquirer.pay(request).await.expect("an answer") {
            Outcome::Approved(code, amount) => (code, amount.minor()),
            other => panic!("{other:?}"),
        }
    }

    /// Why a payment is declined.
    async fn declined(&self, request: &AuthorisationRequest) -> String {
        match self.acquirer.pay(request).await.expect("an answer") {
            Outcome::Declined(code) => code.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn tell(&self, message: Message) -> String {
        let answer = self.acquirer.tell(&message).await.expect("an answer");
        answer.code.as_str().to_owned()
    }

    async fn complete(&self, request: &AuthorisationRequest, minor: i64) -> Advice {
        let advice = completion_of(request, approval(), cents(minor), self.till.next().0);
        assert_eq!(self.tell(Message::Advice(Box::new(advice.clone()))).await, "00");
        advice
    }

    fn reversal(&self, request: &AuthorisationRequest, remaining: i64) -> Reversal {
        let (stan, sent_at) = self.till.next();
        let reversal = reversal_of(request, ReversalKind::Advice, stan, sent_at);
        Reversal { remaining: cents(remaining), ..reversal }
    }

    /// What takes a completion or a refund back, but for so much.
    fn take_back(&self, request: &AuthorisationRequest, advice: &Advice, remaining: i64) -> Reversal {
        let mut reversal = self.reversal(request, remaining);
        reversal.subject.amount = advice.payment.subject.amount;
        reversal.original.kind = florin_iso8583::MessageType::FINANCIAL_ADVICE;
        reversal.original.stan = advice.payment.subject.key.stan;
        reversal
    }

    async fn reverse(&self, reversal: &Reversal) -> String {
        self.tell(Message::Reversal(Box::new(reversal.clone()))).await
    }

    /// What Anna can spend, and what is on hold.
    async fn has(&self, amount: &str, held: &str) {
        assert_eq!(funds(&self.a, "anna").await, [amount, held]);
    }

    async fn finish(self) {
        check_list(&self.a, "anna", &self.card.id).await;
        self.link.stop();
        self.task.await.expect("the link ends");
        self.app.finish().await;
    }
}

fn approval() -> ApprovalCode {
    ApprovalCode::parse("A1B2C3").expect("a code")
}

#[tokio::test]
async fn a_purchase_from_the_question_to_the_money() {
    let shop = Connected::start().await;
    let mut request = shop.purchase(1_250);
    let (code, amount) = shop.approved(&request).await;
    assert_eq!(amount, 1_250);
    shop.has("87.50", "12.50").await;
    // The answer was lost.
    request.is_repeat = true;
    assert_eq!(shop.approved(&request).await, (code, 1_250));
    shop.has("87.50", "12.50").await;
    let mut advice = shop.complete(&request, 1_000).await;
    shop.has("90.00", "0.00").await;
    advice.is_repeat = true;
    assert_eq!(shop.tell(Message::Advice(Box::new(advice))).await, "00");
    shop.has("90.00", "0.00").await;
    // More, that nobody can refuse.
    shop.complete(&request, 500).await;
    shop.has("85.00", "0.00").await;
    let said = [
        ["AUTHORIZATION", "APPROVED", "12.50"],
        ["CLEARING", "CLEARED", "10.00"],
        ["CLEARING", "CLEARED", "5.00"],
    ];
    assert_eq!(told(&shop.a).await, said);
    shop.finish().await;
}

#[tokio::test]
async fn more_of_a_purchase() {
    let shop = Connected::start().await;
    let first = shop.purchase(1_000);
    shop.approved(&first).await;
    let mut more = shop.purchase(500);
    more.payment.subject.key.reference = first.payment.subject.key.reference;
    more.original = Some(original_of(&first));
    assert_eq!(shop.approved(&more).await.1, 500);
    assert_eq!(shop.approved(&more).await.1, 500);
    shop.has("85.00", "15.00").await;
    assert_eq!(told(&shop.a).await.len(), 2);
    // What was added is reversed alone.
    assert_eq!(shop.reverse(&shop.reversal(&more, 0)).await, "00");
    shop.has("90.00", "10.00").await;
    shop.complete(&first, 1_000).await;
    shop.has("90.00", "0.00").await;
    shop.finish().await;
}

#[tokio::test]
async fn declines() {
    let shop = Connected::start().await;
    let changed = |change: Change<'_>| {
        let mut request = shop.purchase(1_250);
        change(&mut request);
        request
    };
    let (month, year) = shop.card.exp.split_once('/').expect("a month and a year");
    let number = |text: &str| text.parse::<u8>().expect("a number");
    let expiry = Expiry::new(number(year), number(month));
    let other = Expiry::new(number(year) - 1, number(month));
    let wrong = if shop.card.cvv == "123" { "124" } else { "123" };
    let right = VerificationValue::parse(&shop.card.cvv).expect("digits");
    let presented = changed(&|request| {
        request.additional.verification = Some(right.clone());
        request.payment.expiry = expiry;
    });
    shop.approved(&presented).await;
    let unknown = Pan::parse("9999000000000001").expect("digits");
    let no_number = Pan::parse("9999000000000002").expect("digits");
    let rows: [(Change<'_>, &str); 11] = [
        (&|request| request.payment.subject.pan = unknown.clone(), "14"),
        (&|request| request.payment.subject.pan = no_number.clone(), "14"),
        (&|request| request.additional.verification = VerificationValue::parse(wrong).ok(), "82"),
        (&|request| request.payment.expiry = other, "54"),
        (&|request| request.payment.subject.amount = cents(8_751), NO_MONEY),
        (&|request| request.payment.subject.amount = cents(300_000), "61"),
        (&|request| request.payment.subject.amount = cents(0), "13"),
        (&|request| request.pin = Some(PinBlock::new([7; 8])), "57"),
        (&|request| request.payment.subject.processing = ProcessingCode::REFUND, "57"),
        (&|request| request.payment.subject.processing = ProcessingCode::BALANCE_INQUIRY, "57"),
        (
            &|request| {
                request.payment.subject.amount =
                    Money::new(100, Currency::of_number(414).expect("KWD")).expect("one")
            },
            "57",
        ),
    ];
    for (change, code) in rows {
        let request = changed(change);
        assert_eq!(shop.declined(&request).await, code);
        assert_eq!(shop.declined(&request).await, code);
    }
    shop.has("87.50", "12.50").await;
    let body = json!({"externalUserId": "anna", "cardId": shop.card.id});
    shop.a.patch("/v1/card/block", &body).send().await.expect(200);
    assert_eq!(shop.declined(&shop.purchase(100)).await, "62");
    shop.finish().await;
}

/// The network is not told from when on guessing is in vain.
#[tokio::test]
async fn a_cvv_is_guessed_five_times() {
    let shop = Connected::start().await;
    let presented = |cvv: &str| {
        let mut request = shop.purchase(100);
        request.additional.verification = VerificationValue::parse(cvv).ok();
        request
    };
    let wrong = if shop.card.cvv == "123" { "124" } else { "123" };
    for _ in 0..5 {
        assert_eq!(shop.declined(&presented(wrong)).await, "82");
    }
    assert_eq!(shop.declined(&presented(&shop.card.cvv)).await, "82");
    let reasons: Vec<_> = super::listed(&shop.a, "anna", &shop.card.id).await;
    let reasons = reasons.iter().map(|item| item["declineReason"].as_str().unwrap_or_default());
    let expected = [&["WRONG_CVV"; 5][..], &["CVV_TRIES_EXCEEDED"]].concat();
    assert_eq!(reasons.collect::<Vec<_>>(), expected);
    shop.approved(&shop.purchase(100)).await;
    shop.finish().await;
}

#[tokio::test]
async fn a_part_where_the_merchant_takes_one() {
    let shop = Connected::start().await;
    let mut request = shop.purchase(15_000);
    assert_eq!(shop.declined(&request).await, NO_MONEY);
    request = shop.purchase(15_000);
    request.additional.takes_part = true;
    assert_eq!(shop.approved(&request).await.1, 10_000);
    shop.has("0.00", "100.00").await;
    // The answer was lost, so the till reverses all that it asked for.
    assert_eq!(shop.reverse(&shop.reversal(&request, 0)).await, "00");
    shop.has("100.00", "0.00").await;
    shop.finish().await;
}

#[tokio::test]
async fn at_a_machine_and_in_another_currency() {
    let shop = Connected::start().await;
    let mut request = shop.purchase(1_000);
    request.payment.subject.processing = ProcessingCode::CASH;
    request.payment.subject.amount =
        Money::new(1_000, Currency::of_number(840).expect("USD")).expect("an amount");
    request.payment.entry = EntryMode::new(51).expect("a mode");
    // Without a PIN there is no cash.
    assert_eq!(shop.declined(&request).await, "55");
    let events = shop.a.events().await;
    let said = &events.iter().rfind(|event| event["type"] == "card.transaction").expect("one")["payload"];
    assert_eq!((&said["channel"], &said["merchantAmount"]), (&json!("ATM"), &json!("10.00")));
    assert_eq!(said["declineReason"], "PIN_REQUIRED");
    assert_eq!((&said["merchantName"], &said["mcc"]), (&json!("Cafe Lumen"), &json!("5812")));
    assert_eq!((&said["merchantCurrency"], &said["merchantCountry"]), (&json!("usd"), &json!("LT")));
    shop.finish().await;
}

/// What nobody can refuse: money that is due without an authorisation, or though it was declined, and what the network
/// decided in our place.
#[tokio::test]
async fn what_has_happened_anyway() {
    let shop = Connected::start().await;
    let never_asked = shop.purchase(1_000);
    shop.complete(&never_asked, 1_000).await;
    shop.has("90.00", "0.00").await;
    let declined = shop.purchase(50_000);
    assert_eq!(shop.declined(&declined).await, NO_MONEY);
    shop.complete(&declined, 500).await;
    shop.has("85.00", "0.00").await;
    // The network has approved in our place. If we had approved as well, it is the same payment.
    let (stood_in, asked) = (shop.purchase(2_000), shop.purchase(3_000));
    shop.approved(&asked).await;
    for (request, original, [amount, held]) in
        [(&stood_in, None, ["35.00", "50.00"]), (&asked, Some(original_of(&asked)), ["35.00", "50.00"])]
    {
        let advice = completion_of(request, approval(), request.payment.subject.amount, shop.till.next().0);
        let advice = Advice { kind: AdviceKind::Authorisation, original, ..advice };
        for is_repeat in [false, true] {
            let said = Message::Advice(Box::new(Advice { is_repeat, ..advice.clone() }));
            assert_eq!(shop.tell(said).await, "00");
            shop.has(amount, held).await;
        }
    }
    // A decline of the network's changes nothing.
    let advice = completion_of(&asked, approval(), cents(100), shop.till.next().0);
    let code = florin_iso8583::Decline::DoNotHonour.code();
    assert_eq!(shop.tell(Message::Advice(Box::new(Advice { code, ..advice }))).await, "00");
    shop.has("35.00", "50.00").await;
    // More than there is: Anna owes it.
    shop.complete(&shop.purchase(9_000), 9_000).await;
    shop.finish().await;
}

/// What the network has decided in our place is known by its own message, and by ours.
#[tokio::test]
async fn an_advice_of_what_we_approved_is_the_same_payment() {
    let shop = Connected::start().await;
    let request = shop.purchase(2_000);
    shop.approved(&request).await;
    let advice = completion_of(&request, approval(), request.payment.subject.amount, shop.till.next().0);
    let (kind, original) = (AdviceKind::Authorisation, Some(original_of(&request)));
    let advice = Advice { kind, original, ..advice };
    assert_eq!(shop.tell(Message::Advice(Box::new(advice.clone()))).await, "00");
    shop.has("80.00", "20.00").await;
    let mut reversal = shop.reversal(&request, 0);
    reversal.original.kind = florin_iso8583::MessageType::AUTHORISATION_ADVICE;
    reversal.original.stan = advice.payment.subject.key.stan;
    assert_eq!(shop.reverse(&reversal).await, "00");
    shop.has("100.00", "0.00").await;
    shop.finish().await;
}

/// What was approved in our place is found by the message that we did not answer.
#[tokio::test]
async fn a_question_that_was_answered_in_our_place() {
    let shop = Connected::start().await;
    let advise = async |request: &AuthorisationRequest| {
        let amount = request.payment.subject.amount;
        let advice = completion_of(request, approval(), amount, shop.till.next().0);
        let (kind, original) = (AdviceKind::Authorisation, Some(original_of(request)));
        let advice = Advice { kind, original, ..advice };
        assert_eq!(shop.tell(Message::Advice(Box::new(advice))).await, "00");
    };
    // Completed, in part let go and wholly, by the number of the question.
    let request = shop.purchase(1_000);
    advise(&request).await;
    shop.has("90.00", "10.00").await;
    shop.complete(&request, 900).await;
    shop.has("91.00", "0.00").await;
    let request = shop.purchase(2_000);
    advise(&request).await;
    assert_eq!(shop.reverse(&shop.reversal(&request, 500)).await, "00");
    shop.has("86.00", "5.00").await;
    assert_eq!(shop.reverse(&shop.reversal(&request, 0)).await, "00");
    shop.has("91.00", "0.00").await;
    // The question comes late: it is the same payment.
    let request = shop.purchase(3_000);
    advise(&request).await;
    assert_eq!(shop.approved(&request).await.1, 3_000);
    assert_eq!(shop.approved(&request).await.1, 3_000);
    shop.has("61.00", "30.00").await;
    shop.complete(&request, 3_000).await;
    shop.has("61.00", "0.00").await;
    // We had declined it, and it was approved all the same.
    let request = shop.purchase(50_000);
    assert_eq!(shop.declined(&request).await, NO_MONEY);
    advise(&request).await;
    shop.has("0.00", "61.00").await;
    assert_eq!(shop.declined(&request).await, NO_MONEY);
    assert_eq!(shop.reverse(&shop.reversal(&request, 0)).await, "00");
    shop.has("61.00", "0.00").await;
    shop.finish().await;
}

/// What can't be refused and can't be booked waits for a person, once.
#[tokio::test]
async fn what_cannot_be_booked_waits_for_a_person() {
    let shop = Connected::start().await;
    let dinars = Money::new(100, Currency::of_number(414).expect("KWD")).expect("an amount");
    let request = shop.purchase(100);
    let completion = completion_of(&request, approval(), dinars, shop.till.next().0);
    let mut refund = completion_of(&request, approval(), cents(500), shop.till.next().0);
    refund.payment.subject.processing = ProcessingCode::REFUND;
    let said = |advice: &Advice| Message::Advice(Box::new(advice.clone()));
    assert_eq!(shop.tell(said(&refund)).await, "00");
    shop.has("105.00", "0.00").await;
    let back = shop.take_back(&request, &refund, 0);
    let back_of_dinars = {
        let mut back = shop.take_back(&request, &completion, 0);
        back.subject.amount = cents(100);
        back
    };
    for _ in 0..2 {
        assert_eq!(shop.tell(said(&completion)).await, "00");
        assert_eq!(shop.reverse(&back).await, "00");
        assert_eq!(shop.reverse(&back_of_dinars).await, "00");
    }
    shop.has("105.00", "0.00").await;
    let name = Text::parse("kim").expect("a name");
    let operator = SepaOperator { app: &shop.app.app, name };
    let refused = operator.refused().await.expect("the list");
    let mut why: Vec<_> = refused.iter().map(|(_, item)| item.reason.clone().expect("a reason")).collect();
    why.sort_unstable();
    assert_eq!(
        why,
        [
            "a message that waits for a person is taken back",
            "a refund is taken back, which is not booked by itself",
            "its currency is not served"
        ]
    );
    // More of a payment that is over is declined, and waits for nobody.
    let over = shop.purchase(100);
    shop.approved(&over).await;
    assert_eq!(shop.reverse(&shop.reversal(&over, 0)).await, "00");
    let mut more = shop.purchase(100);
    more.payment.subject.key.reference = over.payment.subject.key.reference;
    more.original = Some(original_of(&over));
    assert_eq!(shop.declined(&more).await, "12");
    assert_eq!(operator.refused().await.expect("the list").len(), 3);
    shop.finish().await;
}

/// The same key means another message on another card, and a year later.
#[tokio::test]
async fn a_key_is_one_of_a_card_and_a_year() {
    let shop = Connected::start().await;
    let request = shop.purchase(1_000);
    shop.approved(&request).await;
    let other = card_of(&shop.a, "anna").await;
    let mut of_other = request.clone();
    of_other.payment.subject.pan = Pan::parse(&other.number).expect("a number");
    shop.approved(&of_other).await;
    shop.has("80.00", "20.00").await;
    shop.app.clock.advance(DAY * 365);
    shop.a.settle().await;
    shop.has("100.00", "0.00").await;
    shop.approved(&request).await;
    shop.has("90.00", "10.00").await;
    shop.finish().await;
}

/// A partner that decides is asked about each payment once, with what is added to a transaction.
#[tokio::test]
async fn the_partner_decides() {
    let shop = Connected::start().await;
    let decider = Decider::start().await;
    register(&shop.a, "http://127.0.0.1:9").await;
    decide_at(&shop.a, &decider.url, ["DECLINE", "DECLINE"]).await;
    let first = shop.purchase(1_000);
    let approved = shop.approved(&first).await;
    assert_eq!(shop.approved(&first).await, approved);
    let asked = decider.take();
    assert_eq!(asked.len(), 1);
    let transaction = asked[0].body()["transactionId"].clone();
    decider.answers(Reply::json(r#"{"decision":"DECLINE"}"#));
    let mut more = shop.purchase(500);
    more.payment.subject.key.reference = first.payment.subject.key.reference;
    more.original = Some(original_of(&first));
    assert_eq!(shop.declined(&more).await, "05");
    let question = decider.take()[0].body();
    assert_eq!((&question["transactionId"], &question["isIncremental"]), (&transaction, &json!(true)));
    shop.has("90.00", "10.00").await;
    // What the network approved in our place, and what is due anyway, is not asked.
    let stood_in = shop.purchase(200);
    let advice = completion_of(&stood_in, approval(), cents(200), shop.till.next().0);
    let advice = Advice { kind: AdviceKind::Authorisation, ..advice };
    assert_eq!(shop.tell(Message::Advice(Box::new(advice))).await, "00");
    shop.complete(&first, 1_000).await;
    assert_eq!(decider.take().len(), 0);
    shop.has("88.00", "2.00").await;
    shop.finish().await;
}

/// Twice at the same time, over two connections or by a network that does not wait: it is one payment.
#[tokio::test]
async fn the_same_question_at_the_same_time() {
    let shop = Connected::start().await;
    let request = shop.purchase(6_000);
    let network = card_decisions::network(shop.app.app.clone());
    let ask = || florin_rails::cards::iso8583::CardHost::authorise(&*network, request.clone());
    let (one, other) = tokio::join!(ask(), ask());
    assert!(one.is_some() && one == other);
    shop.has("40.00", "60.00").await;
    // Two payments of which one fits.
    let two = [shop.purchase(3_000), shop.purchase(3_000)];
    let (one, other) = tokio::join!(shop.acquirer.pay(&two[0]), shop.acquirer.pay(&two[1]));
    let mut approved = [one, other].map(|outcome| matches!(outcome, Ok(Outcome::Approved(..))));
    approved.sort_unstable();
    assert_eq!(approved, [false, true]);
    shop.has("10.00", "90.00").await;
    shop.finish().await;
}

/// The hold ends by itself where nothing comes, and what comes then is taken all the same.
#[tokio::test]
async fn what_comes_after_the_hold() {
    let shop = Connected::start().await;
    let (first, second) = (shop.purchase(1_000), shop.purchase(2_000));
    shop.approved(&first).await;
    shop.approved(&second).await;
    shop.app.clock.advance(DAY * 8);
    shop.a.settle().await;
    shop.has("100.00", "0.00").await;
    assert_eq!(shop.reverse(&shop.reversal(&second, 0)).await, "00");
    shop.complete(&first, 1_000).await;
    shop.has("90.00", "0.00").await;
    shop.finish().await;
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let shop = Connected::start().await;
    let request = shop.purchase(1_000);
    shop.approved(&request).await;
    shop.app.app.stop_waiting();
    assert_eq!(shop.declined(&shop.purchase(1_000)).await, "91");
    assert_eq!(shop.reverse(&shop.reversal(&request, 0)).await, "91");
    shop.has("90.00", "10.00").await;
    shop.finish().await;
}
