//! Lists of sanctioned addresses: what is read, what is refused, and where.

use florin_travel::{ListError, ListProblem, SanctionedAddresses, normalised_address};
use proptest::prelude::*;

const BECH32: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const BASE58: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
const EVM: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// A list as OFAC writes it, with addresses of nobody.
const SDN: &str = r#"<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<sdnList xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="https://example.com/exports/XML">
  <publshInformation>
    <Publish_Date>11/27/2026</Publish_Date>
    <Record_Count>2</Record_Count>
  </publshInformation>
  <sdnEntry>
    <uid>1</uid>
    <lastName>DOE &amp; CO&#46;</lastName>
    <sdnType>Entity</sdnType>
    <idList>
      <id>
        <uid>11</uid>
        <idType>Digital Currency Address - XBT</idType>
        <idNumber>bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4</idNumber>
      </id>
      <id>
        <uid>12</uid>
        <idType>Digital Currency Address - ETH</idType>
        <idNumber> 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed </idNumber>
      </id>
      <id>
        <uid>13</uid>
        <idType>Digital Currency Address - USDC</idType>
        <idNumber>0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED</idNumber>
      </id>
      <id>
        <uid>14</uid>
        <idType>Passport</idType>
        <idNumber>A 1234567</idNumber>
        <idCountry>Ruritania</idCountry>
      </id>
      <id>
        <uid>15</uid>
        <idType>Gender</idType>
      </id>
    </idList>
  </sdnEntry>
  <sdnEntry>
    <uid>2</uid>
    <idList/>
  </sdnEntry>
</sdnList>
"#;

fn read(text: &str) -> Result<SanctionedAddresses, ListError> {
    SanctionedAddresses::read(text.as_bytes())
}

fn at(line: usize, problem: ListProblem) -> ListError {
    ListError::Line { line, problem }
}

/// The list with one piece of it replaced.
fn with(from: &str, to: &str) -> String {
    assert_eq!(SDN.matches(from).count(), 1, "{from}");
    SDN.replace(from, to)
}

#[test]
fn the_list_of_ofac_is_read() {
    for text in [SDN.to_owned(), SDN.replace('\n', "\r\n"), format!("\u{FEFF}{SDN}")] {
        let list = read(&text).unwrap();
        assert_eq!(list.count(), 2);
        assert_eq!(list.find(BECH32), Some(&["XBT".to_owned()][..]));
        assert_eq!(list.find(EVM), Some(&["ETH".to_owned(), "USDC".to_owned()][..]));
        for other in [BASE58, "A 1234567", "Male", ""] {
            assert_eq!(list.find(other), None, "{other}");
        }
    }
}

#[test]
fn one_address_a_line_is_read() {
    let list =
        read(&format!("# bitcoin\n\n{BASE58}\r\n  {EVM}  \n{BASE58}\n{}", BECH32.to_uppercase())).unwrap();
    assert_eq!(list.count(), 3);
    for address in [BASE58, EVM, BECH32] {
        assert_eq!(list.find(address), Some(&[][..]), "{address}");
    }
}

#[test]
fn addresses_are_compared_in_one_form() {
    let list = read(&format!("{BASE58}\n{EVM}\n{BECH32}\n")).unwrap();
    for (address, is_found) in [
        (EVM.to_lowercase(), true),
        (EVM.to_uppercase(), true),
        (format!(" {EVM}\n"), true),
        (EVM.trim_start_matches("0x").to_owned(), false),
        (BECH32.to_uppercase(), true),
        (BASE58.to_lowercase(), false),
        (format!("{BASE58}a"), false),
        (BASE58[1..].to_owned(), false),
    ] {
        assert_eq!(list.find(&address).is_some(), is_found, "{address}");
    }
    for (text, form) in [
        ("LTC1QW508", "ltc1qw508"),
        ("tltc1Q", "tltc1q"),
        ("0xG", "0xG"),
        ("0x", "0x"),
        ("0XAb", "0xab"),
        ("TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"),
    ] {
        assert_eq!(normalised_address(text), form);
    }
}

