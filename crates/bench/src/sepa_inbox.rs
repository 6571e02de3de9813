//! The run of `cargo xtask bench sepa-inbox`: how many credits a second a file of the bank is booked at.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::SepaInbox;
use super::answer::exchange;
use super::product::Product;
use super::requests::{Recipient, user};
use super::transfers::prepare;
use xtask::interrupt;
use xtask::postgres::Cluster;

/// Our account at the bank.
const ACCOUNT: &str = "DE02120300000000202051";

/// How long a file may take.
const LIMIT: Duration = Duration::from_secs(300);

/// How often it is looked where the file is: a thousandth of what it takes.
const LOOK: Duration = Duration::from_millis(2);

/// Runs the command.
pub fn run(arguments: &SepaInbox) -> Result<()> {
    let florin = arguments.place.program()?;
    let lines = arguments.place.on_engines(|name, cluster| engine(name, arguments, &florin, cluster))?;
    println!("\nengine     credits    seconds   credits/s");
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

fn engine(
    name: &'static str,
    arguments: &SepaInbox,
    florin: &Path,
    cluster: Option<Cluster>,
) -> Result<String> {
    let product = Product::start_with(florin, &arguments.place.folder, cluster, |folder| {
        let folder = folder.join("sepa");
        Some(format!(
            "[sepa]\nrail = \"files\"\nfolder = \"{}\"\naccount = \"{ACCOUNT}\"\nbic = \"BYLADEM1001\"\n\
             holder_name = \"Bench\"\nbank_address = \"Berlin\"\nbank_code = 99999\ntest_bank = true\n",
            folder.display()
        ))
    })?;
    let recipient = product.recipient()?;
    prepare(&recipient, arguments.accounts)?;
    let ibans =
        (0..arguments.accounts).map(|number| iban_of(&recipient, number)).collect::<Result<Vec<_>>>()?;
    let sepa = product.folder().join("sepa");
    fs::write(sepa.join("inbox/.credits"), file(arguments.credits, &ibans))
        .context("cannot write the file")?;
    fs::rename(sepa.join("inbox/.credits"), sepa.join("inbox/credits.xml"))?;
    let (taken, done) = (sepa.join("reading/credits.xml"), sepa.join("done/credits.xml"));
    let end = Instant::now() + LIMIT;
    let wait_for = |path: &Path| -> Result<Instant> {
        while !path.exists() && !done.exists() {
            interrupt::check()?;
            if Instant::now() > end {
                bail!("the file is not booked after {LIMIT:?}");
            }
            thread::sleep(LOOK);
        }
        Ok(Instant::now())
    };
    let begin = wait_for(&taken)?;
    let seconds = wait_for(&done)?.duration_since(begin).as_secs_f64();
    eprintln!("{name}: florin verify: {}", product.verify()?);
    #[expect(clippy::float_arithmetic, reason = "a rate; no money")]
    let rate = f64::from(arguments.credits) / seconds;
    Ok(format!("{name:9} {:>8} {seconds:>10.2} {rate:>11.0}", arguments.credits))
}

/// The account of a user.
fn iban_of(recipient: &Recipient, number: u32) -> Result<String> {
    #[derive(Deserialize)]
    struct Info {
        iban: String,
    }
    let request = recipient.get(&format!("/v1/sepa-deposit/info/{}", user(number)));
    let (answer, text) = exchange(recipient.address, &request)?;
    let body = text.windows(4).position(|window| window == b"\r\n\r\n").and_then(|end| text.get(end + 4..));
    let info: Info = serde_json::from_slice(body.unwrap_or_default())
        .with_context(|| format!("a user's account: {}", answer.status))?;
    Ok(info.iban)
}

/// A camt.054 with credits of one euro each to these accounts in turn.
fn file(credits: u32, ibans: &[String]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\">\
         <BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>BENCH-1</MsgId><CreDtTm>2026-11-23T12:00:00Z</CreDtTm></GrpHdr>\
         <Ntfctn><Id>BENCH-1</Id><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id><Ccy>EUR</Ccy></Acct>\n"
    );
    for (number, iban) in (0..credits).zip(ibans.iter().cycle()) {
        let _ = writeln!(
            xml,
            "<Ntry><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>2026-11-23</Dt></BookgDt><AcctSvcrRef>R{number}</AcctSvcrRef>\
             <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>\
             <NtryDtls><TxDtls>\
             <Refs><EndToEndId>E{number}</EndToEndId></Refs><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
             <RltdPties><Dbtr><Pty><Nm>Ona Kazlauskė</Nm></Pty></Dbtr>\
             <DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>\
             <CdtrAcct><Id><IBAN>{iban}</IBAN></Id></CdtrAcct></RltdPties>\
             <RmtInf><Ustrd>Savings {number}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        );
    }
    xml + "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n"
}
