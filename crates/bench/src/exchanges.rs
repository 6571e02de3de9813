//! The run of `cargo xtask bench exchanges`: in each round transfers, then locks, then exchanges under these locks.

use std::mem;

use anyhow::{Result, bail};
use rand::RngExt;
use rand::rngs::SmallRng;

use super::load::{Measured, drive};
use super::requests::{Recipient, Requests, random_uuid, user};
use super::{Load, beside};

/// A lock that was got: its user, and its id.
type Lock = (String, String);

/// Runs the command.
pub fn run(arguments: &Load) -> Result<()> {
    beside::run(arguments, ["locks", "exchanges"], |_| Ok(()), one_round)
}

/// Locks, exchanges.
fn one_round(round: &mut beside::Round<'_>) -> Result<[Measured; 2]> {
    let beside::Round { recipient, accounts, connections, whole, half, chance } = round;
    let mut locks = Locks { recipient, accounts: *accounts, chance, got: Vec::new() };
    let locked = drive(recipient.address, *connections, &mut locks, *whole)?;
    let mut exchanges = Exchanges { recipient, locks: mem::take(&mut locks.got), chance, is_spent: false };
    // Exchanges use up the locks: they may be faster than locks are given.
    let exchanged = drive(recipient.address, *connections, &mut exchanges, *half)?;
    if exchanges.is_spent {
        bail!("the locks were used up before the time was: let locks run longer than exchanges");
    }
    Ok([locked, exchanged])
}

/// Endless locks for random users; keeps what they have got.
struct Locks<'a> {
    recipient: &'a Recipient,
    accounts: u32,
    chance: &'a mut SmallRng,
    got: Vec<Lock>,
}

const LOCK: &str = "/v1/exchange/get-lock/";

impl Requests for Locks<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let user = user(self.chance.random_range(0..self.accounts));
        *into = self.recipient.get(&format!("{LOCK}{user}"));
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 200
    }

    fn answered(&mut self, request: &[u8], answer: &[u8]) {
        let after = |text: &[u8], mark: &str, end: char| {
            let text = std::str::from_utf8(text).ok()?;
            Some(text.split_once(mark)?.1.split_once(end)?.0.to_owned())
        };
        self.got.extend(after(request, LOCK, ' ').zip(after(answer, "{\"id\":\"", '"')));
    }
}

/// An exchange under each lock, until there are no more.
struct Exchanges<'a> {
    recipient: &'a Recipient,
    locks: Vec<Lock>,
    chance: &'a mut SmallRng,
    is_spent: bool,
}

impl Requests for Exchanges<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let Some((user, lock)) = self.locks.pop() else {
            self.is_spent = true;
            return false;
        };
        let body = format!(
            concat!(
                r#"{{"sourceExternalUserId":"{}","amount":"0.10","currencyFrom":"eur","currencyTo":"ltc","#,
                r#""lockId":"{}"}}"#
            ),
            user, lock
        );
        *into = self.recipient.post("/v1/exchange", &random_uuid(self.chance), &body);
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 201
    }
}
