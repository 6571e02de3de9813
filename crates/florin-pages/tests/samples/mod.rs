//! A view of every state, and a folder of pages of them: for the tests, for a browser and for the gallery.

use florin_pages::{
    Coin, Colour, Due, Language, Merchant, Network, Offer, PayState, PayView, Received, Transaction, UriForm,
    asset, brand_css, error_page, live_event, live_fragment, not_found, pay_page, security_headers,
};
use florin_types::Timestamp;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

const HASH: &str = "0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060";
const ANOTHER_HASH: &str = "0x88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe6a713944b";
const ACCOUNT: &str = "0x8e23Ee67d1332aD560396262C48ffbB01f93d052";
const SCRIPT: &str = "\"><script>alert(1)</script>'&{merchant}\u{202e}";

/// The minute in which all samples are.
pub fn now() -> Timestamp {
    Timestamp::parse("2026-11-30T19:47:12Z").unwrap()
}

fn later(seconds: u64) -> Timestamp {
    now().saturating_add(Duration::from_secs(seconds))
}

fn coin(slug: &str, name: &str) -> Coin {
    Coin { slug: slug.to_owned(), name: name.to_owned() }
}

fn network(slug: &str, name: &str) -> Network {
    Network { slug: slug.to_owned(), name: name.to_owned() }
}

fn usdc() -> Coin {
    coin("usdc", "USD Coin")
}

fn polygon() -> Network {
    network("polygon", "Polygon")
}

fn transaction(hash: &str, amount: &str, confirmations: u32) -> Transaction {
    Transaction { hash: hash.to_owned(), amount: amount.to_owned(), confirmations, required: 12 }
}

fn received(amount: &str, transactions: Vec<Transaction>) -> Received {
    Received { coin: usdc(), network: polygon(), amount: amount.to_owned(), transactions }
}

fn offers() -> Vec<Offer> {
    let offer = |coin, networks, rate: &str, amount: &str| Offer {
        coin,
        networks,
        rate: rate.to_owned(),
        amount: amount.to_owned(),
    };
    let ethereum = || network("ethereum", "Ethereum");
    let both = || vec![polygon(), ethereum()];
    vec![
        offer(coin("btc", "Bitcoin"), vec![network("bitcoin", "Bitcoin")], "84123.45", "0.00412001"),
        offer(coin("eth", "Ether"), vec![ethereum()], "2871.1", "0.12071331"),
        offer(usdc(), both(), "0.84", "412.607142"),
        offer(coin("usdt", "Tether"), both(), "0.8396", "412.803716"),
        offer(coin("ltc", "Litecoin"), vec![network("litecoin", "Litecoin")], "78.4", "4.42079082"),
        offer(coin("doge", "Dogecoin"), vec![network("dogecoin", "Dogecoin")], "0.12731", "2722.41002278"),
        offer(coin("pol", "Polygon"), vec![polygon()], "0.1183", "2929.75486053"),
    ]
}

fn due_bitcoin() -> Due {
    Due {
        coin: coin("btc", "Bitcoin"),
        network: network("bitcoin", "Bitcoin"),
        amount: "0.00412001".to_owned(),
        address: "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq".to_owned(),
        form: UriForm::Bitcoin,
        since: now(),
        until: later(872),
    }
}

fn due_token(amount: &str, left: u64) -> Due {
    Due {
        coin: usdc(),
        network: polygon(),
        amount: amount.to_owned(),
        address: ACCOUNT.to_owned(),
        form: UriForm::Erc20 {
            chain_id: 137,
            contract: "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359".to_owned(),
            decimals: 6,
        },
        since: later(left).saturating_sub(Duration::from_secs(left.max(600) + 300)),
        until: later(left),
    }
}

