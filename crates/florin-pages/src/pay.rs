//! The pay page: [`PayView`] in, HTML out.
//!
//! A page is a shell (who is paid, how much, the languages) around a *live* part, the screen of the state. The live
//! part alone is what [`live_fragment`] makes, for the page's script to put in place. Each state has a template.

use crate::texts::{Texts, fill};
use crate::view::{Coin, Due, Offer, PayState, PayView, Received, Transaction};
use crate::{Language, assets, format, payment_uri, qr};
use askama::Template;
use florin_types::Timestamp;
use std::time::Duration;

/// Seconds after which a page without JavaScript loads itself again while something is awaited. The texts say 15.
const RELOAD_SECONDS: u32 = 15;

/// Characters at each end of an address that stand out: those that people compare.
const END: usize = 6;

/// The shell.
#[derive(Template)]
#[template(path = "page.html", whitespace = "minimize")]
struct Page<'a> {
    language: Language,
    t: &'static Texts,
    title: &'a str,
    style: String,
    script: String,
    icon: String,
    reload_seconds: Option<u32>,
    live: Option<&'a Live<'a>>,
    content: &'a str,
}

/// The screen of a state.
#[derive(Template)]
#[template(path = "live.html", whitespace = "minimize")]
struct Live<'a> {
    view: &'a PayView,
    t: &'static Texts,
}

/// A screen that is of no link.
#[derive(Template)]
#[template(path = "notice.html", whitespace = "minimize")]
struct Notice {
    language: Language,
    title: &'static str,
    lead: &'static str,
    again: Option<&'static str>,
}

/// The whole page.
#[must_use]
pub fn pay_page(view: &PayView) -> String {
    let live = Live { view, t: view.language.texts() };
    page(&Page {
        language: view.language,
        t: live.t,
        title: &live.page_title(),
        style: assets::style_path(),
        script: assets::script_path(),
        icon: assets::icon_path(),
        reload_seconds: live.reloads().then_some(RELOAD_SECONDS),
        live: Some(&live),
        content: &written(&live),
    })
}

/// The live part of the page: what `GET /pay/{id}/live` sends at once, and again when the view has another
/// [version](PayView::version). The script counts the time down by itself.
#[must_use]
pub fn live_fragment(view: &PayView) -> String {
    written(&Live { view, t: view.language.texts() })
}

/// A fragment as an event of a stream (`text/event-stream`), with its blank line.
#[must_use]
pub fn live_event(fragment: &str) -> String {
    let lines: String = fragment.split(['\n', '\r']).map(|line| format!("data: {line}\n")).collect();
    format!("event: live\n{lines}\n")
}

/// The page of a link that there is not, for status 404. It is the same whatever the path was.
#[must_use]
pub fn not_found(language: Language) -> String {
    let t = language.texts();
    alone(&Notice { language, title: t.unknown_title, lead: t.unknown_lead, again: None })
}

/// The page of a fault, for status 500 or 503.
#[must_use]
pub fn error_page(language: Language) -> String {
    let t = language.texts();
    alone(&Notice { language, title: t.error_title, lead: t.error_lead, again: Some(t.try_again) })
}

fn alone(notice: &Notice) -> String {
    page(&Page {
        language: notice.language,
        t: notice.language.texts(),
        title: notice.title,
        style: assets::style_path(),
        script: assets::script_path(),
        icon: assets::icon_path(),
        reload_seconds: None,
        live: None,
        content: &written(notice),
    })
}

fn page(page: &Page<'_>) -> String {
    written(page)
}

/// A template fails only when a value's `Display` does, and none of ours does.
fn written(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}

/// A picture at the head of a screen. Its meaning is in the heading below it.
enum Icon {
    Check,
    Clock,
    Cross,
    Exclamation,
}

impl Icon {
    fn svg(&self) -> String {
        let path = match self {
            Self::Check => "M7 12.5l3.5 3.5L17 9",
            Self::Clock => "M12 7v5.5l3.5 2",
            Self::Cross => "M8.5 8.5l7 7m0-7l-7 7",
            Self::Exclamation => "M12 7v6m0 3.5v.01",
        };
        format!(
            "<svg class=\"mark\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" r=\"11\"/>\
             <path d=\"{path}\"/></svg>"
        )
    }
}

/// A step of the way at the head of a screen.
struct Step {
    name: &'static str,
    is_done: bool,
    is_now: bool,
}

/// Blocks that confirm a transaction, of those that it needs.
struct Confirmations {
    count: u32,
    required: u32,
}

