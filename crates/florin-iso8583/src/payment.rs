//! What the messages about a card have in common.

use std::fmt;

use florin_types::Country;

use crate::additional::{amounts_text, parse_amounts};
use crate::secret::is_digits;
use crate::take::Read;
use crate::values::{Code, Parsed, country, is_printable, number};
use crate::{
    AdditionalAmount, AmountKind, Condition, ConversionRate, Currency, EntryMode, Expiry, Fields,
    Institution, MerchantCategory, MerchantId, MessageType, Money, MonthDay, Pan, Problem, ProcessingCode,
    ReadError, Reference, SentAt, Stan, Terminal, TimeOfDay,
};

/// What makes a payment one: two messages with the same key are about the same one. A repeat has the key of what it
/// repeats; the time at which a message was sent is not in it, since a repeat may have one of its own.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The merchant's bank (field 32).
    pub acquirer: Institution,
    /// Where the card was used (41).
    pub terminal: Terminal,
    /// What all messages about the payment have (37).
    pub reference: Reference,
    /// The number that its first message had (11).
    pub stan: Stan,
    /// The day at the merchant's place (13).
    pub date: MonthDay,
}

impl fmt::Display for Key {
    /// A text that no other key has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The acquirer is digits, and all else has its full length: so where each begins is known.
        let [terminal, reference] = [&self.terminal.padded()[..], self.reference.padded()]
            .map(|bytes| std::str::from_utf8(bytes).unwrap_or_default());
        write!(f, "{}/{terminal}/{reference}/{}/{}", self.acquirer, self.stan.digits(), self.date.digits())
    }
}

impl Key {
    pub(crate) fn read(fields: &Fields) -> Read<Self> {
        Ok(Self {
            acquirer: fields.required(32, Institution::parse)?,
            terminal: fields.required(41, Terminal::parse)?,
            reference: fields.required(37, Reference::parse)?,
            stan: fields.required(11, Stan::parse)?,
            date: fields.required(13, MonthDay::parse)?,
        })
    }

    pub(crate) fn write(&self, fields: &mut Fields) {
        fields.set(32, self.acquirer.to_string());
        fields.set(41, self.terminal.padded());
        fields.set(37, self.reference.padded());
        fields.set(11, self.stan.digits());
        fields.set(13, self.date.digits());
    }
}

/// What every message about a card says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Which payment it is about.
    pub key: Key,
    /// The card (field 2).
    pub pan: Pan,
    /// What the payment is (3).
    pub processing: ProcessingCode,
    /// How much, in the merchant's currency (4, 49).
    pub amount: Money,
    /// When the message was sent (7).
    pub sent_at: SentAt,
    /// What the merchant's clock said (12).
    pub local_time: TimeOfDay,
    /// The merchant (42).
    pub merchant: MerchantId,
}

impl Subject {
    pub(crate) fn read(fields: &Fields) -> Read<Self> {
        Ok(Self {
            key: Key::read(fields)?,
            pan: fields.required(2, Pan::parse)?,
            processing: fields.required(3, ProcessingCode::parse)?,
            amount: fields.money(4, 49)?,
            sent_at: fields.required(7, SentAt::parse)?,
            local_time: fields.required(12, TimeOfDay::parse)?,
            merchant: fields.required(42, MerchantId::parse)?,
        })
    }

    pub(crate) fn write(&self, fields: &mut Fields) {
        self.key.write(fields);
        fields.set(2, self.pan.expose());
        fields.set(3, self.processing.text());
        fields.set(4, self.amount.digits());
        fields.set(49, self.amount.currency().digits());
        fields.set(7, self.sent_at.digits());
        fields.set(12, self.local_time.digits());
        fields.set(42, self.merchant.padded());
    }
}

/// What a card is charged, where the processor converts.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Billing {
    /// How much, in the card's currency (fields 6, 51).
    pub amount: Money,
    /// At which rate (10).
    pub rate: Option<ConversionRate>,
}

/// Where a payment is made.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the merchant trades in (field 18).
    pub category: MerchantCategory,
    /// The merchant's name (43, the first 25 characters).
    pub name: Option<Code<25>>,
    /// The city (the next 13).
    pub city: Option<Code<13>>,
    /// The country (the last two letters).
    pub country: Option<Country>,
    /// The country of the merchant's bank (19).
    pub acquirer_country: Option<Country>,
}

/// Characters of field 43.
const NAME_AND_PLACE: usize = 40;

impl Place {
    fn read(fields: &Fields) -> Read<Self> {
        // A name with an umlaut is no reason to decline: what can't be shown is a question mark.
        let shown = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '?' };
        let bytes = fields.get(43).ok_or(ReadError::of_field(43, Problem::Missing))?;
        let text: String = bytes.iter().map(shown).collect();
        let (name, rest) = text.split_at_checked(25).unwrap_or_default();
        let (city, country_code) = rest.split_at_checked(13).unwrap_or_default();
        Ok(Self {
            category: fields.required(18, MerchantCategory::parse)?,
            name: Code::parse(name).ok(),
            city: Code::parse(city).ok(),
            country: Country::parse(country_code).ok(),
            acquirer_country: fields.optional(19, country)?.flatten(),
        })
    }

    fn write(&self, fields: &mut Fields) {
        let name = self.name.as_ref().map_or("", Code::as_str);
        let city = self.city.as_ref().map_or("", Code::as_str);
        let country = self.country.as_ref().map_or("", Country::as_str);
        let text = format!("{name:25}{city:13}{country:2}");
        debug_assert!(text.len() == NAME_AND_PLACE && is_printable(&text));
        fields.set(43, text);
        fields.set(18, self.category.digits());
        fields.set_country(19, self.acquirer_country);
    }
}

