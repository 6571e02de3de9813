//! What is refused, what is taken all the same, and where an error says that it is.

use florin_iso20022::{Document, Limits, Problem, ReadError, read};

/// A notification of one credit of 12.34 euros, as a bank writes it.
pub const CREDIT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">
  <BkToCstmrDbtCdtNtfctn>
    <GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-27T10:00:00+01:00</CreDtTm></GrpHdr>
    <Ntfctn>
      <Id>N1</Id>
      <Acct><Id><IBAN>LT121000011101001000</IBAN></Id><Ccy>EUR</Ccy></Acct>
      <Ntry>
        <Amt Ccy="EUR">12.34</Amt>
        <CdtDbtInd>CRDT</CdtDbtInd>
        <Sts><Cd>BOOK</Cd></Sts>
        <BookgDt><Dt>2026-11-27</Dt></BookgDt>
        <AcctSvcrRef>R1</AcctSvcrRef>
        <BkTxCd/>
        <NtryDtls><TxDtls>
          <Refs><EndToEndId>E1</EndToEndId></Refs>
          <Amt Ccy="EUR">12.34</Amt>
          <RltdPties><Dbtr><Pty><Nm>Ada</Nm></Pty></Dbtr></RltdPties>
          <RmtInf><Ustrd>Rent</Ustrd></RmtInf>
        </TxDtls></NtryDtls>
      </Ntry>
    </Ntfctn>
  </BkToCstmrDbtCdtNtfctn>
</Document>"#;

const ENTRY_AMOUNT: &str = r#"<Amt Ccy="EUR">12.34</Amt>
        <CdtDbtInd>"#;

fn read_text(text: &str) -> Result<Document, ReadError> {
    read(text.as_bytes(), Limits::default())
}

/// The notification with one piece of it replaced.
fn with(from: &str, to: &str) -> String {
    assert_eq!(CREDIT.matches(from).count(), 1, "{from}");
    CREDIT.replace(from, to)
}

