//! Names to addresses: by the system's name servers and its file of hosts, without the C library.
//!
//! `getaddrinfo` blocks a thread for as long as a name server is silent, half a minute and more, and tokio has one
//! pool of threads for all that blocks: silent DNS would stop uploads and health checks. Here a lookup is a task with
//! a time limit, and lookups of one name are one. Sources that only the C library knows (mDNS, LDAP) are not asked.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::Semaphore;

/// Names to addresses. The system's, or a test's.
pub trait Resolver: Send + Sync {
    /// All addresses of a host.
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

impl<R: Resolver + ?Sized> Resolver for Arc<R> {
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        (**self).resolve(host)
    }
}

/// How long one question may take. Name servers answer within half a second, those of the other end of the world too.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(2);

/// How often it is asked: a lost datagram is asked again.
const ATTEMPTS: usize = 2;

/// How long a lookup may take over all: each question twice, and what waiting for a place takes.
pub(crate) const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Lookups at once in a process. Each takes up to four sockets: half of the descriptors that are kept from connections.
/// Names that never answer hold their places for 5 s, so this many are 12 new names a second.
const MAX_LOOKUPS: usize = 64;

/// How long an answer is used at most, whatever it says: a partner who moves must not wait for us.
const MAX_KEPT: Duration = Duration::from_secs(60);

/// How long it is believed that a name does not exist: somebody may be about to register it with us.
const MAX_KEPT_ABSENT: Duration = Duration::from_secs(1);

/// Where the system says who its name servers are, and what names it knows itself.
const FILES: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];

/// The system's resolver.
pub struct SystemResolver {
    places: Arc<Semaphore>,
    current: Mutex<Option<Current>>,
}

/// A resolver, and the times of the files that it was made of.
struct Current {
    changed: [Option<SystemTime>; 2],
    system: System,
}

/// Who is asked.
#[derive(Clone)]
struct System {
    /// What the file of hosts says wins over all name servers, as with the C library.
    hosts: Arc<Hosts>,
    resolver: TokioResolver,
}

/// The addresses of names in lower case.
type Hosts = HashMap<String, Vec<IpAddr>>;

/// Reads a file of hosts: in each line an address, then its names.
fn hosts_of(text: &str) -> Hosts {
    let mut hosts = Hosts::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
        for name in words {
            hosts.entry(name.to_ascii_lowercase()).or_default().push(address);
        }
    }
    hosts
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(MAX_LOOKUPS)), current: Mutex::new(None) }
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemResolver")
    }
}

impl SystemResolver {
    /// The resolver of the system's files as they are now.
    fn current(&self) -> Result<System, NetError> {
        let changed = FILES.map(|file| std::fs::metadata(file).and_then(|found| found.modified()).ok());
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some(current) if current.changed == changed => Ok(current.system.clone()),
            _ => {
                let hosts = Arc::new(hosts_of(&std::fs::read_to_string(FILES[1]).unwrap_or_default()));
                let system = System { hosts, resolver: of_the_system()? };
                *current = Some(Current { changed, system: system.clone() });
                Ok(system)
            }
        }
    }
}

impl Resolver for SystemResolver {
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let (places, system) = (Arc::clone(&self.places), self.current());
        look_up(places, system, host).boxed()
    }
}

async fn look_up(
    places: Arc<Semaphore>,
    system: Result<System, NetError>,
    host: String,
) -> io::Result<Vec<IpAddr>> {
    let found = async {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let System { hosts, resolver } = system.map_err(io::Error::other)?;
        if let Some(addresses) = hosts.get(&host.trim_end_matches('.').to_ascii_lowercase()) {
            return Ok(addresses.clone());
        }
        let _place = places.acquire().await.map_err(io::Error::other)?;
        // Names of containers have underscores, which the rules for host names do not allow.
        let name = Name::from_ascii(&host).map_err(io::Error::other)?;
        let found = resolver.lookup_ip(name).await;
        Ok(found.map_err(io::Error::other)?.iter().collect())
    };
    let in_time = tokio::time::timeout(LOOKUP_TIMEOUT, found).await;
    in_time.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// As `/etc/resolv.conf` says; without one a name server on this machine is asked, as the C library does.
fn of_the_system() -> Result<TokioResolver, NetError> {
    let builder = TokioResolver::builder_tokio();
    let builder = builder.unwrap_or_else(|error| {
        tracing::warn!(%error, "no name server is configured; one on this machine is asked");
        let here = NameServerConfig::udp_and_tcp(Ipv4Addr::LOCALHOST.into());
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![here]);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    });
    build(builder)
}

