//! Reading the configuration.

use super::*;
use crate::variables::SETTINGS;
use std::path::Path;

/// The defaults with this file over them.
fn config(file: &str) -> Result<Config, String> {
    let merged = Figment::from(Serialized::defaults(DEFAULTS)).merge(Toml::string(file));
    merged.extract::<Config>().map_err(variables::explain)
}

fn reference(section: &str) -> Result<Reference, String> {
    config(section)?.reference().map_err(|error| error.to_string())
}

#[test]
fn the_file_may_change_a_part_of_the_reference() {
    let changed = reference("[reference.fees]\nexchange_percentage = \"0.99\"\n").expect("tables");
    assert_eq!(changed.fees().exchange_percentage.to_string(), "0.99");
    assert_eq!(changed.fees().card_monthly.to_string(), "0.25");
    let wrong = reference("[reference]\npoa_countries = [\"XX\"]\n").expect_err("no such country");
    assert!(wrong.starts_with("configuration section reference: country \"XX\""), "{wrong}");
    assert!(reference("[reference]\nfee = 1\n").is_err());
}

#[test]
fn the_numbers_of_cards_begin_as_is_set() {
    let range = |file: &str| config(file).map(|config| config.settings().cards.range);
    assert_eq!(range(""), Ok(CardRange::of_no_network()));
    assert_eq!(range("card_bin = \"400012\""), Ok(CardRange::parse("400012").expect("a range")));
    assert!(config("card_bin = \"400012\"").expect("a file").shown().contains("card_bin = \"400012\"\n"));
    for wrong in ["\"40001\"", "\"0400012\"", "\"40001200000\"", "\"4000 12\"", "400012"] {
        let said = range(&format!("card_bin = {wrong}")).expect_err(wrong);
        assert!(said.contains("card_bin"), "{said}");
    }
    let live = config("environment = \"live\"").expect("a file").settings();
    assert!(live.cards.processor.is_none());
}

#[test]
fn live_on_simulated_rails_must_be_meant() {
    let check = |file: &str| config(file).expect(file).check_rails().map_err(|error| error.to_string());
    assert_eq!(check(""), Ok(()));
    assert_eq!(check("environment = \"live\"\nsimulated_rails = true"), Ok(()));
    let said = check("environment = \"live\"").expect_err("nobody said that it is meant");
    assert!(said.contains("set simulated_rails = true"), "{said}");
    assert_eq!(check("environment = \"live\"\nsepa.rail = \"files\""), Ok(()));
}

#[test]
fn live_never_sends_anywhere() {
    let of = |file: &str| config(file).expect(file);
    assert_eq!(of("").settings().webhook_targets, WebhookTargets::Anywhere);
    assert_eq!(of("webhook_targets = \"public\"").settings().webhook_targets, WebhookTargets::Public);
    let live = of("environment = \"live\"");
    assert_eq!(live.settings().webhook_targets, WebhookTargets::Public);
    assert!(live.check_targets().is_ok() && of("webhook_targets = \"anywhere\"").check_targets().is_ok());
    let said = of("environment = \"live\"\nwebhook_targets = \"anywhere\"").check_targets();
    assert!(said.expect_err("refused").to_string().contains("FLORIN_WEBHOOK_TARGETS"));
    assert!(config("webhook_targets = \"somewhere\"").is_err());
}

#[test]
fn what_no_server_starts_with_is_refused() {
    let check = |file: &str| config(file)?.check().map(drop).map_err(|error| error.to_string());
    let live = format!(
        "environment = \"live\"\nsimulated_rails = true\nrate_source = \"fixed\"\nmaster_key = \"{}\"\n\
         public_url = \"https://florin.example\"\n",
        "5e".repeat(32)
    );
    assert_eq!([check(""), check(&live)], [Ok(()), Ok(())]);
    for line in live.lines().skip(1) {
        let name = line.split(' ').next().expect("a name");
        let said = check(&live.replace(line, "")).expect_err(name);
        assert!(said.to_lowercase().contains(name), "{said}");
    }
    let said = check("sepa.rail = \"files\"").expect_err("made-up money");
    assert!(said.contains("sepa.test_bank"), "{said}");
    assert!(check("vault = \"ftp://a\"").expect_err("no vault").contains("vault"));
    assert!(check("log = \"florin=loud\"").expect_err("no filter").starts_with("log: "));
}

fn vault(file: &str) -> Result<florin_vault::Place, String> {
    config(file)?.vault().map_err(|error| error.to_string())
}

const KEYS: &str = "vault_s3_access_key_id = \"id\"\nvault_s3_secret_access_key = \"never shown\"\n";

