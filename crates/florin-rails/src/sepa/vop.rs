//! Verification of Payee between banks: the request of the payer's bank and the answer of the payee's, in the form of
//! the EPC's API (EPC103-24, version 1), for both sides. A request is `POST` of [`PATH`].
//!
//! A request is read strictly. A field that is not known could ask for something else than what is answered, so it is
//! an error; in an answer such a field is passed over, for the result is a code of its own.

mod answer;
mod problem;
mod question;

pub use answer::{Answer, AnswerError, IdResult, NameResult};
pub use problem::{MessageCode, Problem};
pub use question::{Identification, Question, QuestionError, Scheme};

/// Where a bank is asked.
pub const PATH: &str = "/vop/v1/payee-verifications";

/// The header with the id of a request, a UUID. The answer repeats it.
pub const REQUEST_ID: &str = "x-request-id";

/// The header with the time of a request.
pub const REQUEST_TIME: &str = "x-request-timestamp";

/// The header with the time of an answer.
pub const ANSWER_TIME: &str = "x-response-timestamp";

/// Longest body, in bytes, of a request and of an answer. The longest by the form, with names of 140 characters at four
/// bytes, every identification at 256 and all of it escaped, stays below 8 KiB.
pub const MAX_BYTES: usize = 8 * 1024;

/// Longest name.
pub const MAX_NAME: usize = 140;
