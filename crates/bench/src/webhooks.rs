//! The run of `cargo xtask bench webhooks`, on each engine:
//!
//! 1. Transfers at a fixed rate to a fast receiver: from each call's answer to the arrival of its webhook.
//! 2. The same while another partner's receiver hangs.
//! 3. Transfers as fast as they go, without anything to deliver; then a backlog is made while the receiver hangs, and
//!    they are measured again, with the server's memory.
//! 4. The receiver answers: how fast the backlog goes out, against a bare client that sends it the same requests.
//! 5. The product stops, and `florin verify` reads the books.
#![expect(clippy::float_arithmetic, reason = "rates and ratios; no money")]

mod receiver;

use std::collections::HashMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;

use super::answer::{exchange, receive};
use super::load::{Measured, Until, drive, latencies};
use super::product::Product;
use super::requests::{Recipient, Requests, Transfers, user};
use super::transfers::prepare;
use super::uploads::process::Process;
use super::{PREPARING, Webhooks as Arguments};
use receiver::Receiver;
use xtask::interrupt;
use xtask::postgres::Cluster;

/// Users between whom money moves.
const ACCOUNTS: u32 = 1_000;

/// Connections of the calls at a fixed rate.
const SENDERS: u32 = 8;

/// Deliveries that are enough to tell a rate.
const ENOUGH: u64 = 100_000;

/// How long a server waits for requests under way when an endpoint is disabled, and some.
const GIVEN_UP: Duration = Duration::from_secs(3);

/// Longest wait for what was sent to arrive.
const ARRIVAL: Duration = Duration::from_secs(120);

/// What was seen on an engine.
struct Outcome {
    name: &'static str,
    alone: Histogram<u64>,
    beside: Histogram<u64>,
    before: Measured,
    /// With as many events, while nothing is delivered.
    still: Measured,
    after: Measured,
    memory: Option<u64>,
    delivered: f64,
    floor: Measured,
    verdict: String,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let florin = arguments.place.program()?;
    let outcomes = arguments.place.on_engines(|name, cluster| engine(name, arguments, &florin, cluster))?;
    outcomes.iter().for_each(|outcome| print(outcome, arguments));
    Ok(())
}

fn engine(
    name: &'static str,
    arguments: &Arguments,
    florin: &Path,
    cluster: Option<Cluster>,
) -> Result<Outcome> {
    let product = Product::start(florin, &arguments.place.folder, cluster)?;
    let (ours, process) = (product.recipient()?, Process::new(product.id()));
    prepare(&ours, ACCOUNTS)?;
    let receiver = Receiver::start()?;
    register(&ours, &receiver, true)?;
    eprintln!("{name}: {} transfers a second …", arguments.rate);
    let alone = latency(&ours, &receiver, arguments)?;
    eprintln!("{name}: the same while another partner's receiver hangs …");
    let beside = beside(&product, &ours, &receiver, arguments)?;
    register(&ours, &receiver, false)?;
    let before = rate(&ours, arguments, 2)?;
    register(&ours, &receiver, true)?;
    receiver.hang(true);
    process.forget_peak();
    backlog(&ours, arguments.backlog)?;
    register(&ours, &receiver, false)?;
    // What is under way is given up meanwhile.
    thread::sleep(GIVEN_UP);
    let still = rate(&ours, arguments, 4)?;
    register(&ours, &receiver, true)?;
    let after = rate(&ours, arguments, 3)?;
    let memory = process.memory().map(|memory| memory.peak);
    eprintln!("{name}: the receiver answers …");
    let delivered = drain(&receiver, arguments.backlog)?;
    register(&ours, &receiver, false)?;
    let floor = bare(&receiver, arguments)?;
    eprintln!("{name}: florin verify …");
    let verdict = product.verify()?;
    Ok(Outcome { name, alone, beside, before, still, after, memory, delivered, floor, verdict })
}

