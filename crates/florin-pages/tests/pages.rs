//! What holds for every page in every state and language.

#[path = "samples/mod.rs"]
#[expect(dead_code, reason = "the gallery uses more of it")]
mod samples;

use florin_pages::{
    Language, PayState, PayView, asset, error_page, live_event, live_fragment, not_found, pay_page,
};
use std::collections::HashSet;

/// A tag of a page, as far as these tests read it.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    is_closing: bool,
}

impl Tag {
    fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

/// Reads tags strictly: our templates write attributes in double quotes or without a value, and nothing else.
fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    for part in html.split('<').skip(1).filter(|part| !part.starts_with('!')) {
        let (is_closing, part) = part.strip_prefix('/').map_or((false, part), |rest| (true, rest));
        let end = part.find([' ', '>', '/']).expect("a tag ends");
        let (name, mut rest) = part.split_at(end);
        let is_name = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        assert!(is_name(name), "no tag: <{part}");
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\n']);
            if rest.starts_with('>') || rest.starts_with("/>") {
                break;
            }
            let end = rest.find(['=', ' ', '>', '\n']).expect("an attribute ends");
            let (attribute, after) = rest.split_at(end);
            assert!(is_name(&attribute.replace(':', "-")), "no attribute: {attribute} in <{part}");
            let (value, after) = match after.strip_prefix("=\"") {
                Some(value) => value.split_once('"').expect("a value ends"),
                None => ("", after),
            };
            attributes.push((attribute.to_owned(), value.to_owned()));
            rest = after;
        }
        found.push(Tag { name: name.to_owned(), attributes, is_closing });
    }
    found
}

/// Every rule that a page keeps.
fn examine(html: &str, what: &str) {
    let tags = tags(html);
    let mut open: Vec<&str> = Vec::new();
    let mut ids = HashSet::new();
    let mut level = 0;
    const VOID: [&str; 7] = ["meta", "link", "img", "input", "br", "path", "circle"];
    for tag in &tags {
        let name = tag.name.as_str();
        if tag.is_closing {
            assert_eq!(open.pop(), Some(name), "{what}: </{name}>");
            continue;
        }
        if !VOID.contains(&name) {
            open.push(name);
        }
        assert!(name != "style" && name != "iframe" && name != "base", "{what}: <{name}>");
        for (attribute, value) in &tag.attributes {
            assert!(attribute != "style" && !attribute.starts_with("on"), "{what}: {attribute} of <{name}>");
            if attribute == "id" {
                assert!(!value.is_empty() && ids.insert(value.clone()), "{what}: id {value} twice");
            }
        }
        if name == "script" || name == "link" || name == "img" || name == "form" {
            let at = ["src", "href", "action"].into_iter().find_map(|one| tag.value(one)).expect("a path");
            assert!(
                at.starts_with("/pay/") || (name == "img" && at.starts_with('/')),
                "{what}: <{name}> {at}"
            );
        }
        if let Some(heading) = name.strip_prefix('h').and_then(|level| level.parse::<u8>().ok()) {
            assert!(heading <= level + 1, "{what}: a heading is left out before <h{heading}>");
            level = heading;
        }
    }
    assert_eq!(open, [""; 0], "{what}");
    assert_eq!(tags.iter().filter(|tag| tag.name == "h1" && !tag.is_closing).count(), 1, "{what}");
    for label in tags.iter().filter_map(|tag| tag.value("aria-labelledby")) {
        assert!(ids.contains(label), "{what}: no {label}");
    }
}

fn every_view() -> Vec<PayView> {
    Language::ALL.into_iter().flat_map(samples::views).collect()
}

fn view(name: &str) -> PayView {
    samples::views(Language::English).into_iter().find(|view| view.link_id == name).expect("a sample")
}

