//! Messages to test with: any, and one that is the same each time.

use florin_iso8583::{
    AdditionalData, Advice, AdviceKind, ApprovalCode, Authentication, AuthorisationRequest, Billing,
    ChipData, Code, Condition, ConversionRate, Currency, Decline, EntryMode, Expiry, Institution, Key,
    MerchantCategory, MerchantId, Message, MessageType, Money, MonthDay, NetworkAction, NetworkRequest,
    Original, Pan, Payment, PinBlock, Place, ProcessingCode, Reference, ResponseCode, Reversal, ReversalKind,
    SentAt, Stan, Subject, Terminal, TimeOfDay, VerificationValue,
};
use florin_types::Country;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// The card of every fixed message.
pub const PAN: &str = "9999000012345674";

/// EUR 12.50 in a web shop.
pub fn payment() -> Payment {
    let day = MonthDay::new(11, 30).unwrap();
    Payment {
        subject: Subject {
            key: Key {
                acquirer: Institution::parse("0012345").unwrap(),
                terminal: Terminal::parse("TERM0001").unwrap(),
                reference: Reference::parse("633415000123").unwrap(),
                stan: Stan::nth(123),
                date: day,
            },
            pan: Pan::parse(PAN).unwrap(),
            processing: ProcessingCode::PURCHASE,
            amount: Money::new(1_250, Currency::EUR).unwrap(),
            sent_at: SentAt { day, time: TimeOfDay::new(15, 4, 5).unwrap() },
            local_time: TimeOfDay::new(16, 4, 5).unwrap(),
            merchant: MerchantId::parse("MERCHANT-1").unwrap(),
        },
        billing: None,
        expiry: None,
        settles_on: None,
        place: Place {
            category: MerchantCategory::new(5812).unwrap(),
            name: Code::parse("Cafe Lumen").ok(),
            city: Code::parse("Vilnius").ok(),
            country: Country::parse("LT").ok(),
            acquirer_country: None,
        },
        entry: EntryMode::new(812).unwrap(),
        card_sequence: None,
        condition: Condition::WEB_SHOP,
        amounts: Vec::new(),
    }
}

/// The same as a request.
pub fn request() -> AuthorisationRequest {
    AuthorisationRequest {
        is_repeat: false,
        payment: payment(),
        pin: None,
        chip: None,
        additional: AdditionalData::default(),
        original: None,
    }
}

/// The message that [`payment`] is of.
pub fn original() -> Original {
    let subject = payment().subject;
    Original {
        kind: MessageType::AUTHORISATION_REQUEST,
        stan: subject.key.stan,
        sent_at: Some(subject.sent_at),
        acquirer: Institution::parse("12345").ok(),
        forwarder: None,
    }
}

/// All of [`payment`] does not happen.
pub fn plain_reversal() -> Reversal {
    Reversal {
        kind: ReversalKind::Request,
        is_repeat: false,
        subject: payment().subject,
        remaining: Money::zero(Currency::EUR),
        approval: None,
        reason: None,
        original: original(),
    }
}

/// Is anybody there?
pub fn echo() -> NetworkRequest {
    let subject = payment().subject;
    let (stan, sent_at) = (subject.key.stan, subject.sent_at);
    NetworkRequest { is_repeat: false, action: NetworkAction::Echo, stan, sent_at }
}

fn day() -> impl Strategy<Value = MonthDay> {
    (1_u8..=12, 1_u8..=31).prop_filter_map("no such day", |(month, day)| MonthDay::new(month, day))
}

fn time() -> impl Strategy<Value = TimeOfDay> {
    (0_u8..24, 0_u8..60, 0_u8..60)
        .prop_map(|(hour, minute, second)| TimeOfDay::new(hour, minute, second).unwrap())
}

fn sent_at() -> impl Strategy<Value = SentAt> {
    (day(), time()).prop_map(|(day, time)| SentAt { day, time })
}

