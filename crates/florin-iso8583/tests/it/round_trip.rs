//! What is written is read the same, and what is damaged is an error or a message, and never a panic.

use florin_iso8583::{
    AuthorisationAnswer, Decline, Dialect, Fields, Match, Message, MessageType, Receipt, ResponseCode,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::samples;

fn dialect() -> impl Strategy<Value = Dialect> {
    select(Dialect::ALL.to_vec())
}

fn written(message: &Message, dialect: Dialect) -> Vec<u8> {
    message.to_fields().unwrap().write(dialect).unwrap().to_vec()
}

proptest! {
    #[test]
    fn messages(message in samples::message(), dialect in dialect()) {
        let bytes = written(&message, dialect);
        let fields = Fields::read(&bytes, dialect);
        prop_assert_eq!(fields.clone().ok(), message.to_fields());
        prop_assert_eq!(Message::from_fields(&fields.unwrap()), Ok(message));
    }

    /// No beginning of a message is one: where it ends is known from its first bytes on.
    #[test]
    fn every_beginning_is_refused(message in samples::message(), dialect in dialect()) {
        let bytes = written(&message, dialect);
        for end in 0..bytes.len() {
            prop_assert!(Fields::read(&bytes[..end], dialect).is_err(), "{} of {}", end, bytes.len());
        }
        let longer = [&bytes[..], b"0"].concat();
        prop_assert!(Fields::read(&longer, dialect).is_err());
    }

    /// With one byte changed it is an error, or a message that is written as it was read and can be refused.
    #[test]
    fn damaged(message in samples::message(), dialect in dialect(), at in any::<Index>(), byte in any::<u8>()) {
        let mut bytes = written(&message, dialect);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(fields) = Fields::read(&bytes, dialect) {
            if let Ok(message) = Message::from_fields(&fields) {
                let again = message.to_fields().map(|fields| Message::from_fields(&fields));
                prop_assert!(again.is_none_or(|again| again == Ok(message)));
            }
            if let Some(refusal) = fields.refusal(Decline::FormatError) {
                prop_assert!(Fields::read(&refusal.write(dialect).unwrap(), dialect) == Ok(refusal));
            }
        }
    }

    #[test]
    fn bytes_that_are_no_message(bytes in proptest::collection::vec(any::<u8>(), 0..300), dialect in dialect()) {
        let _ = Fields::read(&bytes, dialect).map(|fields| Message::from_fields(&fields));
    }

    /// Bytes with a right beginning get further.
    #[test]
    fn bytes_after_a_type(fields in any::<[u64; 2]>(), rest in "[0-9]{0,400}", dialect in dialect()) {
        let bitmaps: Vec<u8> = fields.iter().flat_map(|bits| bits.to_be_bytes()).collect();
        let bytes = match dialect {
            Dialect::Ascii => [b"0100", hex::encode(&bitmaps).as_bytes(), rest.as_bytes()].concat(),
            Dialect::AsciiBinary => [b"0100", &bitmaps[..], rest.as_bytes()].concat(),
            Dialect::Packed => [b"\x01\x00", &bitmaps[..], rest.as_bytes()].concat(),
        };
        let _ = Fields::read(&bytes, dialect).map(|fields| Message::from_fields(&fields));
    }

    /// The side that asked finds its question by the answer, and reads what was said.
    #[test]
    fn answers(message in samples::message(), dialect in dialect(), minor in 1_i64..10_000) {
        let question = message.to_fields().unwrap();
        let mut answers: Vec<(Fields, ResponseCode)> = Decline::all()
            .map(|decline| (AuthorisationAnswer::declined(decline).to(&question).unwrap(), decline.code()))
            .collect();
        answers.push((Receipt::Taken.to(&question).unwrap(), ResponseCode::approved()));
        answers.push((Receipt::Again.to(&question).unwrap(), Decline::Unavailable.code()));
        if let Message::AuthorisationRequest(request) = &message {
            let approved = AuthorisationAnswer::approved(samples::approval());
            answers.truncate(1);
            answers.push((approved.to(&question).unwrap(), ResponseCode::approved()));
            let part = request.approve_in_part(samples::approval(), minor);
            let asked = request.payment.subject.amount.minor();
            prop_assert_eq!(part.is_some(), request.additional.takes_part && minor < asked);
            answers.extend(part.map(|part| (part.to(&question).unwrap(), ResponseCode::approved_in_part())));
        }
        for (answer, code) in answers {
            prop_assert_eq!(Match::of(&answer), Match::of(&question));
            let read = Fields::read(&answer.write(dialect).unwrap(), dialect).unwrap();
            prop_assert_eq!(&read, &answer);
            match Message::from_fields(&read) {
                Ok(Message::Answer(found)) => prop_assert_eq!(found.code, code),
                Ok(Message::NetworkAnswer(found)) => prop_assert_eq!(found.code, code),
                // An approval of an advice has no code of its own to be known by.
                other => prop_assert!(false, "{:?} {}", other, MessageType::AUTHORISATION_ANSWER),
            }
        }
    }
}