/// Registers the receiver.
fn register(recipient: &Recipient, receiver: &Receiver, enabled: bool) -> Result<()> {
    let body = format!(r#"{{"url":"http://{}","token":"bench","enabled":{enabled}}}"#, receiver.address);
    let request = recipient.post("/v1/webhooks/endpoint", "", &body);
    let request =
        String::from_utf8(request)?.replacen("POST", "PUT", 1).replacen("idempotency-key: \r\n", "", 1);
    let (answer, text) = exchange(recipient.address, request.as_bytes())?;
    if answer.status != 200 {
        bail!("the receiver could not be registered: {}", String::from_utf8_lossy(&text));
    }
    Ok(())
}

/// From each answer to the arrival, at a fixed rate.
fn latency(recipient: &Recipient, receiver: &Receiver, arguments: &Arguments) -> Result<Histogram<u64>> {
    receiver.note(true);
    let pause = Duration::from_secs(1) * SENDERS / arguments.rate;
    let until = Instant::now() + Duration::from_secs_f64(arguments.seconds);
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let recipient = recipient.clone();
            thread::spawn(move || send(&recipient, sender, pause, until))
        })
        .collect();
    let mut sent = HashMap::new();
    for sender in senders {
        sent.extend(sender.join().map_err(|_| anyhow::anyhow!("a sender panicked"))??);
    }
    let patience = Instant::now() + ARRIVAL;
    let arrivals = loop {
        let arrivals = receiver.arrivals();
        let missing = sent.keys().filter(|id| !arrivals.contains_key(*id)).count();
        if missing == 0 {
            break arrivals;
        }
        if Instant::now() > patience {
            bail!("{missing} of {} webhooks did not arrive", sent.len());
        }
        interrupt::check()?;
        thread::sleep(Duration::from_millis(100));
    };
    receiver.note(false);
    let mut waits = latencies()?;
    for (id, answered) in sent {
        let wait = arrivals.get(&id).map_or(Duration::ZERO, |at| at.saturating_duration_since(answered));
        waits.record(u64::try_from(wait.as_nanos())?.max(1))?;
    }
    Ok(waits)
}

/// Transfers one after another; when each was answered.
fn send(
    recipient: &Recipient,
    sender: u32,
    pause: Duration,
    until: Instant,
) -> Result<HashMap<String, Instant>> {
    let mut stream = TcpStream::connect(recipient.address)?;
    stream.set_nodelay(true)?;
    let (mut sent, mut next) = (HashMap::new(), Instant::now());
    while Instant::now() < until {
        interrupt::check()?;
        let body = format!(
            r#"{{"sourceExternalUserId":"{}","amount":"0.01","currency":"eur"}}"#,
            user(sent.len() as u32 * SENDERS % ACCOUNTS + sender)
        );
        let request = recipient.post("/v1/transfer", "", &body);
        let request = String::from_utf8(request)?.replacen("idempotency-key: \r\n", "", 1);
        stream.write_all(request.as_bytes())?;
        let (answer, text) = receive(&mut stream)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let id = text.split('"').nth_back(1).filter(|id| answer.status == 201 && id.len() == 36);
        sent.insert(
            id.with_context(|| format!("a transfer was not made: {text}"))?.to_owned(),
            Instant::now(),
        );
        next += pause;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(sent)
}

/// The same while another partner's receiver hangs with much to be delivered.
fn beside(
    product: &Product,
    ours: &Recipient,
    receiver: &Receiver,
    arguments: &Arguments,
) -> Result<Histogram<u64>> {
    let (other, hanging) = (product.another_partner()?, Receiver::start()?);
    prepare(&other, 10)?;
    register(&other, &hanging, true)?;
    hanging.hang(true);
    let mut some = Limited { inner: Transfers::new(&other, 10, 7), left: 2_000 };
    drive(other.address, PREPARING, &mut some, Until::Spent)?;
    let waits = latency(ours, receiver, arguments);
    register(&other, &hanging, false)?;
    waits
}

/// So many transfers.
struct Limited {
    inner: Transfers,
    left: u64,
}

impl Requests for Limited {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        self.left > 0 && {
            self.left -= 1;
            self.inner.next(into)
        }
    }

    fn accepts(&self, status: u16) -> bool {
        self.inner.accepts(status)
    }
}