impl Confirmations {
    fn of(transaction: &Transaction) -> Self {
        let required = transaction.required.max(1);
        Self { count: transaction.confirmations.min(required), required }
    }
}

impl<'a> Live<'a> {
    /// The heading of the screen.
    fn title(&self) -> String {
        let (t, view) = (self.t, self.view);
        match &view.state {
            PayState::Choose { offers } if offers.is_empty() => t.choose_none_title.to_owned(),
            PayState::Choose { .. } => t.choose_title.to_owned(),
            PayState::Pay { due, .. } => {
                self.with(t.pay_title, "amount", &self.coins(&due.amount, &due.coin))
            }
            PayState::Seen { .. } => t.seen_title.to_owned(),
            PayState::Underpaid { due, .. } => {
                self.with(t.underpaid_title, "amount", &self.coins(&due.amount, &due.coin))
            }
            PayState::Paid { .. } => t.paid_title.to_owned(),
            PayState::Expired { .. } => t.expired_title.to_owned(),
            PayState::Cancelled => t.cancelled_title.to_owned(),
        }
    }

    /// The title of the document.
    fn page_title(&self) -> String {
        self.with2(self.t.page_title, ("status", &self.title()), ("merchant", &self.view.merchant.name))
    }

    /// What is read out when it changes.
    fn status(&self) -> String {
        match &self.view.state {
            PayState::Seen { received } => {
                format!("{}. {}", self.title(), self.confirmations(&self.least_confirmed(received)))
            }
            _ => self.title(),
        }
    }

    /// Which of the three steps is taken now; three when all are.
    fn step(&self) -> Option<usize> {
        match &self.view.state {
            PayState::Choose { offers } if offers.is_empty() => None,
            PayState::Choose { .. } => Some(0),
            PayState::Pay { .. } | PayState::Underpaid { .. } => Some(1),
            PayState::Seen { .. } => Some(2),
            PayState::Paid { .. } => Some(3),
            PayState::Expired { .. } | PayState::Cancelled => None,
        }
    }

    fn steps(&self, taken: &usize) -> Vec<Step> {
        let names = [self.t.step_choose, self.t.step_pay, self.t.step_confirm];
        let step = |(index, name)| Step { name, is_done: index < *taken, is_now: index == *taken };
        names.into_iter().enumerate().map(step).collect()
    }

