//! What is written is read the same.

use florin_iso20022::{Document, Limits, read};
use proptest::prelude::*;

use crate::samples;

fn check(document: &Document) -> Result<(), TestCaseError> {
    let xml = document.to_xml().map_err(|error| TestCaseError::fail(error.to_string()))?;
    let text = String::from_utf8_lossy(&xml);
    let found =
        read(&xml, Limits::default()).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
    prop_assert_eq!(&found, document, "{}", text);
    Ok(())
}

proptest! {
    #[test]
    fn credit_transfers(document in samples::credit_transfer()) {
        check(&document)?;
    }

    #[test]
    fn status_reports(document in samples::status_report()) {
        check(&document)?;
    }

    #[test]
    fn notifications(document in samples::notification()) {
        check(&document)?;
    }

    #[test]
    fn statements(document in samples::statement()) {
        check(&document)?;
    }

    #[test]
    fn recall_requests(document in samples::recall_request()) {
        check(&document)?;
    }

    #[test]
    fn recall_answers(document in samples::recall_answer()) {
        check(&document)?;
    }

    #[test]
    fn payment_returns(document in samples::payment_return()) {
        check(&document)?;
    }

    /// A document cut anywhere is refused, and nothing panics on damaged ones.
    #[test]
    fn damaged_documents(document in samples::statement(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut xml = document.to_xml().unwrap();
        let end = xml.len() - 1;
        let at = at.index(end);
        prop_assert!(read(&xml[..at], Limits::default()).is_err());
        xml[at] = byte;
        let _ = read(&xml, Limits::default());
    }
}
