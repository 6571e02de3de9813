//! The processor of cards: the section `cards` of the configuration file.
//!
//! ```toml
//! [cards]
//! processor = "iso8583"
//! dialect = "packed"                # or "ascii", "ascii-binary"
//! address = "processor.example.com:8583"  # we call; or the processor calls:
//! # listen = "10.0.0.2:8583"
//! # callers = ["10.0.0.9"]
//! ```

use crate::Failed;
use crate::sections::{list, not_set, quoted};
use florin_api::card_decisions;
use florin_api::kit::app::App;
use florin_api::kit::settings::Environment;
use florin_rails::cards::iso8583::{Dialect, Line, Link, LinkedProcessor};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;

const NO_TEST_PROCESSOR: &str = "a sandbox has no real processor of cards: what it approves is nobody's money. Set \
                                 cards.test_processor = true if it is a test system";

/// How the messages of card networks come.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProcessorName {
    /// In a sandbox from a network that is simulated, in live not at all.
    #[default]
    Simulated,
    /// From a processor that is connected by ISO 8583.
    Iso8583,
}

/// The section `cards`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    processor: ProcessorName,
    dialect: Option<String>,
    address: Option<String>,
    listen: Option<SocketAddr>,
    callers: Option<Vec<IpAddr>>,
    test_processor: Option<bool>,
}

/// A processor to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    dialect: Dialect,
    way: Way,
}

/// Who makes the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    Call(String),
    Listen(SocketAddr, Vec<IpAddr>),
}

impl Section {
    /// The processor to connect to; none where the network is simulated.
    ///
    /// # Errors
    /// Says which setting is wrong or missing.
    pub fn plan(&self, environment: Environment) -> Result<Option<Plan>, Failed> {
        let is_test = self.test_processor == Some(true);
        if self.processor == ProcessorName::Simulated {
            return match self.set().find(|(name, value)| *name != "processor" && value.is_some()) {
                Some((name, _)) => Err(format!("cards.{name} is for cards.processor = \"iso8583\"").into()),
                None => Ok(None),
            };
        }
        match environment {
            Environment::Sandbox if !is_test => return Err(NO_TEST_PROCESSOR.into()),
            Environment::Live if is_test => return Err("cards.test_processor is for a sandbox".into()),
            Environment::Sandbox | Environment::Live => {}
        }
        let needed = |name: &str| Failed::from(format!("cards.processor = \"iso8583\" needs cards.{name}"));
        let dialect = self.dialect.as_ref().ok_or_else(|| needed("dialect"))?;
        let names = || Dialect::ALL.map(Dialect::name).join(", ");
        let dialect =
            Dialect::parse(dialect).ok_or_else(|| format!("cards.dialect must be one of {}", names()))?;
        let way = match (&self.address, self.listen, &self.callers) {
            (Some(address), None, None) if has_port(address) => Way::Call(address.clone()),
            (Some(_), None, None) => {
                return Err("cards.address must be a host and a port, such as host:8583".into());
            }
            (None, Some(listen), Some(callers)) if !callers.is_empty() => {
                Way::Listen(listen, callers.clone())
            }
            (None, Some(_), _) => return Err(needed("callers, the addresses that may connect")),
            (None, None, _) => return Err(needed("address, or cards.listen with cards.callers")),
            (Some(_), ..) => return Err("cards.address is without cards.listen and cards.callers".into()),
        };
        Ok(Some(Plan { dialect, way }))
    }

    fn set(&self) -> impl Iterator<Item = (&'static str, Option<String>)> {
        let name = match self.processor {
            ProcessorName::Simulated => "simulated",
            ProcessorName::Iso8583 => "iso8583",
        };
        [
            ("processor", Some(quoted(name))),
            ("dialect", self.dialect.as_ref().map(quoted)),
            ("address", self.address.as_ref().map(quoted)),
            ("listen", self.listen.map(quoted)),
            ("callers", self.callers.as_ref().map(list)),
            ("test_processor", self.test_processor.map(|is_set| is_set.to_string())),
        ]
        .into_iter()
    }

    /// What `florin config` shows: the settings that are not set, and the section.
    pub fn shown(&self) -> (String, String) {
        let (mut unset, mut shown) = (String::new(), "[cards]".to_owned());
        for (name, value) in self.set() {
            match value {
                None => unset += &format!("\n{}", not_set(&format!("cards.{name}"))),
                Some(value) => shown += &format!("\n{name} = {value}"),
            }
        }
        (unset, shown)
    }
}

