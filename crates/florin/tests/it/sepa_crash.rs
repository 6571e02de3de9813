//! SIGKILL in the middle of SEPA payments, at any moment between the hold, the hand-over and what the bank says: after
//! the restart each payment has one outcome, its account's, and the money is where that outcome puts it.

use crate::support::{Answer, Call, Client, Options, Server, ambient_seed, call_until_killed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::collections::BTreeMap;

const ROUNDS: u64 = 5;
const CLIENTS: u64 = 8;
/// The crash comes after at most so many acknowledged payments of a round.
const LATEST: u64 = 120;

/// What a payer pays for a payment of EUR 1.00: the smallest fee is another euro.
const WITH_FEE: i128 = 200;
const FEE: i128 = 100;
const FUNDS: i128 = 1_000_000;

/// What becomes of a payment, by the account that it goes to.
#[derive(Copy, Clone, Debug, PartialEq)]
enum Kind {
    Settles,
    IsRejected,
    ComesBack,
    /// Money that comes in.
    Deposit,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Settles, Self::IsRejected, Self::ComesBack, Self::Deposit];

    /// What the user has more or less of at the end, in cents.
    fn effect(self) -> i128 {
        match self {
            Self::Settles => -WITH_FEE,
            Self::IsRejected => 0,
            Self::ComesBack => -FEE,
            Self::Deposit => 100,
        }
    }

    fn call(self, own_iban: &str) -> Call {
        let to = |iban: &str| {
            let body = json!({
                "sourceExternalUserId": "anna", "amount": "1.00", "currency": "eur", "destinationIban": iban,
                "transferTitle": "Rent",
            });
            Call::post("/v1/sepa-transfer", &body)
        };
        match self {
            Self::Settles => to("LT139999800000000099"),
            Self::IsRejected => to("LT409999800000000001"),
            Self::ComesBack => to("LT779999800000000014"),
            Self::Deposit => {
                let body = json!({
                    "iban": own_iban, "amount": "1.00", "senderName": "Ona Petraitienė",
                    "senderIban": "DE89370400440532013000",
                });
                Call::post("/v1/sandbox/sepa/incoming", &body)
            }
        }
    }

    fn id(self, answer: &Answer) -> String {
        let (status, name) = if self == Self::Deposit { (201, "depositId") } else { (200, "transferId") };
        answer.expect(status)[name].as_str().expect("an id").to_owned()
    }

    /// The statuses that its events tell, in their order.
    fn told(self) -> &'static [&'static str] {
        match self {
            Self::Settles | Self::Deposit => &["SUCCESSFUL"],
            Self::IsRejected => &["FAILED"],
            Self::ComesBack => &["SUCCESSFUL", "FAILED"],
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_ends_each_payment_once() {
    let seed = ambient_seed();
    eprintln!("sepa crash: FLORIN_TEST_SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut server = Server::start_with(Options { settle_ms: 20, ..Options::default() }).await;
    let client = server.client();
    client.verified_user("anna").await;
    client.settled(&["anna"]).await;
    client.fund(Some("anna"), "10000", "eur").await;
    let info = client.get("/v1/sepa-deposit/info/anna").await;
    let own_iban = info["iban"].as_str().expect("an IBAN").to_owned();
    let mut made: BTreeMap<String, Kind> = BTreeMap::new();
    for round in 0..ROUNDS {
        let clients = (0..CLIENTS).map(|number| calls(own_iban.clone(), round, number));
        let (name, at) = (format!("sepa crash: round {round}"), rng.random_range(1..LATEST));
        let all = call_until_killed(&mut server, &name, at, clients).await;
        server.start_again().await;
        let client = server.client();
        for sent in all {
            for (kind, answer) in sent.acknowledged {
                assert!(made.insert(kind.id(&answer), kind).is_none(), "an id was given twice");
            }
            // What got no answer is sent again under its key, twice.
            let Some((kind, call)) = sent.in_flight else { continue };
            let (first, second) = (client.send(&call).await, client.send(&call).await);
            assert!(second.replayed() && second.body == first.body, "{call:?}: {}", second.summary());
            made.insert(kind.id(&first), kind);
        }
        // The bank says everything that it has to say.
        let body = json!({"seconds": 5});
        client.send(&Call::post("/v1/sandbox/clock/advance", &body)).await.expect(200);
        check(&client, &made).await;
        server.stop();
        server.verify();
        server.start_again().await;
    }
    server.finish().await;
}

/// What a client asks for, without end.
fn calls(own_iban: String, round: u64, number: u64) -> impl Iterator<Item = (Kind, Call)> {
    let kinds = Kind::ALL.into_iter().cycle().skip(number as usize % 4);
    (0_u64..)
        .zip(kinds)
        .map(move |(turn, kind)| (kind, kind.call(&own_iban).keyed(format!("{round}-{number}-{turn}"))))
}

/// Each payment ended as its account says, was told so, and moved its money once.
async fn check(client: &Client, made: &BTreeMap<String, Kind>) {
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in client.events().await {
        if event.kind != "sepa_transfer" && event.kind != "sepa_deposit" {
            continue;
        }
        let text = |name: &str| event.payload[name].as_str().expect("a text").to_owned();
        told.entry(text("id")).or_default().push(text("status"));
    }
    for (id, kind) in made {
        let statuses = told.remove(id).unwrap_or_default();
        assert_eq!(statuses, kind.told(), "what was told of {id}, {kind:?}");
        if *kind != Kind::Deposit {
            let details = client.get(&format!("/v1/sepa-transfer/details/{id}")).await;
            assert_eq!(details["status"].as_str(), kind.told().last().copied(), "{id}, {kind:?}");
        }
    }
    assert!(told.is_empty(), "told of payments that nobody made: {told:?}");
    let expected = FUNDS + made.values().map(|kind| kind.effect()).sum::<i128>();
    assert_eq!(client.balance(Some("anna"), "eur").await, expected);
    let holds = &client.balances(Some("anna")).await["fiatBalances"][0]["onHold"];
    assert_eq!(holds, "0.00", "a hold is left");
}
