//! Why a document was not read, and why a message was not written.

use std::fmt;

use thiserror::Error;

/// Why a document was refused, and where. The text is for logs: it has no name, no account and no title of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// What is wrong.
    pub problem: Problem,
    /// The element, from the root: `Document/BkToCstmrStmt/Stmt/Ntry/Amt`. Empty before the root.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// Bytes before the place.
    pub offset: usize,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the document" } else { &self.path };
        write!(f, "line {} (byte {}): {path} {}", self.line, self.offset, self.problem)
    }
}

impl std::error::Error for ReadError {}

/// What is wrong with a document; each text follows the path of an element.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// More bytes than [`crate::Limits::bytes`].
    #[error("has more than {0} bytes")]
    TooLarge(usize),
    /// Nested more deeply than [`crate::Limits::depth`].
    #[error("is nested more than {0} elements deep")]
    TooDeep(usize),
    /// More elements than [`crate::Limits::elements`].
    #[error("has more than {0} elements")]
    TooManyElements(usize),
    /// More entries and transactions than [`crate::Limits::transactions`].
    #[error("has more than {0} entries and transactions")]
    TooManyTransactions(usize),
    /// Not UTF-8, or declared as something else.
    #[error("is not in UTF-8")]
    Encoding,
    /// A document type, which is where entities are declared.
    #[error("has a document type declaration")]
    Doctype,
    /// A reference to an entity that XML does not define itself.
    #[error("refers to an entity")]
    Entity,
    /// Not XML.
    #[error("is not well-formed XML: {0}")]
    Xml(String),
    /// No message that we read.
    #[error("has the unknown namespace {0:?}")]
    Namespace(String),
    /// Not the root that the namespace has.
    #[error("is not {0}")]
    Root(&'static str),
    /// Text between elements.
    #[error("has text where only elements may be")]
    MixedContent,
    /// Anything but comments after the root.
    #[error("is followed by something")]
    Trailing,
    /// Elements where only text may be.
    #[error("has elements where only text may be")]
    ElementInText,
    /// A control character where there must be none.
    #[error("has a control character")]
    ControlCharacter,
    /// There twice, and may be there once.
    #[error("is there more than once")]
    Duplicate,
    /// The same reference for two entries of a report: one of them would be taken for a repetition.
    #[error("has two entries with the reference {0:?}")]
    DuplicateReference(String),
    /// An element or attribute that must be there.
    #[error("lacks {0}")]
    Missing(&'static str),
    /// Too long for what may not be cut.
    #[error("has more than {0} characters")]
    TooLong(usize),
    /// No amount of euros: digits, and up to two after a point.
    #[error("is no amount: {0:?}")]
    Amount(String),
    /// Not euros.
    #[error("is in the currency {0:?}, not EUR")]
    Currency(String),
    /// A sum that is not that of its parts.
    #[error("says {said} cents or payments, and its parts are {found}")]
    Sum {
        /// As the document says it.
        said: i128,
        /// As its parts give it.
        found: i128,
    },
    /// Not of the form that the element has.
    #[error("is not {0}")]
    Value(&'static str),
}

/// Why a message was not written: a value that no bank would take.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{element} {problem}")]
pub struct WriteError {
    /// The element that would have it.
    pub element: &'static str,
    /// What is wrong with it.
    pub problem: WriteProblem,
}

/// What is wrong with a value to be written.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum WriteProblem {
    /// Nothing of it is left in the SEPA character set.
    #[error("is empty")]
    Empty,
    /// An identifier is never changed, so it must fit as it is.
    #[error("must have at most {0} characters of the SEPA character set, and no / at its ends")]
    Identifier(usize),
    /// Outside the amounts of the scheme.
    #[error("must be an amount from 0.01 to 999999999.99")]
    Amount,
    /// No transactions, or no balance.
    #[error("is missing")]
    Missing,
    /// A UUID of another version than 4.
    #[error("must be a UUID of version 4")]
    Uetr,
    /// Transactions that do not add up to their entry.
    #[error("must be the sum of its transactions")]
    Sum,
}