/// What an authorisation and an advice say of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// What every message says.
    pub subject: Subject,
    /// What the card is charged, where the processor converts; else we do.
    pub billing: Option<Billing>,
    /// Until when the card is good, as the merchant was told (field 14).
    pub expiry: Option<Expiry>,
    /// The day of the settlement (15).
    pub settles_on: Option<MonthDay>,
    /// Where it is made.
    pub place: Place,
    /// How the number of the card came to the merchant (22).
    pub entry: EntryMode,
    /// Which of the cards with this number it is (23): 0 to 999.
    pub card_sequence: Option<u16>,
    /// How the payment is made (25).
    pub condition: Condition,
    /// Parts of the amount, and others (54).
    pub amounts: Vec<AdditionalAmount>,
}

impl Payment {
    /// The cash that is a part of the amount.
    #[must_use]
    pub fn cash(&self) -> Option<Money> {
        self.amounts.iter().find(|amount| amount.kind == AmountKind::Cash).map(|amount| amount.money)
    }

    pub(crate) fn read(fields: &Fields) -> Read<Self> {
        let billing = match fields.optional(51, Currency::parse)? {
            Some(currency) => Some(Billing {
                amount: fields.required(6, |text| Money::parse(text, currency))?,
                rate: fields.optional(10, ConversionRate::parse)?,
            }),
            None => None,
        };
        let subject = Subject::read(fields)?;
        let amounts = fields.optional(54, parse_amounts)?.unwrap_or_default();
        let cash = amounts.iter().filter(|amount| amount.kind == AmountKind::Cash);
        let is_part = |cash: &Money| {
            cash.currency() == subject.amount.currency() && cash.minor() <= subject.amount.minor()
        };
        if !cash.map(|amount| amount.money).all(|cash| is_part(&cash)) {
            return Err(ReadError::of_field(54, Problem::Value("a part of the amount")));
        }
        Ok(Self {
            subject,
            billing,
            expiry: fields.optional(14, Expiry::parse)?,
            settles_on: fields.optional(15, MonthDay::parse)?,
            place: Place::read(fields)?,
            entry: fields.required(22, EntryMode::parse)?,
            card_sequence: fields.optional(23, number)?,
            condition: fields.required(25, Condition::parse)?,
            amounts,
        })
    }

    pub(crate) fn write(&self, fields: &mut Fields) {
        self.subject.write(fields);
        if let Some(Billing { amount, rate }) = self.billing {
            fields.set(6, amount.digits());
            fields.set(51, amount.currency().digits());
            fields.set_if(10, rate.map(ConversionRate::text));
        }
        fields.set_if(14, self.expiry.map(Expiry::digits));
        fields.set_if(15, self.settles_on.map(MonthDay::digits));
        self.place.write(fields);
        fields.set(22, self.entry.digits());
        fields.set_if(23, self.card_sequence.map(|number| format!("{number:03}")));
        fields.set(25, self.condition.digits());
        fields.set_if(54, amounts_text(&self.amounts));
    }
}

/// Which message another is about (field 90).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Its type, as it was said first.
    pub kind: MessageType,
    /// Its number.
    pub stan: Stan,
    /// When it was sent, where that is told.
    pub sent_at: Option<SentAt>,
    /// The merchant's bank, where it is told; without zeros at its start.
    pub acquirer: Option<Institution>,
    /// Who passed it on, where that is told; without zeros at its start.
    pub forwarder: Option<Institution>,
}

/// Messages that bring a payment into being.
const ORIGINALS: [MessageType; 3] =
    [MessageType::AUTHORISATION_REQUEST, MessageType::AUTHORISATION_ADVICE, MessageType::FINANCIAL_ADVICE];

/// What stands where the sender does not know the time.
const NO_TIME: &str = "0000000000";

impl Original {
    /// The original of a message about a payment of this acquirer.
    pub(crate) fn parse(text: &str, acquirer: Institution) -> Parsed<Self> {
        let mut parts = [""; 5];
        let mut rest = text;
        for (part, length) in parts.iter_mut().zip([4, 6, 10, 11, 11]) {
            (*part, rest) = rest.split_at_checked(length).ok_or(Problem::Value("42 digits"))?;
        }
        let [kind, stan, sent_at, by, forwarder] = parts;
        let kind = MessageType::parse(kind.as_bytes()).map(MessageType::first);
        let kind = kind.filter(|kind| ORIGINALS.contains(kind));
        let found = Self {
            kind: kind.ok_or(Problem::Value("a message that began a payment"))?,
            stan: Stan::parse(stan)?,
            sent_at: (sent_at != NO_TIME).then(|| SentAt::parse(sent_at)).transpose()?,
            acquirer: Institution::of_filled(by)?,
            forwarder: Institution::of_filled(forwarder)?,
        };
        match found.acquirer.is_none_or(|by| by.number() == acquirer.number()) && is_digits(text) {
            true => Ok(found),
            false => Err(Problem::Value("a message of the same acquirer")),
        }
    }

    pub(crate) fn digits(&self) -> String {
        let filled = |institution: Option<Institution>| institution.map_or(0, Institution::number);
        format!(
            "{}{}{}{:011}{:011}",
            self.kind,
            self.stan.digits(),
            self.sent_at.map_or(NO_TIME.to_owned(), SentAt::digits),
            filled(self.acquirer),
            filled(self.forwarder)
        )
    }
}