#[test]
fn files_are_kept_in_a_folder() {
    for (file, expected) in [
        ("", "florin-data/vault"),
        ("data_dir = \"/d\"", "/d/vault"),
        ("vault = \"/files\"", "/files"),
        ("database_url = \"postgres://h/d\"\nvault_is_shared = true", "florin-data/vault"),
    ] {
        let place = vault(file).expect(file);
        assert!(matches!(&place, florin_vault::Place::Folder(folder) if folder == expected), "{place:?}");
    }
    for environment in ["sandbox", "live"] {
        let file = format!("database_url = \"postgres://h/d\"\nenvironment = \"{environment}\"");
        let said = vault(&file).expect_err("nobody said that it is shared");
        assert!(said.contains("set vault_is_shared = true if they do, or use vault = s3://…"), "{said}");
    }
    for place in ["", "https://example.com/bucket", "gs://bucket"] {
        assert!(vault(&format!("vault = \"{place}\"\n{KEYS}")).is_err(), "{place}");
    }
}

#[test]
fn files_are_kept_in_a_bucket() {
    for (address, name, inside) in
        [("b", "b", ""), ("b/", "b", ""), ("b/p", "b", "p"), ("b/p/q/", "b", "p/q")]
    {
        let more = "database_url = \"postgres://h/d\"\ndata_dir = \"/d\"\n";
        let place = vault(&format!("vault = \"s3://{address}\"\n{KEYS}{more}")).expect(address);
        let florin_vault::Place::Bucket { settings, spool } = place else { panic!("{place:?}") };
        assert_eq!((&*settings.bucket, &*settings.prefix), (name, inside), "{address}");
        assert_eq!((settings.endpoint, &*settings.region), (None, "us-east-1"));
        assert!(!settings.allow_http && spool == Path::new("/d/spool"));
    }
    let said = vault("vault = \"s3://b\"").expect_err("no keys");
    assert!(said.contains("vault_s3_access_key_id and vault_s3_secret_access_key"), "{said}");
    assert!(vault(&format!("vault = \"s3:///p\"\n{KEYS}")).is_err());
}

#[test]
fn a_public_url_is_plain_and_in_live_https() {
    let url = |file: &str, listening: &str| {
        let listening = listening.parse().expect("an address");
        config(file)?.public_url(listening).map_err(|error| error.to_string())
    };
    for (listening, expected) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:81", "http://[::1]:81"),
        ("192.0.2.7:82", "http://192.0.2.7:82"),
    ] {
        assert_eq!(url("", listening).as_deref(), Ok(expected));
    }
    let live = "environment = \"live\"\n";
    assert!(url(live, "127.0.0.1:1").expect_err("live needs one").contains("FLORIN_PUBLIC_URL"));
    for (text, in_sandbox, in_live) in [
        ("https://bank.example", true, true),
        ("https://bank.example/", true, true),
        ("https://bank.example:8443/florin/", true, true),
        ("http://bank.example", true, false),
        ("ftp://bank.example", false, false),
        ("https://bank.example/?a=b", false, false),
        ("https://bank.example/#a", false, false),
        ("https://anna:secret@bank.example", false, false),
        ("bank.example", false, false),
        ("/v1", false, false),
        ("", false, false),
    ] {
        for (head, allowed) in [("", in_sandbox), (live, in_live)] {
            let found = url(&format!("{head}public_url = \"{text}\""), "127.0.0.1:1");
            let expected = allowed.then(|| text.trim_end_matches('/').to_owned());
            assert_eq!(found.clone().ok(), expected, "{text} {head} {found:?}");
        }
    }
}

#[test]
fn what_is_shown_is_read_again_and_holds_no_secret() {
    let file = "database_url = \"postgres://u:never shown@h/d\"\nmaster_key = \"never shown\"\n\
                vault = \"s3://b/p\"\npublic_url = \"https://bank.example\"\n";
    let more = "[reference.fees]\ncard_monthly = \"0.33\"\n[rates.ecb]\naddress = \"ecb.xml\"\n\
                every_seconds = 7\n[[rates.ticker]]\naddress = \"https://h/t?key=never shown\"\n\
                symbols = { btc = \"X\\\\\\\"BT\" }\n";
    let shown = config(&format!("{file}{KEYS}{more}")).expect("a configuration").shown();
    assert!(!shown.contains("never shown"), "{shown}");
    let again = config(&shown).expect("what is shown can be read");
    assert_eq!(again.shown(), shown);
    for name in SETTINGS {
        // Those of networks are in sections, of which none is set here.
        let name = name
            .strip_prefix("chain_")
            .and_then(|rest| rest.split_once('_'))
            .map_or_else(|| (*name).to_owned(), |(network, _)| format!("chains.{network}"));
        let is_it = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{name} = "));
        assert!(shown.lines().any(is_it), "{name} is not shown");
    }
    for line in ["card_monthly = \"0.33\"", "code = \"usdt\"", "rate_eur = \"95000.5\"", "every_seconds = 7"]
    {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in {shown}");
    }
    let shown = config("").expect("the defaults").shown();
    assert!(shown.contains("# rates.ecb = (not set)\n# rates.ticker = (not set)\n"), "{shown}");
    assert_eq!(config(&shown).expect("TOML").shown(), shown);
}