#[test]
fn every_page_is_sound_html_without_anything_inline() {
    for view in every_view() {
        let what = format!("{}.{}", view.link_id, view.language.code());
        let page = pay_page(&view);
        examine(&page, &what);
        assert!(page.starts_with("<!doctype html>"), "{what}");
        assert!(page.contains(&format!("<html lang=\"{}\" dir=\"ltr\">", view.language.code())), "{what}");
        assert!(page.contains(&live_fragment(&view)), "{what}");
        // No placeholder is left.
        assert!(!page.contains('{') && !page.contains('}'), "{what}");
    }
    for language in Language::ALL {
        examine(&not_found(language), "unknown");
        examine(&error_page(language), "error");
    }
}

#[test]
fn hostile_texts_stay_texts_in_every_field() {
    for (name, state) in samples::states() {
        let page = pay_page(&samples::hostile(&state));
        examine(&page, name);
        let tags = tags(&page);
        assert_eq!(tags.iter().filter(|tag| tag.name == "script" && !tag.is_closing).count(), 1, "{name}");
        assert!(page.contains("&#60;script&#62;"), "{name}");
        // A value of the payer's or the partner's is never a placeholder.
        assert!(page.contains("{merchant}"), "{name}");
    }
}

#[test]
fn the_link_is_one_segment_of_a_path() {
    let mut view = view("choose");
    view.link_id = "../v1?a=\"é".to_owned();
    let page = pay_page(&view);
    assert!(page.contains("action=\"/pay/%2E%2E%2Fv1%3Fa%3D%22%C3%A9?lang=en\""), "{page}");
}

#[test]
fn only_web_pages_are_gone_back_to() {
    let has_way_back = |url: &str| {
        let page = pay_page(&PayView { back_url: Some(url.to_owned()), ..view("paid") });
        page.contains("id=\"back\"")
    };
    assert!(has_way_back("https://shop.example/a?b=c") && has_way_back("HTTP://localhost:3000/"));
    for url in ["javascript:alert(1)", "data:text/html,x", "//shop.example", "", " javascript://x", "https:x"]
    {
        assert!(!has_way_back(url), "{url}");
    }
}

#[test]
fn only_our_own_pictures_are_shown() {
    for path in ["https://elsewhere.example/logo", "//elsewhere.example/logo", "/\\elsewhere.example", "logo"]
    {
        let mut view = view("choose-branded");
        view.merchant.logo_path = Some(path.to_owned());
        assert!(!pay_page(&view).contains("<img"), "{path}");
    }
    assert!(
        pay_page(&view("choose-branded")).contains("<img class=\"logo\" src=\"/pay/choose-branded/logo\"")
    );
}

#[test]
fn the_payer_chooses_by_a_form() {
    let page = pay_page(&view("choose"));
    let forms: Vec<_> = page.split("<form ").skip(1).collect();
    assert_eq!(forms.len(), 9);
    let third = forms[2];
    assert!(third.starts_with("method=\"post\" action=\"/pay/choose?lang=en\">"), "{third}");
    assert!(
        third.contains("name=\"currency\" value=\"usdc\"")
            && third.contains("name=\"network\" value=\"polygon\"")
    );
    assert!(third.contains("412.607142\u{a0}USDC") && third.contains("1 USDC = €0.84"), "{third}");
}

#[test]
fn what_is_to_be_sent_is_said_as_text_link_and_code() {
    let page = pay_page(&view("pay-bitcoin"));
    assert!(page.contains("href=\"bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq?amount=0.00412001\""));
    assert!(page.contains("data-copy=\"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq\""));
    assert!(page.contains("data-copy=\"0.00412001\"") && page.contains("Send 0.00412001\u{a0}BTC"));
    assert!(page.contains("only BTC on the Bitcoin network") && page.contains("class=\"qr\""));
    assert!(page.contains(">14:32</time>") && page.contains("max=\"872\" value=\"872\""));
    assert!(page.contains("name=\"change\""));
    assert!(!pay_page(&view("pay-last-minute")).contains("name=\"change\""));
}