/// Transfers as fast as they go.
fn rate(recipient: &Recipient, arguments: &Arguments, seed: u64) -> Result<Measured> {
    let measured = Duration::from_secs_f64(arguments.seconds);
    let until = Until::Elapsed { warm_up: measured / 4, measured };
    drive(recipient.address, PREPARING, &mut Transfers::new(recipient, ACCOUNTS, seed), until)
}

/// Makes so many events.
fn backlog(recipient: &Recipient, wanted: u64) -> Result<()> {
    let mut left = wanted;
    while left > 0 {
        let step = left.min(100_000);
        let mut some = Limited { inner: Transfers::new(recipient, ACCOUNTS, 1_000 + left), left: step };
        let made = drive(recipient.address, PREPARING, &mut some, Until::Spent)?;
        left -= step;
        eprintln!("{} of {wanted} events, {:.0} a second", wanted - left, per_second(step, made.time));
    }
    Ok(())
}

/// Deliveries per second from when the receiver answers.
fn drain(receiver: &Receiver, backlog: u64) -> Result<f64> {
    receiver.hang(false);
    let (patience, start) = (Instant::now() + ARRIVAL, receiver.count());
    // Requests that hang are over first, and the window has grown.
    while receiver.count() < start + ENOUGH / 20 && Instant::now() < patience {
        interrupt::check()?;
        thread::sleep(Duration::from_millis(5));
    }
    let (first, began) = (receiver.count(), Instant::now());
    let wanted = ENOUGH.min(backlog / 2);
    while receiver.count() < first + wanted && Instant::now() < patience {
        interrupt::check()?;
        thread::sleep(Duration::from_millis(5));
    }
    Ok(per_second(receiver.count() - first, began.elapsed()))
}

/// The floor: our load generator sends the same requests to the same receiver over as many connections.
fn bare(receiver: &Receiver, arguments: &Arguments) -> Result<Measured> {
    struct Same(Vec<u8>);
    impl Requests for Same {
        fn next(&mut self, into: &mut Vec<u8>) -> bool {
            into.clone_from(&self.0);
            true
        }

        fn accepts(&self, status: u16) -> bool {
            status == 200
        }
    }
    let body = r#"{"id":"01a20d93-6eed-7662-9fb6-91f8e238ad5e","amount":0.01}"#;
    let recipient = Recipient { address: receiver.address, api_key: "x".repeat(300) };
    let mut same = Same(recipient.post("/transfer-webhook", "x", body));
    let measured = Duration::from_secs_f64(arguments.seconds);
    drive(receiver.address, PREPARING, &mut same, Until::Elapsed { warm_up: measured / 4, measured })
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(f64::EPSILON)
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "the result; counts far below 2^52")]
fn print(outcome: &Outcome, arguments: &Arguments) {
    let Outcome { name, alone, beside, before, still, after, memory, delivered, floor, verdict } = outcome;
    let times = |waits: &Histogram<u64>| {
        let ms = |quantile| waits.value_at_quantile(quantile) as f64 / 1e6;
        format!("{:.1}/{:.1}/{:.1}", ms(0.5), ms(0.99), ms(1.0))
    };
    let rate = |measured: &Measured| per_second(measured.answers, measured.time);
    println!("\n{name}: wanted: p99 below 1 s, 5,000 deliveries a second, memory below 100 MB");
    println!(
        "  first attempt after the answer, p50/p99/max ms, {} a second   {}",
        arguments.rate,
        times(alone)
    );
    println!("  the same while another partner's receiver hangs           {}", times(beside));
    println!(
        "  transfers a second {:.0}; after {} more events, none being delivered {:.0}; with them all waiting for a \
         receiver that hangs {:.0}: ratio {:.2}",
        rate(before),
        arguments.backlog,
        rate(still),
        rate(after),
        rate(after) / rate(still)
    );
    let memory = memory.map_or("unknown".to_owned(), |bytes| (bytes / 1_000_000).to_string());
    println!("  peak of memory meanwhile, MB   {memory}");
    let floor = rate(floor);
    println!(
        "  deliveries a second {delivered:.0}, a bare client {floor:.0}: ratio {:.2}",
        delivered / floor
    );
    println!("  florin verify: {verdict}");
}