fn code<const LENGTH: usize>() -> impl Strategy<Value = Code<LENGTH>> {
    let text = format!("[ -~]{{0,{}}}[!-~]", LENGTH - 1);
    proptest::string::string_regex(&text).unwrap().prop_map(|text| Code::parse(&text).unwrap())
}

fn money() -> impl Strategy<Value = Money> {
    (0..=Money::MAX, select(vec![978, 840, 392, 48]))
        .prop_map(|(minor, number)| Money::new(minor, Currency::of_number(number).unwrap()).unwrap())
}

fn institution() -> impl Strategy<Value = Institution> {
    "[0-9]{1,11}".prop_map(|digits| Institution::parse(&digits).unwrap())
}

fn response() -> impl Strategy<Value = ResponseCode> {
    let declines = Decline::all().map(Decline::code);
    select(declines.chain([ResponseCode::approved()]).collect::<Vec<_>>())
}

fn subject() -> impl Strategy<Value = Subject> {
    let key = (institution(), code(), code(), 0..=Stan::MAX, day()).prop_map(
        |(acquirer, terminal, reference, stan, date)| Key {
            acquirer,
            terminal,
            reference,
            stan: Stan::nth(stan),
            date,
        },
    );
    let kinds = select(vec![
        ProcessingCode::PURCHASE,
        ProcessingCode::CASH,
        ProcessingCode::PURCHASE_WITH_CASH,
        ProcessingCode::REFUND,
        ProcessingCode::BALANCE_INQUIRY,
    ]);
    (key, "[0-9]{12,19}", kinds, money(), sent_at(), time(), code()).prop_map(
        |(key, pan, processing, amount, sent_at, local_time, merchant)| Subject {
            key,
            pan: Pan::parse(&pan).unwrap(),
            processing,
            amount,
            sent_at,
            local_time,
            merchant,
        },
    )
}

fn billing() -> impl Strategy<Value = Billing> {
    let rate =
        (1_u32..=9_999_999, 0_u8..=7).prop_map(|(digits, decimals)| ConversionRate::new(digits, decimals));
    (money(), option::of(rate)).prop_map(|(amount, rate)| Billing { amount, rate: rate.flatten() })
}

fn place() -> impl Strategy<Value = Place> {
    let countries: Vec<Country> = Country::all().filter(|country| country.as_str() != "XK").collect();
    let country = option::of(select(countries));
    (0_u16..10_000, option::of(code()), option::of(code()), country.clone(), country).prop_map(
        |(category, name, city, country, acquirer_country)| Place {
            category: MerchantCategory::new(category).unwrap(),
            name,
            city,
            country,
            acquirer_country,
        },
    )
}

fn any_payment() -> impl Strategy<Value = Payment> {
    let expiry = (0_u8..100, 1_u8..=12).prop_map(|(year, month)| Expiry::new(year, month).unwrap());
    let condition = select(vec![Condition::NORMAL, Condition::BY_MAIL, Condition::WEB_SHOP]);
    let dates = (option::of(expiry), option::of(day()));
    let how = (0_u16..1_000, option::of(0_u16..1_000), condition);
    (subject(), option::of(billing()), dates, place(), how).prop_map(
        |(subject, billing, (expiry, settles_on), place, (entry, card_sequence, condition))| Payment {
            subject,
            billing,
            expiry,
            settles_on,
            place,
            entry: EntryMode::new(entry).unwrap(),
            card_sequence,
            condition,
            amounts: Vec::new(),
        },
    )
}

fn additional() -> impl Strategy<Value = AdditionalData> {
    let authentication = select(vec![Authentication::Full, Authentication::Attempted, Authentication::None]);
    let verification = "[0-9]{3,4}".prop_map(|digits| VerificationValue::parse(&digits).unwrap());
    (option::of(authentication), any::<bool>(), option::of(verification)).prop_map(
        |(authentication, takes_part, verification)| AdditionalData {
            authentication,
            takes_part,
            verification,
        },
    )
}