fn has_port(address: &str) -> bool {
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// A processor that can be connected to.
pub struct Connection {
    /// The processor, as the product knows it.
    pub processor: Arc<LinkedProcessor>,
    dialect: Dialect,
    line: Line,
}

impl Plan {
    /// Takes the port where the processor calls.
    ///
    /// # Errors
    /// It can't be had.
    pub async fn open(self) -> Result<Connection, Failed> {
        let line = match self.way {
            Way::Call(address) => Line::Call(address),
            Way::Listen(listen, callers) => {
                let listener = TcpListener::bind(listen).await;
                let listener =
                    listener.map_err(|error| format!("cards.listen: cannot listen at {listen}: {error}"))?;
                Line::Listen { listener, callers }
            }
        };
        Ok(Connection { processor: Arc::default(), dialect: self.dialect, line })
    }
}

/// Keeps the link to the processor up until the server stops, and ends when messages under way are answered.
pub async fn keep(app: App, connection: Connection) {
    let Connection { processor, dialect, line } = connection;
    let link = Link::new(dialect, card_decisions::network(app.clone()), Arc::clone(&app.clock));
    processor.connect(Arc::clone(&link));
    let running = std::pin::pin!(Arc::clone(&link).run(line));
    let stopping = async {
        app.stopped().await;
        link.stop();
    };
    tokio::join!(running, stopping);
}

#[cfg(test)]
mod tests {
    use super::*;
    use figment::Figment;
    use figment::providers::{Format, Toml};

    fn section(text: &str) -> Section {
        Figment::from(Toml::string(text)).extract().expect(text)
    }

    fn plan(text: &str) -> Result<Option<Plan>, String> {
        section(text).plan(Environment::Live).map_err(|error| error.to_string())
    }

    #[test]
    fn a_processor_is_called_or_calls() {
        assert_eq!(plan(""), Ok(None));
        let called = "processor = \"iso8583\"\ndialect = \"packed\"\naddress = \"example.com:8583\"\n";
        let way = Way::Call("example.com:8583".to_owned());
        assert_eq!(plan(called), Ok(Some(Plan { dialect: Dialect::Packed, way })));
        let calls = "processor = \"iso8583\"\ndialect = \"ascii\"\nlisten = \"10.0.0.2:8583\"\n\
                     callers = [\"10.0.0.9\"]\n";
        let way = Way::Listen("10.0.0.2:8583".parse().expect("one"), vec!["10.0.0.9".parse().expect("one")]);
        assert_eq!(plan(calls), Ok(Some(Plan { dialect: Dialect::Ascii, way })));
        assert_eq!(section(calls).shown().1, format!("[cards]\n{}", calls.trim_end()));
        for text in [called, calls] {
            let in_sandbox =
                |text: &str| section(text).plan(Environment::Sandbox).map_err(|error| error.to_string());
            assert_eq!(in_sandbox(text), Err(NO_TEST_PROCESSOR.to_owned()));
            let test = format!("{text}test_processor = true");
            assert_eq!(in_sandbox(&test), plan(text));
            assert_eq!(plan(&test), Err("cards.test_processor is for a sandbox".to_owned()));
        }
    }

    #[test]
    fn what_is_wrong_or_missing_is_named() {
        let iso = "processor = \"iso8583\"\n";
        for (text, said) in [
            ("dialect = \"packed\"".to_owned(), "cards.dialect is for cards.processor = \"iso8583\""),
            (iso.to_owned(), "needs cards.dialect"),
            (
                format!("{iso}dialect = \"PACKED\""),
                "cards.dialect must be one of ascii, ascii-binary, packed",
            ),
            (format!("{iso}dialect = \"packed\""), "needs cards.address, or cards.listen with cards.callers"),
            (format!("{iso}dialect = \"packed\"\naddress = \"example.com\""), "must be a host and a port"),
            (format!("{iso}dialect = \"packed\"\naddress = \":8583\""), "must be a host and a port"),
            (format!("{iso}dialect = \"packed\"\nlisten = \"10.0.0.2:8583\""), "needs cards.callers"),
            (
                format!("{iso}dialect = \"packed\"\nlisten = \"10.0.0.2:8583\"\ncallers = []"),
                "needs cards.callers",
            ),
            (
                format!("{iso}dialect = \"packed\"\naddress = \"a:1\"\nlisten = \"10.0.0.2:8583\""),
                "without cards.listen",
            ),
        ] {
            let error = plan(&text).expect_err(&text);
            assert!(error.contains(said), "{error}\n{said}");
        }
        assert!(Figment::from(Toml::string("bin = 1")).extract::<Section>().is_err());
    }
}