/// The notification whose entry and transaction have another amount.
fn with_amount(attribute: &str, amount: &str) -> String {
    CREDIT.replace(r#"<Amt Ccy="EUR">12.34<"#, &format!("<Amt{attribute}>{amount}<"))
}

#[test]
fn documents_that_are_refused() {
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>"#;
    let external = r#"<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>"#;
    let deep = format!("<Id>N1</Id>{}{}", "<a>".repeat(40), "</a>".repeat(40));
    let id = "<Id>N1</Id>";
    let inside = "<MsgId>M1</MsgId>";
    let root = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\">";
    for (text, said) in [
        (String::new(), "line 1 (byte 0): the document lacks Document"),
        ("<html/>".to_owned(), "line 1 (byte 0): html has the unknown namespace \"\""),
        ("not XML".to_owned(), "the document has text where only elements may be"),
        (
            with("<Document", &format!("{bomb}<Document")),
            "line 2 (byte 39): the document has a document type declaration",
        ),
        (with("<Document", &format!("{external}<Document")), "has a document type declaration"),
        (with("<Document", "<!doctype x><Document"), "document"),
        (with(id, "<Id>&b;</Id>"), "Document/BkToCstmrDbtCdtNtfctn/Ntfctn/Id refers to an entity"),
        (with(id, "<Id>N1</Id><Skipped>&b;</Skipped>"), "Ntfctn/Skipped refers to an entity"),
        (with(id, "<Id>&#0;</Id>"), "is not well-formed XML"),
        (with(id, "<Id>a&#10;b</Id>"), "Ntfctn/Id has a control character"),
        (with(id, "<Id>N1</Ib>"), "is not well-formed XML"),
        (with(id, "<Id>N1"), "Ntfctn/Id has elements where only text may be"),
        (with(id, "<Id>N & 1</Id>"), "is not well-formed XML"),
        (with(id, "<Id>N1</Id><p:a/>"), "is not well-formed XML: an undeclared prefix"),
        (with(id, &deep), "is nested more than 32 elements deep"),
        (
            with(id, "<Id>N1</Id> text"),
            "Document/BkToCstmrDbtCdtNtfctn/Ntfctn has text where only elements may be",
        ),
        (with(id, "<Id>N1</Id><Id>N2</Id>"), "Ntfctn/Id is there more than once"),
        (with(id, "<Id><b>N1</b></Id>"), "Ntfctn/Id has elements where only text may be"),
        (with(id, "<Id/>"), "lacks Id"),
        (with(id, ""), "lacks Id"),
        (with(id, &format!("<Id>{}</Id>", "N".repeat(36))), "Ntfctn/Id has more than 35 characters"),
        (with(inside, ""), "lacks GrpHdr/MsgId"),
        (with(root, "<Document>"), "line 2 (byte 39): Document has the unknown namespace \"\""),
        (
            with("camt.054.001.08", "camt.054.001.02"),
            "unknown namespace \"urn:iso:std:iso:20022:tech:xsd:camt.054.001.02\"",
        ),
        (with("camt.054.001.08", "camt.053.001.08"), "Document/BkToCstmrDbtCdtNtfctn is not BkToCstmrStmt"),
        (CREDIT.replace("Document", "Dokument"), "Dokument is not Document"),
        (format!("{CREDIT}<Document/>"), "line 24 (byte 868): the document is followed by something"),
        (format!("{CREDIT}more"), "is followed by something"),
        (
            with("encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\""),
            "line 1 (byte 0): the document is not in UTF-8",
        ),
        (with("encoding=\"UTF-8\"", "encoding=\"UTF-16\""), "is not in UTF-8"),
        (with("version=\"1.0\"", "version=\"1.1\""), "a version other than 1.0"),
        (with("<GrpHdr>", "<?xml version=\"1.0\"?><GrpHdr>"), "an XML declaration inside the document"),
        (with("<GrpHdr>", "<!-- a -- b --><GrpHdr>"), "is not well-formed XML"),
        (with("LT121000011101001000", "LT121000011101001001"), "Ntfctn/Acct/Id/IBAN is not an IBAN"),
        (with("<Ccy>EUR", "<Ccy>USD"), "Ntfctn/Acct/Ccy is in the currency \"USD\", not EUR"),
        (with("2026-11-27T10:00:00+01:00", "27.11.2026"), "GrpHdr/CreDtTm is not a date and time"),
        (with("2026-11-27</Dt>", "2026-02-29</Dt>"), "Ntry/BookgDt/Dt is not a date"),
        (with("<Cd>BOOK</Cd>", "<Cd>BOOKED</Cd>"), "Ntry/Sts/Cd is not BOOK"),
        (with("<Cd>BOOK</Cd>", ""), "lacks Sts/Cd"),
        (with("CRDT", "CREDIT"), "Ntry/CdtDbtInd is not CRDT or DBIT"),
        (with("<CdtDbtInd>CRDT</CdtDbtInd>", ""), "lacks Ntry/CdtDbtInd"),
    ] {
        let error = read_text(&text).expect_err(&text).to_string();
        assert!(error.contains(said), "{error}\n{said}\n{text}");
    }
}

#[test]
fn amounts_that_are_refused() {
    for amount in [
        "",
        " ",
        "12.345",
        "12.340",
        "12.",
        ".50",
        "-12.34",
        "+12.34",
        "1e3",
        "1E3",
        "NaN",
        "INF",
        "12,34",
        "1 000.00",
        "1'000.00",
        "0x10",
        "١٢",
        "1234567890123456.00",
        "99999999999999999999999999",
    ] {
        let error = read_text(&with_amount(" Ccy=\"EUR\"", amount)).expect_err(amount);
        assert!(matches!(error.problem, Problem::Amount(_)), "{error}");
        assert!(error.path.ends_with("Ntry/Amt") && error.line == 9, "{error}");
    }
    for (attribute, said) in [
        ("", "lacks the attribute Ccy"),
        (" Ccy=\"\"", "is in the currency \"\""),
        (" Ccy=\"USD\"", "is in the currency \"USD\""),
        (" Ccy=\"eur\"", "is in the currency \"eur\""),
        (" Ccy=\"EURO\"", "is in the currency \"EURO\""),
        (" Ccy=\"&#69;UR\"", "is in the currency"),
        (" ccy=\"EUR\"", "lacks the attribute Ccy"),
    ] {
        let error = read_text(&with_amount(attribute, "12.34")).expect_err(attribute).to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn money_that_does_not_add_up_is_refused() {
    let amount = "<Amt Ccy=\"EUR\">12.34</Amt>";
    let transaction = |cents: &str| format!("<TxDtls><Amt Ccy=\"EUR\">{cents}</Amt></TxDtls>");
    for (text, said) in [
        (
            with(ENTRY_AMOUNT, &ENTRY_AMOUNT.replace("12.34", "12.35")),
            "says 1235 cents or payments, and its parts are 1234",
        ),
        (with("<NtryDtls>", &format!("<NtryDtls>{}", transaction("0.01"))), "says 1234 cents or payments"),
        (with("<NtryDtls>", "<NtryDtls><TxDtls/>"), "lacks Ntry/NtryDtls/TxDtls/Amt"),
        (with("<NtryDtls>", "<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>"), "says 2 cents or payments"),
        (
            with("<NtryDtls>", "<NtryDtls><Btch><TtlAmt Ccy=\"EUR\">1</TtlAmt></Btch>"),
            "says 100 cents or payments",
        ),
        (with("<CdtDbtInd>", &format!("{amount}<CdtDbtInd>")), "Ntry/Amt is there more than once"),
        (with("<RltdPties>", &format!("{amount}<RltdPties>")), "TxDtls/Amt is there more than once"),
        (with("<CdtDbtInd>", "<CdtDbtInd>CRDT</CdtDbtInd><CdtDbtInd>"), "CdtDbtInd is there more than once"),
        (
            with("<RltdPties>", "<CdtDbtInd>DBIT</CdtDbtInd><RltdPties>"),
            "whose transactions have its direction",
        ),
        (with(ENTRY_AMOUNT, "<CdtDbtInd>"), "lacks Ntry/Amt"),
    ] {
        let error = read_text(&text).expect_err(&text).to_string();
        assert!(error.contains(said), "{error}\n{text}");
    }
    let begin = CREDIT.find("      <Ntry>").unwrap();
    let end = CREDIT.find("    </Ntfctn>").unwrap();
    let twice = format!("{}{}{}", &CREDIT[..end], &CREDIT[begin..end], &CREDIT[end..]);
    let error = read_text(&twice).unwrap_err();
    assert_eq!(error.problem, Problem::DuplicateReference("R1".to_owned()));
    // Only what is booked moves money.
    assert!(read_text(&twice.replace("BOOK", "PDNG")).is_ok());
}

#[test]
fn what_is_written_otherwise_and_means_the_same() {
    let plain = read_text(CREDIT).unwrap();
    let prefixed = CREDIT.replace("</", "</p:").replace('<', "<p:");
    let prefixed = prefixed.replace("<p:/p:", "</p:").replace("<p:?", "<?").replace("xmlns=", "xmlns:p=");
    let foreign = "<x:Amt xmlns:x=\"urn:x\" Ccy=\"USD\">999</x:Amt>";
    for text in [
        format!("\u{feff}{CREDIT}"),
        CREDIT.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""),
        CREDIT.replace("encoding=\"UTF-8\"", "encoding=\"utf-8\" standalone=\"yes\""),
        CREDIT.replace('\n', "\r\n"),
        CREDIT.replace("\n", ""),
        format!("{CREDIT}\n<!-- end -->\n"),
        prefixed,
        with("<Document ", "<!-- bank --><?bank x?><Document "),
        with("<Document ", "<Document xmlns:xsi=\"urn:xsi\" xsi:schemaLocation=\"a b\" "),
        with("<Ustrd>Rent</Ustrd>", "<Ustrd> Re<!-- x -->nt </Ustrd>"),
        with("<Ustrd>Rent</Ustrd>", "<Ustrd><![CDATA[Rent]]></Ustrd>"),
        with("<Ustrd>Rent</Ustrd>", "<Ustrd>R&#101;n&#x74;</Ustrd>"),
        with("<Id>N1</Id>", "<Id>\n  N1\n</Id>"),
        with("<Id>N1</Id>", "<Id>N1</Id><Unknown Ccy=\"USD\"><Amt Ccy=\"USD\">1</Amt></Unknown><Unknown/>"),
        with("<CdtDbtInd>", &format!("{foreign}<CdtDbtInd>")),
        with("<Id>N1</Id>", "<Id>N1</Id><Amt xmlns=\"urn:x\"><Id/></Amt>"),
        with_amount(" Ccy='EUR'", "12.34"),
        with_amount(" Ccy=\"EUR\"", " 0012.34\n"),
    ] {
        assert_eq!(read_text(&text).as_ref(), Ok(&plain), "{text}");
    }
}

#[test]
fn bytes_that_are_no_utf_8_are_refused() {
    let mut latin_1 = CREDIT.replace("Rent", "M@ller").into_bytes();
    let at = latin_1.iter().position(|byte| *byte == b'@').unwrap();
    latin_1[at] = 0xfc;
    let error = read(&latin_1, Limits::default()).unwrap_err();
    assert_eq!((error.problem, error.line, error.offset), (Problem::Encoding, 19, at));
    let utf_16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(CREDIT.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&utf_16, Limits::default()).unwrap_err().problem, Problem::Encoding);
}

#[test]
fn each_limit_holds() {
    let limits = Limits { bytes: CREDIT.len(), depth: 10, elements: 31, transactions: 2 };
    assert!(read(CREDIT.as_bytes(), limits).is_ok(), "{:?}", read(CREDIT.as_bytes(), limits));
    for (limits, problem) in [
        (Limits { bytes: CREDIT.len() - 1, ..limits }, Problem::TooLarge(CREDIT.len() - 1)),
        (Limits { depth: 9, ..limits }, Problem::TooDeep(9)),
        (Limits { elements: 30, ..limits }, Problem::TooManyElements(30)),
        (Limits { transactions: 1, ..limits }, Problem::TooManyTransactions(1)),
    ] {
        assert_eq!(read(CREDIT.as_bytes(), limits).unwrap_err().problem, problem);
    }
    // Names and namespaces of any length cost no more than their bytes, and are short in errors.
    let long = "n".repeat(100_000);
    for text in [
        with("<Ntfctn>", &format!("<Ntfctn xmlns:x=\"{long}\"><{long}><Id></{long}>")),
        with("camt.054.001.08", &long),
        with("<Id>N1</Id>", &format!("<Id>N1</Id><{long}><{long}>&a;")),
    ] {
        assert!(read_text(&text).unwrap_err().to_string().len() < 1_000);
    }
    let names = (0..9).map(|number| format!(" xmlns:n{number}=\"urn:{number}\"")).collect::<String>();
    let error = read_text(&with("<Ntfctn>", &format!("<Ntfctn{names}>"))).unwrap_err();
    assert!(matches!(error.problem, Problem::Xml(_)), "{error}");
}

/// Errors go to logs: names, accounts and titles must not be in them.
#[test]
fn errors_and_debug_texts_keep_personal_data_back() {
    let wrong = with("LT121000011101001000", "LT121000011101001001");
    let error = format!("{0} {0:?}", read_text(&wrong).unwrap_err());
    assert!(!error.contains("LT12"), "{error}");
    let document = format!("{:?}", read_text(CREDIT).unwrap());
    for secret in ["Ada", "Rent", "LT121000011101001000"] {
        assert!(!document.contains(secret), "{document}");
    }
}
