//! Messages as banks write them, and what we refuse to write.

use florin_iso20022::*;
use florin_types::{Bic, Date, Text, Timestamp, lithuanian};

use crate::hostile::CREDIT;

fn read_text(text: &str) -> Document {
    read(text.as_bytes(), Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn entries(document: Document) -> Vec<Entry> {
    match document {
        Document::Notification(report) | Document::Statement(report) => report.accounts[0].entries.clone(),
        _ => panic!("no report"),
    }
}

fn text<const MAX: usize>(text: &str) -> Option<Text<MAX>> {
    Some(Text::parse(text).unwrap())
}

fn file() -> CreditTransferFile {
    CreditTransferFile {
        message_id: "FLORIN-1".to_owned(),
        created_at: Timestamp::parse("2026-11-27T10:00:00Z").unwrap(),
        requested_date: Date::parse("2026-11-30").unwrap(),
        instant: true,
        debtor: Debtor {
            name: Text::parse("Zahlungshaus Grün & Söhne").unwrap(),
            iban: lithuanian(10_000, 1),
            bic: Bic::parse("HABALT22").unwrap(),
        },
        payments: vec![CreditTransfer {
            end_to_end_id: None,
            instruction_id: Some("I1".to_owned()),
            cents: 123_405,
            creditor_name: Text::parse("Jürgen Weiß").unwrap(),
            creditor_iban: lithuanian(10_000, 2),
            creditor_bic: None,
            remittance: text("Miete für Mai // 🎉"),
        }],
    }
}

/// What [`file`] is written as.
const PAYMENT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">
  <CstmrCdtTrfInitn>
    <GrpHdr>
      <MsgId>FLORIN-1</MsgId>
      <CreDtTm>2026-11-27T10:00:00.000Z</CreDtTm>
      <NbOfTxs>1</NbOfTxs>
      <CtrlSum>1234.05</CtrlSum>
      <InitgPty>
        <Nm>Zahlungshaus Gruen + Soehne</Nm>
      </InitgPty>
    </GrpHdr>
    <PmtInf>
      <PmtInfId>FLORIN-1</PmtInfId>
      <PmtMtd>TRF</PmtMtd>
      <BtchBookg>false</BtchBookg>
      <NbOfTxs>1</NbOfTxs>
      <CtrlSum>1234.05</CtrlSum>
      <PmtTpInf>
        <SvcLvl>
          <Cd>SEPA</Cd>
        </SvcLvl>
        <LclInstrm>
          <Cd>INST</Cd>
        </LclInstrm>
      </PmtTpInf>
      <ReqdExctnDt>
        <Dt>2026-11-30</Dt>
      </ReqdExctnDt>
      <Dbtr>
        <Nm>Zahlungshaus Gruen + Soehne</Nm>
      </Dbtr>
      <DbtrAcct>
        <Id>
          <IBAN>LT351000000000000001</IBAN>
        </Id>
      </DbtrAcct>
      <DbtrAgt>
        <FinInstnId>
          <BICFI>HABALT22</BICFI>
        </FinInstnId>
      </DbtrAgt>
      <ChrgBr>SLEV</ChrgBr>
      <CdtTrfTxInf>
        <PmtId>
          <InstrId>I1</InstrId>
          <EndToEndId>NOTPROVIDED</EndToEndId>
        </PmtId>
        <Amt>
          <InstdAmt Ccy="EUR">1234.05</InstdAmt>
        </Amt>
        <Cdtr>
          <Nm>Juergen Weiss</Nm>
        </Cdtr>
        <CdtrAcct>
          <Id>
            <IBAN>LT081000000000000002</IBAN>
          </Id>
        </CdtrAcct>
        <RmtInf>
          <Ustrd>Miete fuer Mai</Ustrd>
        </RmtInf>
      </CdtTrfTxInf>
    </PmtInf>
  </CstmrCdtTrfInitn>
</Document>
"#;

#[test]
fn a_payment_as_the_bank_gets_it() {
    let xml = String::from_utf8(file().to_xml().unwrap()).unwrap();
    assert_eq!(xml, PAYMENT);
}

#[test]
fn what_no_bank_would_take_is_not_written() {
    type Change = fn(&mut CreditTransferFile);
    let changes: [(Change, &str, WriteProblem); 11] = [
        (|file| file.message_id.clear(), "MsgId", WriteProblem::Identifier(35)),
        (|file| file.message_id = "M".repeat(36), "MsgId", WriteProblem::Identifier(35)),
        (|file| file.message_id = "/M".to_owned(), "MsgId", WriteProblem::Identifier(35)),
        (|file| file.message_id = "M//1".to_owned(), "MsgId", WriteProblem::Identifier(35)),
        (|file| file.message_id = "Mü".to_owned(), "MsgId", WriteProblem::Identifier(35)),
        (
            |file| file.payments[0].end_to_end_id = Some("<E>".to_owned()),
            "EndToEndId",
            WriteProblem::Identifier(35),
        ),
        (|file| file.payments[0].cents = 0, "InstdAmt", WriteProblem::Amount),
        (|file| file.payments[0].cents = -1, "InstdAmt", WriteProblem::Amount),
        (|file| file.payments[0].cents = 100_000_000_000, "InstdAmt", WriteProblem::Amount),
        (|file| file.payments[0].creditor_name = Text::parse("***").unwrap(), "Nm", WriteProblem::Empty),
        (|file| file.payments.clear(), "CdtTrfTxInf", WriteProblem::Missing),
    ];
    for (change, element, problem) in changes {
        let mut file = file();
        change(&mut file);
        assert_eq!(file.to_xml(), Err(WriteError { element, problem }));
    }
}

#[test]
fn wrong_sums_of_a_file_are_refused() {
    let xml = String::from_utf8(file().to_xml().unwrap()).unwrap();
    for (from, to) in [
        ("<NbOfTxs>1<", "<NbOfTxs>2<"),
        ("<CtrlSum>1234.05<", "<CtrlSum>1234.06<"),
        ("<PmtMtd>TRF<", "<PmtMtd>CHK<"),
        ("<InstdAmt Ccy=\"EUR\">1234.05<", "<InstdAmt Ccy=\"EUR\">0.00<"),
    ] {
        for at in 1..=xml.matches(from).count() {
            let changed = xml.replacen(from, to, at);
            assert!(read(changed.as_bytes(), Limits::default()).is_err(), "{from} {at}");
        }
    }
    // A second payment information could have another account.
    let begin = xml.find("    <PmtInf>").unwrap();
    let end = xml.find("  </CstmrCdtTrfInitn>").unwrap();
    let twice = format!("{}{}{}", &xml[..end], &xml[begin..end], &xml[end..]);
    let error = read(twice.as_bytes(), Limits::default()).unwrap_err();
    assert_eq!(
        (error.problem, error.path.as_str()),
        (Problem::Duplicate, "Document/CstmrCdtTrfInitn/PmtInf")
    );
}

#[test]
fn a_credit_is_read() {
    let Document::Notification(report) = read_text(CREDIT) else { panic!("no notification") };
    assert_eq!(report.created_at, Timestamp::parse("2026-11-27T09:00:00Z").unwrap());
    let account = &report.accounts[0];
    assert_eq!((account.id.as_str(), account.iban.as_str()), ("N1", "LT121000011101001000"));
    let entry = &account.entries[0];
    assert_eq!((entry.cents, entry.signed_cents(), entry.status), (1234, 1234, EntryStatus::Booked));
    assert_eq!(entry.booked, Some((Date::parse("2026-11-27").unwrap(), None)));
    let one = &entry.transactions[0];
    assert_eq!((one.end_to_end_id.as_deref(), &one.remittance), (Some("E1"), &text("Rent")));
    assert_eq!(one.debtor.name, text("Ada"));
}

#[test]
fn texts_are_cut_and_titles_joined() {
    let title = |inside: &str| {
        let xml = CREDIT.replace("<Ustrd>Rent</Ustrd>", inside);
        entries(read_text(&xml))[0].transactions[0].remittance.clone()
    };
    assert_eq!(title("<Ustrd>Rent</Ustrd><Ustrd>for  May</Ustrd>"), text("Rent for May"));
    assert_eq!(title("<Ustrd>\u{202e}Rent\tfor\u{2028}May</Ustrd>"), text("Rent for May"));
    assert_eq!(title("<Ustrd> </Ustrd>"), None);
    assert_eq!(title(""), None);
    let long = "x".repeat(MAX_REMITTANCE + 1);
    assert_eq!(title(&format!("<Ustrd>{long}</Ustrd>")), text(&long[1..]));
    let structured = "<Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd>";
    let xml = CREDIT.replace("<Ustrd>Rent</Ustrd>", structured);
    let entry = &entries(read_text(&xml))[0];
    assert_eq!(entry.transactions[0].creditor_reference.as_deref(), Some("RF18539007547034"));
}

#[test]
fn the_other_side_may_have_no_iban() {
    let account = |inside: &str| {
        let xml = CREDIT.replace("</Dbtr>", &format!("</Dbtr><DbtrAcct><Id>{inside}</Id></DbtrAcct>"));
        entries(read_text(&xml))[0].transactions[0].debtor.account.clone()
    };
    let iban = lithuanian(10_000, 5);
    assert_eq!(account(&format!("<IBAN>{}</IBAN>", iban.as_str())), Some(AccountNumber::Iban(iban)));
    let other = |number| Some(AccountNumber::Other(Text::parse(number).unwrap()));
    assert_eq!(account("<IBAN>ZZ0012345</IBAN>"), other("ZZ0012345"));
    assert_eq!(account("<Othr><Id>12-345</Id></Othr>"), other("12-345"));
    assert_eq!(account(""), None);
}

#[test]
fn a_single_transaction_takes_the_amount_of_its_entry() {
    let own = "          <Amt Ccy=\"EUR\">12.34</Amt>\n";
    for details in ["", "<AmtDtls><TxAmt><Amt Ccy=\"EUR\">12.34</Amt></TxAmt></AmtDtls>"] {
        assert_eq!(entries(read_text(&CREDIT.replace(own, details)))[0].transactions[0].cents, 1234);
    }
}

#[test]
fn dates_and_times_as_banks_write_them() {
    let booked = |inside: &str| {
        let xml = CREDIT.replace("<Dt>2026-11-27</Dt>", inside);
        let (date, time) = entries(read_text(&xml))[0].booked.unwrap();
        (date.to_string(), time.map(|time| time.to_string()))
    };
    for (inside, date, time) in [
        ("<Dt>2026-11-27+01:00</Dt>", "2026-11-27", None),
        ("<Dt>2026-11-27Z</Dt>", "2026-11-27", None),
        ("<DtTm>2026-11-27T00:30:00+01:00</DtTm>", "2026-11-27", Some("2026-11-26T23:30:00.000Z")),
        ("<DtTm>2026-11-27T08:30:00.123456</DtTm>", "2026-11-27", Some("2026-11-27T08:30:00.123Z")),
        ("<DtTm>2026-11-27T24:00:00Z</DtTm>", "2026-11-28", Some("2026-11-28T00:00:00.000Z")),
    ] {
        assert_eq!(booked(inside), (date.to_owned(), time.map(str::to_owned)), "{inside}");
    }
}

fn statement(balances: &str, page: &str) -> Result<BankReport, ReadError> {
    let xml = CREDIT.replace("camt.054", "camt.053").replace("BkToCstmrDbtCdtNtfctn", "BkToCstmrStmt");
    let xml = xml.replace("Ntfctn>", "Stmt>").replace("</Acct>", &format!("</Acct>{balances}"));
    match read(xml.replace("<Id>N1</Id>", &format!("<Id>N1</Id>{page}")).as_bytes(), Limits::default())? {
        Document::Statement(report) => Ok(report),
        _ => panic!("no statement"),
    }
}

fn balance(code: &str, amount: &str, direction: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>\
         <CdtLine><Incl>true</Incl><Amt Ccy=\"EUR\">7</Amt></CdtLine>\
         <Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Dt><Dt>2026-11-27</Dt></Dt></Bal>"
    )
}

#[test]
fn a_statement_is_read_with_its_balances() {
    let [opening, closing] = [balance("OPBD", "10.00", "DBIT"), balance("CLBD", "2.34", "CRDT")];
    let available = balance("CLAV", "99.00", "CRDT");
    let account = &statement(&format!("{opening}{closing}{available}{available}"), "").unwrap().accounts[0];
    assert_eq!(account.opening.map(|balance| balance.cents), Some(-1000));
    assert_eq!(account.closing.map(|balance| balance.cents), Some(234));
    assert_eq!((account.booked_cents(), account.unexplained_cents()), (1234, Some(0)));
    let previous = balance("PRCD", "10.01", "DBIT");
    let account = &statement(&format!("{previous}{closing}"), "").unwrap().accounts[0];
    assert_eq!(account.unexplained_cents(), Some(1));
    let page = "<StmtPgntn><PgNb>2</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>";
    assert!(statement(&available, page).is_ok());
    for (balances, said) in [
        (String::new(), "lacks Bal of type OPBD or PRCD"),
        (opening.clone(), "lacks Bal of type CLBD"),
        (format!("{opening}{opening}{closing}"), "Stmt/Bal is there more than once"),
        (opening.replace("EUR", "USD"), "Bal/Amt is in the currency"),
        (opening.replace("10.00", "-10.00"), "Bal/Amt is no amount"),
        (opening.replace("DBIT", "-"), "Bal/CdtDbtInd is not CRDT or DBIT"),
    ] {
        let error = statement(&balances, "").unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn reasons_have_plain_texts() {
    assert_eq!(StatusReason::code("AC04").plain_text(), Some("The account is closed"));
    assert_eq!(StatusReason::code("ZZ99").plain_text(), None);
    let code = TransactionCode::iso("PMNT", "RCDT", "RRTN");
    assert!(code.is_return() && !TransactionCode::iso("PMNT", "RCDT", "ESCT").is_return());
    assert_eq!(TransactionStatus::from_code("RJCT"), TransactionStatus::Rejected);
    assert_eq!(TransactionStatus::from_code("XXXX").code(), "XXXX");
}

#[test]
fn entries_that_do_not_add_up_are_not_written() {
    let Document::Notification(mut report) = read_text(CREDIT) else { panic!("no notification") };
    report.accounts[0].entries[0].cents = 1235;
    assert_eq!(report.to_xml(), Err(WriteError { element: "TxDtls", problem: WriteProblem::Sum }));
}
