//! The bytes the load generator sends: HTTP/1.1 requests built before they are needed.

use std::net::SocketAddr;
use std::ops::Range;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Where requests come from.
pub trait Requests {
    /// Writes the next request over what is in the buffer; false when there are no more.
    fn next(&mut self, into: &mut Vec<u8>) -> bool;

    /// True for the status that the answers must have.
    fn accepts(&self, status: u16) -> bool;

    /// Looks at the answer to a request, head and body.
    fn answered(&mut self, _request: &[u8], _answer: &[u8]) {}
}

/// Whom the requests are for.
#[derive(Clone)]
pub struct Recipient {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The partner's key; the floor gets one of the same length.
    pub api_key: String,
}

impl Recipient {
    /// A request with a body, under an idempotency key.
    pub fn post(&self, path: &str, key: &str, body: &str) -> Vec<u8> {
        let Self { address, api_key } = self;
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nx-api-key: {api_key}\r\nidempotency-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// A request without a body.
    pub fn get(&self, path: &str) -> Vec<u8> {
        let Self { address, api_key } = self;
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nx-api-key: {api_key}\r\n\r\n").into_bytes()
    }
}

/// The partner's id of a user, always of the same length.
pub fn user(number: u32) -> String {
    format!("bench-{number:07}")
}

/// The length of what [`user`] makes.
const USER_BYTES: usize = 13;

/// An idempotency key in the form most clients use, a random UUID; here all zero, to be written over.
const NO_KEY: &str = "00000000-0000-0000-0000-000000000000";

/// Endless transfers of one cent between random users, each under a fresh idempotency key.
///
/// One request is built; each next one differs from it in three places of fixed length.
pub struct Transfers {
    request: Vec<u8>,
    key: usize,
    source: usize,
    destination: usize,
    accounts: u32,
    chance: SmallRng,
}

impl Transfers {
    /// The stream of this seed; a fresh seed for each stream that goes to the same server.
    pub fn new(recipient: &Recipient, accounts: u32, seed: u64) -> Self {
        let (source, destination) = (user(0), user(1));
        let body = format!(
            concat!(
                r#"{{"sourceExternalUserId":"{}","destinationExternalUserId":"{}","#,
                r#""amount":"0.01","currency":"eur"}}"#
            ),
            source, destination
        );
        let request = recipient.post("/v1/transfer", NO_KEY, &body);
        let place = |text: &str| {
            request.windows(text.len()).position(|window| window == text.as_bytes()).unwrap_or(0)
        };
        let (key, source, destination) = (place(NO_KEY), place(&source), place(&destination));
        Self { key, source, destination, accounts, chance: SmallRng::seed_from_u64(seed), request }
    }

    fn write(&mut self, at: usize, text: &[u8]) {
        if let Some(place) = self.request.get_mut(at..at + text.len()) {
            place.copy_from_slice(text);
        }
    }

    /// Two different users.
    fn pair(&mut self) -> (u32, u32) {
        let source = self.chance.random_range(0..self.accounts);
        let other = self.chance.random_range(1..self.accounts);
        (source, (source + other) % self.accounts)
    }
}

impl Requests for Transfers {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let (source, destination) = self.pair();
        let key = uuid(self.chance.random());
        self.write(self.key, &key);
        self.write(self.source, &user_bytes(source));
        self.write(self.destination, &user_bytes(destination));
        into.clear();
        into.extend_from_slice(&self.request);
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 201
    }
}

/// [`user`] without an allocation: this runs once per request measured.
fn user_bytes(mut number: u32) -> [u8; USER_BYTES] {
    let mut text = *b"bench-0000000";
    for digit in text.iter_mut().rev() {
        if number == 0 {
            break;
        }
        *digit = b"0123456789"[(number % 10) as usize];
        number /= 10;
    }
    text
}

/// 122 random bits as a UUID of version 4.
fn uuid(random: u128) -> [u8; NO_KEY.len()] {
    let bits = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let mut text = [b'-'; NO_KEY.len()];
    let mut shift = 128;
    for (place, character) in text.iter_mut().enumerate() {
        if ![8, 13, 18, 23].contains(&place) {
            shift -= 4;
            *character = b"0123456789abcdef"[((bits >> shift) & 0xf) as usize];
        }
    }
    text
}

/// A random idempotency key.
pub fn random_uuid(chance: &mut SmallRng) -> String {
    String::from_utf8_lossy(&uuid(chance.random())).into_owned()
}

/// Endless looks at random users' balances.
pub struct Balances {
    recipient: Recipient,
    accounts: u32,
    chance: SmallRng,
}

impl Balances {
    /// The stream of this seed.
    pub fn new(recipient: &Recipient, accounts: u32, seed: u64) -> Self {
        Self { recipient: recipient.clone(), accounts, chance: SmallRng::seed_from_u64(seed) }
    }
}

