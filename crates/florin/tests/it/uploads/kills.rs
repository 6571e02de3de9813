//! SIGKILL in the middle of uploads, again and again: every file that was acknowledged is there and readable, a
//! repeated request is done once, and after a sweep there is no file without a row.

use super::kept::{Row, rows, settle};
use super::{PARTS, bucket, files_path};
use crate::support::{Answer, Call, Client, Deadline, Form, Options, Raw, Server, ambient_seed, person};
use florin_document::Kind;
use florin_document::samples::of_size;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Kills of one run.
const ROUNDS: u64 = 20;
const CLIENTS: u64 = 6;
/// What a client sends at a time.
const PIECE: usize = 64 * 1024;
/// The kill comes at one of so many pieces of a round: early in the first uploads, or after some.
const LATEST: u64 = 400;
/// The files that are sent, by their lengths: a user's three tell which upload they are of.
const FILES: [(Kind, usize); 6] = [
    (Kind::Jpeg, 240_000),
    (Kind::Png, 420_001),
    (Kind::Webp, 610_000),
    (Kind::Png, 950_003),
    (Kind::Heic, 1_400_000),
    (Kind::Pdf, 2_600_005),
];
/// Until all files that were kept are decoded.
const DECODED: Duration = Duration::from_secs(60);

/// Counts pieces and answers, and calls for the kill at one of them.
struct Fuse {
    seen: AtomicU64,
    at: u64,
    burnt: Notify,
}

impl Fuse {
    fn tick(&self) {
        if self.seen.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            self.burnt.notify_one();
        }
    }
}

/// Three of [`FILES`], by their places there.
type Three = [usize; 3];

/// One upload: what was sent, and the answer if there was one.
#[derive(Clone, Debug)]
struct Sent {
    user: String,
    files: Three,
    key: Option<String>,
    answer: Option<Answer>,
}

/// What a user's files may be by now.
#[derive(Debug, Default)]
struct User {
    /// None stands for no files.
    may_be: Vec<Option<Three>>,
    /// Uploads that may each have been done.
    uploads: usize,
}

/// All that was sent, and what it must have led to.
#[derive(Default)]
struct Story {
    users: BTreeMap<String, User>,
    acknowledged: usize,
    in_flight: usize,
    repeated: usize,
}

impl Story {
    fn note(&mut self, sent: &Sent) {
        let user = self.users.entry(sent.user.clone()).or_default();
        user.uploads += 1;
        match &sent.answer {
            Some(_) => user.may_be = vec![Some(sent.files)],
            None if user.may_be.is_empty() => user.may_be = vec![None, Some(sent.files)],
            None => user.may_be.push(Some(sent.files)),
        }
        let count = if sent.answer.is_some() { &mut self.acknowledged } else { &mut self.in_flight };
        *count += 1;
    }

    /// The upload was done, for there is an answer to it now.
    fn settle(&mut self, sent: &Sent) {
        self.users.entry(sent.user.clone()).or_default().may_be = vec![Some(sent.files)];
        self.repeated += 1;
    }

    fn check(&self, rows: &[Row]) {
        let mut found: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for row in rows {
            let twice = found.entry(&row.user).or_default().insert(&row.part, row.bytes);
            assert_eq!(twice, None, "a part is there twice: {row:?}");
        }
        for (name, user) in &self.users {
            let there = found.remove(name.as_str());
            let expected: Vec<_> = user.may_be.iter().map(|three| three.map(lengths)).collect();
            assert!(expected.contains(&there), "{name} has {there:?}, which is none of {expected:?}");
        }
        assert!(found.is_empty(), "files of users who never sent any: {found:?}");
    }
}

fn lengths(three: Three) -> BTreeMap<&'static str, usize> {
    PARTS.into_iter().zip(three.map(|file| FILES[file].1)).collect()
}

/// What all clients share.
struct World {
    files: Vec<Vec<u8>>,
    seed: u64,
}

impl World {
    fn form(&self, three: Three) -> Form {
        let parts = PARTS.into_iter().zip(three);
        parts.fold(Form::new(), |form, (part, file)| form.file(part, &self.files[file]))
    }
}

/// A client and its connection's way, for one round.
struct Uploader {
    world: Arc<World>,
    fuse: Arc<Fuse>,
    client: Client,
    address: SocketAddr,
    name: String,
    rng: ChaCha8Rng,
}

impl Uploader {
    /// Uploads until the server is gone.
    async fn run(mut self) -> Vec<Sent> {
        let mut sent: Vec<Sent> = Vec::new();
        for number in 0_u64.. {
            let again = sent.last().filter(|_| self.rng.random_ratio(1, 4));
            let (user, before) = match again {
                Some(before) => (before.user.clone(), Some(before.files)),
                None => (format!("{}-{number}", self.name), None),
            };
            if before.is_none() && !self.create(&user).await {
                break;
            }
            let files = self.three(before);
            let key = self.rng.random_bool(0.5).then(|| format!("key-{}-{number}", self.name));
            let answer = self.upload(&user, files, key.as_deref()).await;
            let is_last = answer.is_none();
            sent.push(Sent { user, files, key, answer });
            if is_last {
                break;
            }
        }
        sent
    }

    async fn create(&self, user: &str) -> bool {
        let call = Call::post("/v1/user/balances/crypto-and-fiat", &person(user));
        self.client.try_send(&call).await.is_ok_and(|answer| answer.expect(201).is_object())
    }

    /// Others than before.
    fn three(&mut self, before: Option<Three>) -> Three {
        loop {
            let three = [(); 3].map(|()| self.rng.random_range(0..FILES.len()));
            // Nobody's face is a PDF.
            if Some(three) != before && FILES[three[2]].0 != Kind::Pdf {
                return three;
            }
        }
    }