fn view(name: &str, language: Language, state: PayState) -> PayView {
    PayView {
        link_id: name.to_owned(),
        language,
        merchant: Merchant { name: "Nordlicht Audio".to_owned(), logo_path: None, has_colours: false },
        amount: "346.59".to_owned(),
        description: Some("Studio headphones NL-40, black".to_owned()),
        external_order_id: Some("2026-104417".to_owned()),
        is_changing: false,
        state,
        now: now(),
        expires_at: later(86_400),
        back_url: Some("https://shop.example/return?order=2026-104417&signature=x".to_owned()),
        is_test: false,
    }
}

/// Every state by its name.
pub fn states() -> Vec<(&'static str, PayState)> {
    let full = || received("412.607142", vec![transaction(HASH, "412.607142", 12)]);
    let two = || received("430", vec![transaction(HASH, "300", 12), transaction(ANOTHER_HASH, "130", 12)]);
    let part = || received("300", vec![transaction(HASH, "300.000000", 12)]);
    vec![
        ("choose", PayState::Choose { offers: offers() }),
        ("choose-none", PayState::Choose { offers: Vec::new() }),
        ("pay-bitcoin", PayState::Pay { due: due_bitcoin(), may_change: true }),
        ("pay-token", PayState::Pay { due: due_token("412.607142", 872), may_change: true }),
        ("pay-last-minute", PayState::Pay { due: due_token("412.607142", 41), may_change: false }),
        (
            "seen",
            PayState::Seen { received: received("412.607142", vec![transaction(HASH, "412.607142", 3)]) },
        ),
        (
            "seen-twice",
            PayState::Seen {
                received: received(
                    "430",
                    vec![transaction(HASH, "300", 12), transaction(ANOTHER_HASH, "130", 0)],
                ),
            },
        ),
        (
            "underpaid",
            PayState::Underpaid {
                due: due_token("112.607142", 3725),
                required: "412.607142".to_owned(),
                received: part(),
            },
        ),
        ("paid", PayState::Paid { received: full(), paid_at: now(), over: None, is_late: false }),
        (
            "paid-over-and-late",
            PayState::Paid {
                received: two(),
                paid_at: now(),
                over: Some("17.392858".to_owned()),
                is_late: true,
            },
        ),
        ("expired-again", PayState::Expired { may_choose_again: true, received: None }),
        ("expired", PayState::Expired { may_choose_again: false, received: None }),
        ("expired-part", PayState::Expired { may_choose_again: false, received: Some(part()) }),
        ("cancelled", PayState::Cancelled),
    ]
}

/// A view of every state: plain ones, some in a partner's colours, and some with texts that nobody hopes for.
pub fn views(language: Language) -> Vec<PayView> {
    let mut all: Vec<_> = states().into_iter().map(|(name, state)| view(name, language, state)).collect();
    for (name, state) in states() {
        if ["choose", "pay-token", "paid"].contains(&name) {
            let mut branded = view(&format!("{name}-branded"), language, state.clone());
            let logo_path = Some(format!("/pay/{}/logo", branded.link_id));
            branded.merchant = Merchant { name: "Gelato Bianchi".to_owned(), logo_path, has_colours: true };
            branded.is_test = true;
            all.push(branded);
        }
        if ["choose", "underpaid", "paid-over-and-late"].contains(&name) {
            let mut long = view(&format!("{name}-long"), language, state);
            long.merchant.name =
                "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".to_owned();
            long.amount = "1234567.89".to_owned();
            long.description = Some(format!("{} {}", "Unbreakable".repeat(12), "and many words ".repeat(12)));
            long.external_order_id = Some("9".repeat(64));
            all.push(long);
        }
    }
    all
}

