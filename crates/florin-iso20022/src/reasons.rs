//! Why payments are refused, returned and recalled, in plain words.
//!
//! Source: ISO 20022 external code sets (status reasons, return reasons, cancellation reasons), as far as the EPC's
//! rulebooks and the banks' guidelines use them.

use florin_types::Text;

use crate::MAX_INFO;

/// Each code with its text, in the order of the codes.
const REASONS: &[(&str, &str)] = &[
    ("AB05", "Timeout at the creditor's bank"),
    ("AB06", "Timeout at an instructed bank"),
    ("AB07", "A bank of the chain is not online"),
    ("AB08", "The creditor's bank is offline"),
    ("AB09", "The creditor's bank reported an error"),
    ("AB10", "An instructed bank reported an error"),
    ("AC01", "The account number is wrong or does not exist"),
    ("AC03", "The creditor's account number is wrong"),
    ("AC04", "The account is closed"),
    ("AC06", "The account is blocked"),
    ("AC13", "The debtor's account is of the wrong type"),
    ("AC14", "The creditor's account is of the wrong type"),
    ("AG01", "Credit transfers are not allowed on this account"),
    ("AG02", "The bank operation code is wrong"),
    ("AG03", "The transaction type is not supported on this account"),
    ("AG09", "The bank has not received the payment"),
    ("AG10", "A bank of the chain is suspended"),
    ("AG11", "The creditor's bank is suspended"),
    ("AGNT", "The creditor's bank is wrong"),
    ("AM01", "The amount is zero"),
    ("AM02", "The amount is higher than allowed"),
    ("AM04", "There are not enough funds"),
    ("AM05", "The payment is a duplicate"),
    ("AM09", "The amount is wrong"),
    ("AM10", "The sum does not fit the payments"),
    ("AM14", "The amount is higher than agreed with the bank"),
    ("AM21", "The amount exceeds the client's limit"),
    ("AM23", "The amount exceeds the limit of the settlement"),
    ("ARDT", "The payment was already returned"),
    ("ARJT", "The payment was already refused"),
    ("BE01", "The name does not fit the account"),
    ("BE04", "The creditor's address is missing or wrong"),
    ("BE05", "The initiating party is not known"),
    ("BE06", "The creditor is not known"),
    ("BE07", "The debtor's address is missing or wrong"),
    ("CNOR", "The clearing does not know the creditor's bank"),
    ("CURR", "The currency is wrong"),
    ("CUST", "The customer decided so"),
    ("CUTA", "The payment is cancelled because it could not be matched"),
    ("DNOR", "The clearing does not know the debtor's bank"),
    ("DT01", "The date is wrong"),
    ("DUPL", "The payment was sent twice"),
    ("DUPM", "The message was sent twice"),
    ("ED05", "The settlement failed"),
    ("ERIN", "The extended remittance information is not supported"),
    ("FF01", "The file format is wrong"),
    ("FOCR", "The payment is returned after a recall"),
    ("FR01", "The payment is suspected of fraud"),
    ("FRAD", "The payment is fraudulent"),
    ("LEGL", "The law does not allow it"),
    ("MD07", "The account holder has died"),
    ("MS02", "The customer refused it, without a reason"),
    ("MS03", "The bank refused it, without a reason"),
    ("NARR", "The reason is in the bank's text"),
    ("NOAS", "The creditor did not answer"),
    ("NOCM", "The customer's account does not meet the requirements of the law"),
    ("NOOR", "The payment was never received"),
    ("RC01", "The bank's code is wrong"),
    ("RC07", "The creditor's bank code is wrong"),
    ("RF01", "The reference was used before"),
    ("RR01", "The law requires the debtor's account, which is missing"),
    ("RR02", "The law requires the debtor's name or address, which is missing"),
    ("RR03", "The law requires the creditor's name or address, which is missing"),
    ("RR04", "A regulation does not allow it"),
    ("RR07", "The remittance information breaks the rules"),
    ("RUTA", "The payment could not be matched and is returned"),
    ("SL01", "A service of the debtor's bank prevents it"),
    ("SL02", "A service of the creditor's bank prevents it"),
    ("SVNR", "The service was not rendered"),
    ("TECH", "The payment was sent by a technical fault"),
    ("TM01", "The payment came after the cut-off time"),
    ("UPAY", "The payment was not due"),
];

/// The plain text of a reason's code; none for a code that the SEPA schemes do not use.
#[must_use]
pub fn reason_text(code: &str) -> Option<&'static str> {
    let row = REASONS.binary_search_by_key(&code, |(known, _)| known).ok()?;
    REASONS.get(row).map(|(_, text)| *text)
}

/// A code of ISO's external lists, or a text of the bank's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coded {
    /// `Cd`: up to four characters.
    Code(String),
    /// `Prtry`.
    Proprietary(String),
}

impl Coded {
    /// The code or the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Code(text) | Self::Proprietary(text) => text,
        }
    }
}

/// Why a payment was refused, returned or recalled. A message may give several reasons; the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusReason {
    /// The reason.
    pub reason: Option<Coded>,
    /// What the bank adds in words. Only its first 105 characters are written.
    pub info: Option<Text<MAX_INFO>>,
}

impl StatusReason {
    /// A reason by its code, such as `AC04`.
    #[must_use]
    pub fn code(code: &str) -> Self {
        Self { reason: Some(Coded::Code(code.to_owned())), info: None }
    }

    /// The reason in plain words, if it is one of [`reason_text`]'s.
    #[must_use]
    pub fn plain_text(&self) -> Option<&'static str> {
        match &self.reason {
            Some(Coded::Code(code)) => reason_text(code),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_have_texts() {
        assert!(REASONS.is_sorted_by(|(one, _), (next, _)| one < next));
        for (code, text) in REASONS {
            assert!(
                code.len() == 4 && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
                "{code}"
            );
            assert!(text.len() > 5 && !text.ends_with('.'), "{code}");
            assert_eq!(reason_text(code), Some(*text));
        }
        assert_eq!(reason_text("XX99"), None);
    }

    #[test]
    fn codes_of_the_rulebooks_are_there() {
        let rulebooks = "\
            AB05 AB06 AB07 AB08 AB09 AB10 AC01 AC03 AC04 AC06 AG01 AG02 AG09 AG10 AG11 AM02 AM04 AM05 AM09 AM23 \
            ARDT BE04 BE05 CNOR CUST DNOR DUPL ERIN FF01 FOCR FRAD LEGL MD07 MS02 MS03 NOAS NOOR RC01 RR01 RR02 \
            RR03 RR04 TECH TM01";
        for code in rulebooks.split_whitespace() {
            assert!(reason_text(code).is_some(), "{code}");
        }
    }
}