    /// The answer, when one came.
    async fn upload(&self, user: &str, files: Three, key: Option<&str>) -> Option<Answer> {
        let api_key = self.client.api_key().expect("a key");
        let headers = [("x-api-key", Some(api_key)), ("idempotency-key", key)];
        let headers: Vec<_> = headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let request = self.world.form(files).request(&files_path(user), &headers);
        let mut connection = Raw::try_connect(self.address).await?;
        for piece in request.chunks(PIECE) {
            connection.write(piece).await;
            self.fuse.tick();
        }
        let answer = connection.read_answer("POST").await?;
        answer.expect(201);
        self.fuse.tick();
        Some(answer)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_uploads_into_a_folder_leave_all_or_nothing() {
    kill_again_and_again("a folder", Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_uploads_into_a_bucket_leave_all_or_nothing() {
    if let Some(settings) = bucket(None) {
        kill_again_and_again("a bucket", settings).await;
    }
}

async fn kill_again_and_again(place: &str, more: Vec<(&'static str, String)>) {
    let seed = ambient_seed();
    eprintln!("kills: FLORIN_TEST_SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let files = FILES.iter().map(|(kind, bytes)| of_size(*kind, *bytes)).collect();
    let world = Arc::new(World { files, seed });
    let mut server = Server::start_with(Options { more, ..Options::default() }).await;
    let mut story = Story::default();
    for round in 0..ROUNDS {
        let sent = load_until_killed(&mut server, &world, round, rng.random_range(1..LATEST)).await;
        sent.iter().for_each(|sent| story.note(sent));
        server.start_again().await;
        repeat(&server, &world, &sent, &mut story).await;
        story.check(&rows(&server).await);
    }
    until_decoded(&server).await;
    check_events(&server, &story).await;
    server.stop();
    let removed = settle(&server).await;
    let rows = rows(&server).await;
    story.check(&rows);
    eprintln!(
        "kills: {ROUNDS} kills while uploading into {place}: {} uploads acknowledged, {} cut off, {} repeated under \
         their keys; {} files kept, all readable; {removed} objects without a row, gone after a sweep",
        story.acknowledged,
        story.in_flight,
        story.repeated,
        rows.len(),
    );
    assert!(story.acknowledged > 0 && story.in_flight > 0, "too early or too late to show anything");
    server.finish().await;
}

/// Clients that upload until the server is gone; it is killed at the `at`-th piece.
async fn load_until_killed(server: &mut Server, world: &Arc<World>, round: u64, at: u64) -> Vec<Sent> {
    let fuse = Arc::new(Fuse { seen: AtomicU64::new(0), at, burnt: Notify::new() });
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let uploader = Uploader {
            world: world.clone(),
            fuse: fuse.clone(),
            client: server.client(),
            address: server.address(),
            name: format!("u{round}-{number}"),
            rng: ChaCha8Rng::seed_from_u64(world.seed ^ (round << 32 | (number + 1) << 16)),
        };
        clients.spawn(uploader.run());
    }
    tokio::select! {
        () = fuse.burnt.notified() => {}
        ended = clients.join_next() => panic!("a client ended before the kill: {ended:?}"),
    }
    server.kill9();
    clients.join_all().await.into_iter().flatten().collect()
}

/// What got no answer is sent again under its key, twice; so is one upload that got one.
async fn repeat(server: &Server, world: &Arc<World>, sent: &[Sent], story: &mut Story) {
    let client = server.client();
    let send = async |sent: &Sent| {
        let key = sent.key.as_deref();
        let answer = client.try_upload(&files_path(&sent.user), key, &world.form(sent.files)).await;
        answer.expect("an answer")
    };
    for cut_off in sent.iter().filter(|sent| sent.answer.is_none() && sent.key.is_some()) {
        let first = send(cut_off).await;
        first.expect(201);
        let second = send(cut_off).await;
        assert!(second.replayed() && second.body == first.body, "{cut_off:?}: {}", second.summary());
        story.settle(cut_off);
    }
    let acknowledged = sent.iter().rev().find(|sent| sent.answer.is_some() && sent.key.is_some());
    if let Some(sent) = acknowledged {
        let again = send(sent).await;
        let body = sent.answer.as_ref().map(|answer| &answer.body);
        assert!(again.replayed() && Some(&again.body) == body, "{sent:?}: {}", again.summary());
    }
}

/// No job was lost: every file that was kept has been looked at, and found to be what it was sent as. What a killed
/// process worked on is another's within seconds.
async fn until_decoded(server: &Server) {
    let deadline = Deadline::after(DECODED);
    loop {
        let rows = rows(server).await;
        assert!(rows.iter().all(|row| row.state != "UNREADABLE"), "{rows:?}");
        if rows.iter().all(|row| row.state == "READABLE") {
            return;
        }
        let left = rows.iter().filter(|row| row.state == "UNCHECKED").count();
        deadline.pause(&format!("{left} of {} files to be decoded", rows.len()));
    }
}

/// Each upload that was done is told once; of those that were replaced while they waited nothing need be said.
async fn check_events(server: &Server, story: &Story) {
    let rows = rows(server).await;
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for event in server.client().events().await.iter().filter(|event| event.kind == "kyc_files.status") {
        assert_eq!(event.payload["status"], "ADDED", "{event:?}");
        *told.entry(event.payload["externalUserId"].as_str().expect("a user").to_owned()).or_default() += 1;
    }
    for (name, user) in &story.users {
        let told = told.get(name).copied().unwrap_or_default();
        let has_files = rows.iter().any(|row| row.user == *name);
        assert_eq!(told > 0, has_files, "{name}: told {told} times");
        assert!(told <= user.uploads, "{name}: told {told} times after {} uploads", user.uploads);
    }
}
