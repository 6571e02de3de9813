//! pacs.004.001.09: payments that come back after they settled.

use florin_types::{Bic, Date, Timestamp};

use crate::cursor::{Cursor, Read};
use crate::out::{self, Out, Write, document, refused};
use crate::{Kind, Original, Problem, StatusReason, WriteError, WriteProblem};

/// One or more payments that come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentReturn {
    /// The message's identifier.
    pub message_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the returns settle.
    pub settlement_date: Option<Date>,
    /// Who returns them.
    pub from: Option<Bic>,
    /// The payments: at least one.
    pub payments: Vec<ReturnedPayment>,
}

/// A payment that comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedPayment {
    /// The identifier of the return.
    pub return_id: Option<String>,
    /// The payment.
    pub original: Original,
    /// How much comes back, in cents: less than the original only after a recall, for which a bank may take a fee.
    pub cents: i64,
    /// Why.
    pub reason: Option<StatusReason>,
}

impl PaymentReturn {
    /// Writes the message.
    ///
    /// # Errors
    /// [`WriteError`] names the element that has a value which no bank would take.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteError> {
        if self.payments.is_empty() {
            return Err(refused("TxInf", WriteProblem::Missing));
        }
        let total = out::total(self.payments.iter().map(|payment| payment.cents));
        let total = total.ok_or_else(|| refused("TtlRtrdIntrBkSttlmAmt", WriteProblem::Amount))?;
        document(Kind::PaymentReturn, |out| {
            out.element("GrpHdr", |out| {
                out.id("MsgId", &self.message_id)?;
                out.date_time("CreDtTm", self.created_at);
                out.count("NbOfTxs", self.payments.len());
                out.amount("TtlRtrdIntrBkSttlmAmt", total)?;
                if let Some(date) = self.settlement_date {
                    out.leaf("IntrBkSttlmDt", &date.to_string());
                }
                out.element("SttlmInf", |out| out.limited_id("SttlmMtd", "CLRG", 4))?;
                self.from.as_ref().map_or(Ok(()), |bic| out.agent("InstgAgt", bic))
            })?;
            for payment in &self.payments {
                out.element("TxInf", |out| payment.write(out, self.from.as_ref()))?;
            }
            Ok(())
        })
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let mut header = Header::default();
        let mut payments = Vec::new();
        cursor.children(&["TxInf"], |cursor, name| {
            match name {
                "GrpHdr" => header = Header::read(cursor)?,
                "TxInf" => payments.push(ReturnedPayment::read(cursor)?),
                _ => {}
            }
            Ok(())
        })?;
        if payments.is_empty() {
            return Err(cursor.error(Problem::Missing("TxInf")));
        }
        cursor
            .check_sum(header.count.map(i128::from), i128::try_from(payments.len()).unwrap_or(i128::MAX))?;
        let found = payments.iter().map(|payment| i128::from(payment.cents)).sum();
        cursor.check_sum(header.total.map(i128::from), found)?;
        Ok(Self {
            message_id: cursor.required(header.message_id, "GrpHdr/MsgId")?,
            created_at: cursor.required(header.created_at, "GrpHdr/CreDtTm")?,
            settlement_date: header.settlement_date,
            from: header.from,
            payments,
        })
    }
}

#[derive(Default)]
struct Header {
    message_id: Option<String>,
    created_at: Option<Timestamp>,
    count: Option<u64>,
    total: Option<i64>,
    settlement_date: Option<Date>,
    from: Option<Bic>,
}

impl Header {
    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let mut header = Self::default();
        cursor.children(&[], |cursor, name| {
            match name {
                "MsgId" => header.message_id = cursor.id()?,
                "CreDtTm" => header.created_at = Some(cursor.date_time()?),
                "NbOfTxs" => header.count = Some(cursor.number()?),
                "TtlRtrdIntrBkSttlmAmt" => header.total = Some(cursor.amount()?),
                "IntrBkSttlmDt" => header.settlement_date = Some(cursor.date()?),
                "InstgAgt" => header.from = cursor.agent()?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(header)
    }
}

impl ReturnedPayment {
    fn write(&self, out: &mut Out, from: Option<&Bic>) -> Write {
        out.optional_id("RtrId", self.return_id.as_deref())?;
        self.original.write_ids(out)?;
        self.original.write_amount(out)?;
        out.payment_amount("RtrdIntrBkSttlmAmt", self.cents)?;
        self.reason.as_ref().map_or(Ok(()), |reason| out.reason("RtrRsnInf", reason, from))
    }

    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        cursor.count_transaction()?;
        let (mut return_id, mut original, mut cents, mut reason) = (None, Original::default(), None, None);
        cursor.children(&["RtrRsnInf"], |cursor, name| {
            match name {
                "RtrId" => return_id = cursor.id()?,
                "RtrdIntrBkSttlmAmt" => cents = Some(cursor.positive_amount()?),
                "RtrRsnInf" => cursor.first_reason(&mut reason)?,
                _ => original.read(cursor, name)?,
            }
            Ok(())
        })?;
        let cents = cursor.required(cents, "TxInf/RtrdIntrBkSttlmAmt")?;
        if original.cents.is_some_and(|original| cents > original) {
            return Err(cursor.error(Problem::Value("a return of at most the original amount")));
        }
        Ok(Self { return_id, original, cents, reason })
    }
}