#[test]
fn a_list_of_nothing_is_an_error() {
    for text in ["", " \n", "# nothing\n", "<sdnList/>", "<sdnList><sdnEntry/></sdnList>"] {
        assert_eq!(read(text), Err(ListError::Empty), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_named_by_its_line() {
    use ListProblem as P;
    let xml = |text: &str| P::Xml(text.to_owned());
    let deep = format!("<sdnList>\n{}", "<a>".repeat(16));
    let number = "<idNumber>bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4</idNumber>";
    for (text, error) in [
        (format!("{BASE58}\nwrong address of many words\n"), at(2, P::Address)),
        (format!("{BASE58}\n{BASE58},XBT\n"), at(2, P::Address)),
        (format!("{BASE58}\n\n404\n"), at(3, P::Short)),
        (format!("{}\n", "a".repeat(129)), at(1, P::Address)),
        ("<!doctype html>\n<html></html>".to_owned(), at(1, P::Doctype)),
        ("<html></html>".to_owned(), at(1, P::Root)),
        ("<Sanctions xmlns=\"x\">\n</Sanctions>".to_owned(), at(1, P::Root)),
        ("<sdnList/>\n<sdnList/>".to_owned(), at(2, P::Root)),
        ("<sdnList/>\nmore".to_owned(), at(1, xml("text outside the root"))),
        (deep, at(2, P::TooDeep)),
        ("<!DOCTYPE x [<!ENTITY a \"b\">]><sdnList/>".to_owned(), at(1, P::Doctype)),
        (with("&amp;", "&bomb;"), at(9, xml("an unknown entity"))),
        (with(number, ""), at(16, P::NoNumber)),
        (with(number, "<idNumber/>"), at(16, P::Address)),
        (with(number, "<idNumber>see remarks</idNumber>"), at(16, P::Address)),
        (with(number, &format!("{number}{number}")), at(15, P::Value)),
        (with(number, "<idNumber><b/></idNumber>"), at(15, P::Value)),
        (with(number, &format!("<idNumber>{}</idNumber>", "a".repeat(1025))), at(15, P::Value)),
    ] {
        assert_eq!(read(&text), Err(error), "{text}");
    }
    assert_eq!(SanctionedAddresses::read(b"1\n\xFF"), Err(at(2, P::Encoding)));
    let utf_16: Vec<u8> =
        [0xFEFF_u16].into_iter().chain(SDN.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(SanctionedAddresses::read(&utf_16), Err(at(1, P::Encoding)));
    let crossed = read("<sdnList>\n<a>\n</b></sdnList>").unwrap_err();
    assert!(crossed.to_string().starts_with("line 3 of the list: is no well-formed XML"), "{crossed}");
}

#[test]
fn a_list_of_too_many_bytes_is_an_error() {
    assert_eq!(SanctionedAddresses::read(&vec![0; (128 << 20) + 1]), Err(ListError::TooLarge));
}

#[test]
fn a_list_that_was_cut_is_an_error_wherever_it_was_cut() {
    let root_ends = SDN.trim_end().len();
    for length in 1..root_ends {
        assert!(SanctionedAddresses::read(&SDN.as_bytes()[..length]).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        place in 0..SDN.len(),
        byte in any::<u8>(),
        tags in "(<(/?|!)(sdnList|id|idType|idNumber|a)/?>|&#?x?[0-9a-z]{0,3};|[ -~]|\n){0,40}",
    ) {
        let _ = SanctionedAddresses::read(&bytes);
        let _ = read(&tags);
        let _ = read(&format!("<sdnList>{tags}</sdnList>"));
        let mut changed = SDN.as_bytes().to_vec();
        changed[place] = byte;
        if let Ok(list) = SanctionedAddresses::read(&changed) {
            prop_assert!(list.count() > 0);
        }
    }

    #[test]
    fn what_is_listed_is_found(addresses in prop::collection::vec("[0-9a-zA-Z]{20,64}|0x[0-9a-fA-F]{40}", 1..20)) {
        let ids: Vec<_> = addresses
            .iter()
            .map(|one| format!("<id><idType>Digital Currency Address - X</idType><idNumber>{one}</idNumber></id>"))
            .collect();
        let plain = read(&addresses.join("\n")).unwrap();
        let sdn = read(&format!("<sdnList>{}</sdnList>", ids.concat())).unwrap();
        prop_assert_eq!(plain.count(), sdn.count());
        for address in &addresses {
            prop_assert!(plain.find(address).is_some() && sdn.find(address).is_some());
        }
    }

    #[test]
    fn a_form_is_its_own_form(text in any::<String>()) {
        let form = normalised_address(&text);
        prop_assert_eq!(normalised_address(&form), form);
    }
}