/// A view with a hostile text in every field that holds one.
pub fn hostile(state: &PayState) -> PayView {
    let mut state = state.clone();
    let text = || SCRIPT.to_owned();
    let coin = || Coin { slug: text(), name: text() };
    let network = || Network { slug: text(), name: text() };
    let received = || Received {
        coin: coin(),
        network: network(),
        amount: text(),
        transactions: vec![Transaction { hash: text(), amount: text(), confirmations: 0, required: 0 }],
    };
    let spoil = |due: &mut Due| {
        *due = Due {
            coin: coin(),
            network: network(),
            amount: text(),
            address: text(),
            form: UriForm::Erc20 { chain_id: 1, contract: text(), decimals: u8::MAX },
            ..due.clone()
        };
    };
    match &mut state {
        PayState::Choose { offers } => {
            for offer in offers {
                *offer = Offer { coin: coin(), networks: vec![network()], rate: text(), amount: text() };
            }
        }
        PayState::Pay { due, .. } => spoil(due),
        PayState::Seen { received: one } => *one = received(),
        PayState::Underpaid { due, required, received: one } => {
            spoil(due);
            (*required, *one) = (text(), received());
        }
        PayState::Paid { received: one, over, .. } => (*one, *over) = (received(), Some(text())),
        PayState::Expired { received: one, .. } => *one = Some(received()),
        PayState::Cancelled => {}
    }
    PayView {
        link_id: text(),
        merchant: Merchant { name: text(), logo_path: Some(format!("/{SCRIPT}")), has_colours: true },
        amount: text(),
        description: Some(text()),
        external_order_id: Some(text()),
        back_url: Some(format!("https://shop.example/{SCRIPT}")),
        ..view("", Language::English, state)
    }
}

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 40\"><rect width=\"40\" height=\"40\" \
    rx=\"8\" fill=\"#ffe3ec\"/><path d=\"M12 17h16l-8 17z\" fill=\"#c98b4b\"/><circle cx=\"20\" cy=\"13\" r=\"8\" \
    fill=\"#d6336c\"/></svg>";

/// Writes a folder that a plain server can serve: `pay/<name>.<language>.html` and the same with `.live` for the
/// fragment as an event, the files that the pages load, and `headers.json`.
pub fn write_gallery(folder: &Path) -> io::Result<Vec<String>> {
    let pages = folder.join("pay");
    fs::create_dir_all(pages.join("assets"))?;
    let mut names = Vec::new();
    for language in Language::ALL {
        let code = language.code();
        for view in views(language) {
            let name = &view.link_id;
            fs::write(pages.join(format!("{name}.{code}.html")), pay_page(&view))?;
            fs::write(pages.join(format!("{name}.{code}.live")), live_event(&live_fragment(&view)))?;
            if language == Language::English {
                names.push(name.clone());
            }
        }
        fs::write(pages.join(format!("unknown.{code}.html")), not_found(language))?;
        fs::write(pages.join(format!("error.{code}.html")), error_page(language))?;
    }
    names.extend(["unknown".to_owned(), "error".to_owned()]);
    for path in asset_paths(&not_found(Language::English)) {
        let asset = asset(&path).ok_or_else(|| io::Error::other(path.clone()))?;
        fs::write(folder.join(path.trim_start_matches('/')), asset.bytes)?;
    }
    let colour = |text| Colour::parse(text).ok_or_else(|| io::Error::other("no colour"));
    fs::write(pages.join("brand.css"), brand_css(colour("#d6336c")?, colour("#0b7285")?))?;
    fs::write(pages.join("logo.svg"), LOGO)?;
    let headers = security_headers().iter().map(|(name, value)| format!("  \"{name}\": \"{value}\""));
    fs::write(folder.join("headers.json"), format!("{{\n{}\n}}\n", headers.collect::<Vec<_>>().join(",\n")))?;
    fs::write(folder.join("names.txt"), names.join("\n"))?;
    Ok(names)
}

/// The paths of the files that a page loads from `/pay/assets/`.
pub fn asset_paths(page: &str) -> Vec<String> {
    let rest = |part: &str| part.split('"').next().map(|name| format!("/pay/assets/{name}"));
    page.split("\"/pay/assets/").skip(1).filter_map(rest).collect()
}