#[test]
fn who_paid_too_little_is_asked_for_the_rest() {
    let page = pay_page(&view("underpaid"));
    assert!(page.contains("<h1>112.607142\u{a0}USDC is still missing</h1>"), "{page}");
    assert!(page.contains("uint256=112607142\""), "{page}");
    assert!(
        page.contains("1:02:05") && page.contains("300\u{a0}USDC") && page.contains("412.607142\u{a0}USDC")
    );
}

#[test]
fn confirmations_are_those_of_the_transaction_that_has_the_fewest() {
    assert!(pay_page(&view("seen")).contains("max=\"12\" value=\"3\""));
    let page = pay_page(&view("seen-twice"));
    assert!(page.contains("max=\"12\" value=\"0\"") && page.contains("Confirmations: 0 of 12"));
}

#[test]
fn a_receipt_has_all_that_was_paid() {
    let page = pay_page(&view("paid-over-and-late"));
    for text in
        ["€346.59", "430\u{a0}USDC", "2026-104417", "30 November 2026, 19:47 UTC", "Back to Nordlicht Audio"]
    {
        assert!(page.contains(text), "{text}");
    }
    assert!(
        page.contains("You sent 17.392858\u{a0}USDC more") && page.contains("after the time had run out")
    );
    let plain = pay_page(&view("paid"));
    assert!(!plain.contains("more than was asked") && !plain.contains("after the time had run out"));
}

#[test]
fn an_ended_payment_shows_no_address() {
    for name in ["expired", "expired-again", "expired-part", "cancelled", "paid", "seen"] {
        let page = pay_page(&view(name));
        assert!(!page.contains("data-copy") && !page.contains("class=\"qr\""), "{name}");
    }
    assert!(pay_page(&view("expired-again")).contains("name=\"change\" value=\"1\""));
    assert!(!pay_page(&view("expired")).contains("<form"));
}

#[test]
fn an_unknown_link_says_nothing_of_any() {
    for language in Language::ALL {
        let page = not_found(language);
        assert!(!page.contains("data-live") && !page.contains("<form") && !page.contains("refresh"));
    }
}

#[test]
fn a_page_that_waits_loads_itself_again_and_a_final_one_is_not_followed() {
    for view in samples::views(Language::English) {
        let page = pay_page(&view);
        let waits =
            matches!(view.state, PayState::Pay { .. } | PayState::Seen { .. } | PayState::Underpaid { .. });
        assert_eq!(page.contains("<noscript><meta http-equiv=\"refresh\""), waits, "{}", view.link_id);
        let is_final = matches!(view.state, PayState::Paid { .. } | PayState::Cancelled);
        assert_eq!(page.contains("data-follow=\"no\""), is_final, "{}", view.link_id);
    }
}

#[test]
fn a_version_is_of_all_but_the_time() {
    let views = samples::views(Language::English);
    let versions: HashSet<_> = views.iter().map(PayView::version).collect();
    assert_eq!(versions.len(), views.len());
    let mut later = view("pay-token");
    let before = later.version();
    later.now = later.expires_at;
    assert_eq!(later.version(), before);
    later.language = Language::Polish;
    assert_ne!(later.version(), before);
}

#[test]
fn an_event_is_one_whatever_is_in_the_fragment() {
    assert_eq!(live_event("a\nb\r\ndata: c"), "event: live\ndata: a\ndata: b\ndata: \ndata: data: c\n\n");
}

#[test]
fn a_first_view_is_small() {
    let size = |path: &String| asset(path).expect("a file").bytes.len();
    let mut largest = 0;
    for view in every_view() {
        let page = pay_page(&view);
        let paths = samples::asset_paths(&page);
        assert_eq!(paths.len(), 3);
        largest = largest.max(page.len() + paths.iter().map(size).sum::<usize>());
    }
    // Half of what is allowed (60 KB), so that it is noticed when it grows.
    assert!(largest < 30_000, "{largest} bytes");
}