fn build(
    mut builder: hickory_resolver::ResolverBuilder<TokioRuntimeProvider>,
) -> Result<TokioResolver, NetError> {
    let options = builder.options_mut();
    options.timeout = QUESTION_TIMEOUT;
    options.attempts = ATTEMPTS;
    options.positive_max_ttl = Some(MAX_KEPT);
    options.negative_max_ttl = Some(MAX_KEPT_ABSENT);
    // More than all lookups can ask: they wait for a place here, not in there.
    options.max_active_requests = MAX_LOOKUPS * 4;
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::config::ConnectionConfig;
    use std::sync::mpsc;
    use tokio::net::UdpSocket;
    use tokio::time::Instant;

    /// A resolver whose only name server takes questions and never answers.
    async fn silent() -> (UdpSocket, TokioResolver) {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut connection = ConnectionConfig::udp();
        connection.port = server.local_addr().unwrap().port();
        let mut config = NameServerConfig::udp(Ipv4Addr::LOCALHOST.into());
        config.connections = vec![connection];
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![config]);
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        (server, build(builder).unwrap())
    }

    /// More lookups than there are places, on a runtime with one thread for all that blocks.
    #[test]
    fn a_silent_name_server_costs_its_lookups_and_nothing_else() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (_server, resolver) = silent().await;
            let places = Arc::new(Semaphore::new(MAX_LOOKUPS));
            let begun = Instant::now();
            let lookups: Vec<_> = (0..2 * MAX_LOOKUPS)
                .map(|number| {
                    let host = format!("partner-{number}.test");
                    let system = System { hosts: Arc::default(), resolver: resolver.clone() };
                    tokio::spawn(look_up(Arc::clone(&places), Ok(system), host))
                })
                .collect();
            tokio::task::yield_now().await;
            let (tell, told) = mpsc::channel();
            tokio::task::spawn_blocking(move || tell.send(())).await.unwrap().unwrap();
            assert!(told.try_recv().is_ok() && begun.elapsed() < QUESTION_TIMEOUT);
            for lookup in lookups {
                assert!(lookup.await.unwrap().is_err());
            }
            assert!(begun.elapsed() <= LOOKUP_TIMEOUT + Duration::from_millis(10), "{:?}", begun.elapsed());
        });
    }

    /// A name server that never answers is not asked for what the file says.
    #[tokio::test]
    async fn the_file_of_hosts_wins() {
        let (_server, resolver) = silent().await;
        let text = "# names\n10.0.0.7\tAPI.partner.test webhook_receiver # ours\n::1 webhook_receiver\nx y\n";
        let places = Arc::new(Semaphore::new(1));
        let found = async |host: &str| {
            let system = System { hosts: Arc::new(hosts_of(text)), resolver: resolver.clone() };
            look_up(Arc::clone(&places), Ok(system), host.to_owned()).await.unwrap()
        };
        assert_eq!(found("api.partner.TEST.").await, [IpAddr::from([10, 0, 0, 7])]);
        let both: [IpAddr; 2] = ["10.0.0.7".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(found("webhook_receiver").await, both);
    }

    #[tokio::test]
    async fn this_machine_knows_its_own_name() {
        let found = SystemResolver::default().resolve("localhost".to_owned()).await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
    }

    #[tokio::test]
    async fn an_address_is_its_own_name() {
        let found = SystemResolver::default().resolve("192.0.2.1".to_owned()).await.unwrap();
        assert_eq!(found, [IpAddr::from([192, 0, 2, 1])]);
    }
}