fn any_original(acquirer: Institution) -> impl Strategy<Value = Original> {
    let kinds = select(vec![
        MessageType::AUTHORISATION_REQUEST,
        MessageType::AUTHORISATION_ADVICE,
        MessageType::FINANCIAL_ADVICE,
    ]);
    let digits = acquirer.to_string().trim_start_matches('0').to_owned();
    let acquirer = Institution::parse(&digits).ok();
    let forwarder = "[1-9][0-9]{0,10}".prop_map(|digits| Institution::parse(&digits).unwrap());
    (kinds, 0..=Stan::MAX, option::of(sent_at()), any::<bool>(), option::of(forwarder)).prop_map(
        move |(kind, stan, sent_at, is_told, forwarder)| Original {
            kind,
            stan: Stan::nth(stan),
            sent_at,
            acquirer: acquirer.filter(|_| is_told),
            forwarder,
        },
    )
}

fn authorisation() -> impl Strategy<Value = Message> {
    let pin = option::of(any::<[u8; 8]>().prop_map(PinBlock::new));
    let chip = option::of(proptest::collection::vec(any::<u8>(), 1..=ChipData::MAX));
    (any::<bool>(), with_original(), pin, chip, additional()).prop_map(
        |(is_repeat, (payment, original), pin, chip, additional)| {
            let chip = chip.map(|bytes| ChipData::new(&bytes).unwrap());
            let request = AuthorisationRequest { is_repeat, payment, pin, chip, additional, original };
            Message::AuthorisationRequest(Box::new(request))
        },
    )
}

/// A payment, perhaps with the message before it.
fn with_original() -> impl Strategy<Value = (Payment, Option<Original>)> {
    any_payment().prop_flat_map(|payment| {
        let original = option::of(any_original(payment.subject.key.acquirer));
        (Just(payment), original)
    })
}

fn advice() -> impl Strategy<Value = Message> {
    let kind = select(vec![AdviceKind::Authorisation, AdviceKind::Completion]);
    (kind, any::<bool>(), with_original(), response(), option::of(code::<6>())).prop_map(
        |(kind, is_repeat, (payment, original), code, approval)| {
            Message::Advice(Box::new(Advice { kind, is_repeat, payment, code, approval, original }))
        },
    )
}

fn reversal() -> impl Strategy<Value = Message> {
    let kind = select(vec![ReversalKind::Request, ReversalKind::Advice]);
    let with_original = subject().prop_flat_map(|subject| {
        let original = any_original(subject.key.acquirer);
        let remaining = 0..subject.amount.minor().max(1);
        (Just(subject), original, remaining)
    });
    (kind, any::<bool>(), with_original, option::of(response()), option::of(code::<6>())).prop_map(
        |(kind, is_repeat, (subject, original, remaining), reason, approval)| {
            let remaining = Money::new(remaining, subject.amount.currency()).unwrap();
            Message::Reversal(Box::new(Reversal {
                kind,
                is_repeat,
                subject,
                remaining,
                approval,
                reason,
                original,
            }))
        },
    )
}

fn network() -> impl Strategy<Value = Message> {
    let action = select(vec![NetworkAction::SignOn, NetworkAction::SignOff, NetworkAction::Echo]);
    (any::<bool>(), action, 0..=Stan::MAX, sent_at()).prop_map(|(is_repeat, action, stan, sent_at)| {
        Message::NetworkRequest(NetworkRequest { is_repeat, action, stan: Stan::nth(stan), sent_at })
    })
}

/// Any message that asks or says something.
pub fn message() -> impl Strategy<Value = Message> {
    prop_oneof![authorisation(), advice(), reversal(), network()]
}

/// An approval.
pub fn approval() -> ApprovalCode {
    ApprovalCode::parse("A1B2C3").unwrap()
}