    /// What the amount of the summary is called.
    fn amount_label(&self) -> &'static str {
        match self.view.state {
            PayState::Choose { .. } | PayState::Pay { .. } | PayState::Underpaid { .. } => {
                self.t.to_pay_label
            }
            _ => self.t.amount_label,
        }
    }

    /// Whether the way back is not what the payer most likely wants.
    fn has_other_button(&self) -> bool {
        matches!(self.view.state, PayState::Seen { .. } | PayState::Expired { may_choose_again: true, .. })
    }

    /// The class that colours the screen.
    fn tone(&self) -> &'static str {
        match self.view.state {
            PayState::Paid { .. } => "good",
            PayState::Underpaid { .. } | PayState::Expired { .. } => "attention",
            PayState::Cancelled => "over",
            _ => "",
        }
    }

    fn version(&self) -> String {
        format!("{:016x}", self.view.version())
    }

    /// Whether the page without JavaScript reloads.
    fn reloads(&self) -> bool {
        matches!(self.view.state, PayState::Pay { .. } | PayState::Seen { .. } | PayState::Underpaid { .. })
    }

    /// Whether the script waits for news.
    fn follows(&self) -> &'static str {
        match self.view.state {
            PayState::Paid { .. } | PayState::Cancelled => "no",
            _ => "yes",
        }
    }

    /// The path of the page, with the link's secret as a single segment whatever is in it.
    fn base(&self) -> String {
        let mut path = "/pay/".to_owned();
        for byte in self.view.link_id.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => path.push(char::from(byte)),
                _ => path.push_str(&format!("%{byte:02X}")),
            }
        }
        path
    }

    fn action(&self) -> String {
        format!("{}?lang={}", self.base(), self.view.language.code())
    }

    /// The path of the logo, if it is one of this server.
    fn logo(&self) -> Option<&'a str> {
        let path = self.view.merchant.logo_path.as_deref();
        path.filter(|path| path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'))
    }

    /// What stands for a logo.
    fn initial(&self) -> String {
        self.view
            .merchant
            .name
            .chars()
            .find(|letter| letter.is_alphanumeric())
            .map_or_else(String::new, |letter| letter.to_uppercase().collect())
    }

    /// The way back, if it leads to a web page.
    fn back_url(&self) -> Option<&'a str> {
        let is_web = |url: &&str| {
            let scheme = url.split(':').next().unwrap_or_default();
            ["https", "http"].iter().any(|web| scheme.eq_ignore_ascii_case(web)) && url.contains("://")
        };
        self.view.back_url.as_deref().filter(is_web)
    }

    fn euros(&self, amount: &str) -> String {
        format::euros(self.view.language, amount)
    }

    fn coins(&self, amount: &str, coin: &Coin) -> String {
        format::coins(self.view.language, amount, &coin.slug)
    }

    fn plain(&self, amount: &str) -> String {
        format::plain(amount)
    }

    fn symbol(&self, slug: &str) -> String {
        format::symbol(slug)
    }

    /// The class that colours the mark of a coin.
    fn coin_class(&self, slug: &str) -> &'static str {
        match slug {
            "btc" => "btc",
            "eth" => "eth",
            "ltc" => "ltc",
            "doge" => "doge",
            "pol" => "pol",
            "usdc" => "usdc",
            "usdt" => "usdt",
            _ => "",
        }
    }

    fn rate(&self, offer: &Offer) -> String {
        let (symbol, price) = (format::symbol(&offer.coin.slug), self.euros(&offer.rate));
        self.with2(self.t.choose_rate, ("currency", &symbol), ("price", &price))
    }

    fn date_and_time(&self, at: &Timestamp) -> String {
        format::date_and_time(self.view.language, *at)
    }

    fn left(&self, due: &Due) -> Duration {
        due.until.saturating_since(self.view.now)
    }

    fn time_left(&self, due: &Due) -> String {
        format::time_left(self.left(due))
    }

    fn seconds_left(&self, due: &Due) -> u64 {
        self.left(due).as_secs()
    }

    fn seconds_in_all(&self, due: &Due) -> u64 {
        due.until.saturating_since(due.since).as_secs().max(1)
    }

    fn uri(&self, due: &Due) -> Option<String> {
        payment_uri(&due.form, &due.address, &due.amount)
    }

    /// The code of the payment; of the address alone where there is no URI.
    fn qr(&self, due: &Due) -> String {
        let label = self.with(self.t.qr_alt, "amount", &self.coins(&due.amount, &due.coin));
        let text = self.uri(due).unwrap_or_else(|| due.address.clone());
        qr::svg(&text, &label).unwrap_or_default()
    }

    /// How far the transaction is that needs the most.
    fn least_confirmed(&self, received: &Received) -> Confirmations {
        let missing = |one: &Confirmations| one.required.saturating_sub(one.count);
        let all = received.transactions.iter().map(Confirmations::of);
        all.max_by_key(missing).unwrap_or(Confirmations { count: 0, required: 1 })
    }

    fn confirmations(&self, of: &Confirmations) -> String {
        let (count, required) = (of.count.to_string(), of.required.to_string());
        self.with2(self.t.confirmations, ("count", &count), ("required", &required))
    }

    fn transaction_status(&self, one: &Transaction) -> String {
        match one.is_confirmed() {
            true => self.t.confirmed.to_owned(),
            false => self.confirmations(&Confirmations::of(one)),
        }
    }

    /// What may be sent, and where.
    fn only(&self, due: &Due) -> String {
        let symbol = format::symbol(&due.coin.slug);
        self.with2(self.t.pay_only, ("currency", &symbol), ("network", &due.network.name))
    }

    /// A text about an amount and the merchant.
    fn about(&self, text: &str, amount: &str, coin: &Coin) -> String {
        self.with2(text, ("amount", &self.coins(amount, coin)), ("merchant", &self.view.merchant.name))
    }

    /// The beginning, the middle and the end of an address.
    fn ends<'t>(&self, text: &'t str) -> (&'t str, &'t str, &'t str) {
        let split = || {
            let (head, rest) = text.split_at_checked(END)?;
            let (middle, tail) = rest.split_at_checked(rest.len().checked_sub(END)?)?;
            Some((head, middle, tail))
        };
        split().unwrap_or(("", text, ""))
    }

    fn with(&self, text: &str, name: &str, value: &str) -> String {
        fill(text, &[(name, value)])
    }

    fn with2(&self, text: &str, one: (&str, &str), two: (&str, &str)) -> String {
        fill(text, &[one, two])
    }

    /// What stands before and after a placeholder.
    fn around(&self, text: &'static str, name: &str) -> (&'static str, &'static str) {
        text.split_once(&format!("{{{name}}}")).unwrap_or((text, ""))
    }
}
