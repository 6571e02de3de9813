//! The cards: issued before anything is measured, then drawn in turn.

use std::ops::Range;

use anyhow::{Result, bail};
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;

use crate::PREPARING;
use crate::answer::exchange;
use crate::load::{Until, drive};
use crate::requests::{Recipient, Requests, random_uuid, user};

/// Cards of a user: what can be made in a day.
const CARDS: u32 = 5;

/// Seconds after which a card can be used 30 times more.
const AN_HOUR: &str = r#"{"seconds":3600}"#;

/// A card.
pub struct Card {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: String,
}

/// Cards in a random order, each drawn as often as any other: one may be used 30 times in an hour.
pub struct Deck {
    cards: Vec<Card>,
    next: usize,
}

impl Deck {
    /// Issues the cards of these users.
    pub fn issue(recipient: &Recipient, accounts: u32, chance: &mut SmallRng) -> Result<Self> {
        let mut cards = Vec::new();
        for _ in 0..CARDS {
            let mut issues = Issues { recipient, users: 0..accounts, chance, made: &mut cards };
            drive(recipient.address, PREPARING, &mut issues, Until::Spent)?;
        }
        let expected = usize::try_from(accounts * CARDS)?;
        if cards.len() != expected {
            bail!("{} cards were made, of {expected}", cards.len());
        }
        cards.shuffle(chance);
        eprintln!("{expected} cards issued");
        Ok(Self { cards, next: 0 })
    }

    /// The next one.
    pub fn draw(&mut self) -> &Card {
        self.next = (self.next + 1) % self.cards.len();
        &self.cards[self.next]
    }

    /// Lets an hour pass.
    pub fn rest(&self, recipient: &Recipient, chance: &mut SmallRng) -> Result<()> {
        let advance = recipient.post("/v1/sandbox/clock/advance", &random_uuid(chance), AN_HOUR);
        match exchange(recipient.address, &advance)? {
            (answer, _) if answer.status == 200 => Ok(()),
            (_, text) => bail!("the clock does not move:\n{}", String::from_utf8_lossy(&text)),
        }
    }
}

/// A card for each user.
struct Issues<'a> {
    recipient: &'a Recipient,
    users: Range<u32>,
    chance: &'a mut SmallRng,
    made: &'a mut Vec<Card>,
}

impl Requests for Issues<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let Some(number) = self.users.next() else { return false };
        let body = format!(r#"{{"externalUserId":"{}","label":"Travel","pin":"4829"}}"#, user(number));
        *into = self.recipient.post("/v1/card/virtual", &random_uuid(self.chance), &body);
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 200
    }

    fn answered(&mut self, _request: &[u8], answer: &[u8]) {
        let text = String::from_utf8_lossy(answer);
        let field = |name: &str| Some(text.split_once(name)?.1.split_once('"')?.0.to_owned());
        let both = field(r#""cardId":""#).zip(field(r#""cardNumber":""#));
        self.made.extend(both.map(|(id, number)| Card { id, number }));
    }
}

/// Endless authorisations of a cent.
pub struct Authorisations<'a> {
    recipient: &'a Recipient,
    deck: &'a mut Deck,
    chance: &'a mut SmallRng,
    declined: Option<String>,
}

const BODY: &str = concat!(
    r#"{"amount":"0.01","currency":"eur","merchantName":"Bookshop","mcc":"5942","channel":"ECOM","#,
    r#""country":"LT"}"#
);

impl<'a> Authorisations<'a> {
    /// By these cards.
    pub fn new(recipient: &'a Recipient, deck: &'a mut Deck, chance: &'a mut SmallRng) -> Self {
        Self { recipient, deck, chance, declined: None }
    }

    /// Fails if one was declined.
    pub fn check(&self) -> Result<()> {
        self.declined.as_ref().map_or(Ok(()), |answer| bail!("an authorisation was declined:\n{answer}"))
    }
}

impl Requests for Authorisations<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let path = format!("/v1/sandbox/cards/{}/authorize", self.deck.draw().id);
        *into = self.recipient.post(&path, &random_uuid(self.chance), BODY);
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 201
    }

    fn answered(&mut self, _request: &[u8], answer: &[u8]) {
        const APPROVED: &[u8] = b"\"APPROVED\"";
        if self.declined.is_none() && !answer.windows(APPROVED.len()).any(|window| window == APPROVED) {
            self.declined = Some(String::from_utf8_lossy(answer).into_owned());
        }
    }
}