impl Requests for Balances {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let user = user(self.chance.random_range(0..self.accounts));
        *into = self.recipient.get(&format!("/v1/user/balances/{user}"));
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 200
    }
}

/// A request for each user in turn, built by a function.
pub struct ForEachUser<'a> {
    recipient: &'a Recipient,
    users: Range<u32>,
    step: Step,
}

/// What is done with each user before the measuring.
#[derive(Clone, Copy)]
pub enum Step {
    /// POST /v1/user/balances/crypto-and-fiat
    Create,
    /// POST /v1/sandbox/kyc/{externalUserId}
    Approve,
    /// POST /v1/sandbox/fund
    Fund,
    /// The same in usdc
    FundUsdc,
}

impl<'a> ForEachUser<'a> {
    /// The step for these users.
    pub fn new(recipient: &'a Recipient, users: Range<u32>, step: Step) -> Self {
        Self { recipient, users, step }
    }
}

impl Requests for ForEachUser<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let Some(number) = self.users.next() else { return false };
        let user = user(number);
        let (path, body) = match self.step {
            Step::Create => ("/v1/user/balances/crypto-and-fiat".to_owned(), person(&user, number)),
            Step::Approve => (format!("/v1/sandbox/kyc/{user}"), r#"{"decision":"APPROVE"}"#.to_owned()),
            Step::Fund => {
                let body = format!(r#"{{"amount":"10000.00","currency":"eur","externalUserId":"{user}"}}"#);
                ("/v1/sandbox/fund".to_owned(), body)
            }
            Step::FundUsdc => {
                let body = format!(r#"{{"amount":"100000000","currency":"usdc","externalUserId":"{user}"}}"#);
                ("/v1/sandbox/fund".to_owned(), body)
            }
        };
        let key = format!("{user}-{}", path.len() + body.len());
        *into = self.recipient.post(&path, &key, &body);
        true
    }

    fn accepts(&self, status: u16) -> bool {
        (200..300).contains(&status)
    }
}

/// The fields that creating a user needs, and its acceptance of the terms.
fn person(user: &str, number: u32) -> String {
    format!(
        concat!(
            r#"{{"externalUserId":"{user}","email":"{user}@example.com","phone":"3706{number:07}","#,
            r#""firstName":"Ona","lastName":"Kazlauskė","birthDate":"1990-01-31","#,
            r#""street":"Gedimino pr.","number":"9","city":"Vilnius","postCode":"01103","#,
            r#""country":"LT","citizenship":"LT","hasAcceptedP100Tc":true}}"#
        ),
        user = user,
        number = number
    )
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn recipient() -> Recipient {
        Recipient { address: (Ipv4Addr::LOCALHOST, 80).into(), api_key: "key".to_owned() }
    }

    fn field(request: &str, name: &str) -> String {
        let at = request.find(name).unwrap() + name.len();
        request[at..].chars().take_while(|character| !"\r\"".contains(*character)).collect()
    }

    #[test]
    fn every_transfer_is_of_one_length_with_a_fresh_key_and_two_users() {
        let mut transfers = Transfers::new(&recipient(), 1000, 1);
        let mut keys = std::collections::BTreeSet::new();
        let (mut buffer, mut length) = (Vec::new(), None);
        for _ in 0..1000 {
            assert!(transfers.next(&mut buffer));
            assert_eq!(*length.get_or_insert(buffer.len()), buffer.len());
            let text = String::from_utf8(buffer.clone()).unwrap();
            assert!(keys.insert(field(&text, "idempotency-key: ")));
            assert_ne!(
                field(&text, "\"sourceExternalUserId\":\""),
                field(&text, "\"destinationExternalUserId\":\"")
            );
        }
    }

    #[test]
    fn a_seed_replays() {
        let first = |seed| {
            let mut buffer = Vec::new();
            Transfers::new(&recipient(), 9, seed).next(&mut buffer);
            buffer
        };
        assert_eq!(first(7), first(7));
        assert_ne!(first(7), first(8));
    }

    #[test]
    fn both_ways_of_writing_a_user_agree() {
        for number in [0, 9, 10, 999, 1_234_567] {
            assert_eq!(user(number).as_bytes(), user_bytes(number));
        }
    }

    #[test]
    fn a_key_is_a_random_uuid() {
        assert_eq!(&uuid(0), b"00000000-0000-4000-8000-000000000000");
        assert_eq!(&uuid(u128::MAX), b"ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn each_user_has_one_request_with_a_right_length() {
        let recipient = recipient();
        let mut requests = ForEachUser::new(&recipient, 0..2, Step::Create);
        let mut buffer = Vec::new();
        assert!(requests.next(&mut buffer) && requests.next(&mut buffer));
        let text = String::from_utf8(buffer.clone()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())));
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
        assert!(!requests.next(&mut buffer));
    }
}
