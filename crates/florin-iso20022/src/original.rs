//! How messages name an earlier payment.

use florin_types::Date;
use uuid::Uuid;

use crate::cursor::{Cursor, Read};
use crate::out::{Out, Write};

/// How a recall, its answer or a return names the payment that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Original {
    /// The message that the payment was in.
    pub message_id: Option<String>,
    /// Which message that was, such as `pacs.008.001.08`. It is written only together with `message_id`.
    pub message_name: Option<String>,
    /// The sender's instruction.
    pub instruction_id: Option<String>,
    /// The payer's reference; none where the payer gave none.
    pub end_to_end_id: Option<String>,
    /// The first bank's reference.
    pub transaction_id: Option<String>,
    /// The unique reference of instant payments.
    pub uetr: Option<Uuid>,
    /// The amount in cents.
    pub cents: Option<i64>,
    /// When it settled.
    pub settlement_date: Option<Date>,
}

impl Original {
    /// Reads the present element if it is one of these; the caller gives each child.
    pub(crate) fn read(&mut self, cursor: &mut Cursor<'_>, name: &str) -> Read<()> {
        match name {
            "OrgnlGrpInf" => cursor.children(&[], |cursor, name| {
                match name {
                    "OrgnlMsgId" => self.message_id = cursor.id()?,
                    "OrgnlMsgNmId" => self.message_name = cursor.id()?,
                    _ => {}
                }
                Ok(())
            })?,
            "OrgnlInstrId" => self.instruction_id = cursor.id()?,
            "OrgnlEndToEndId" => self.end_to_end_id = cursor.end_to_end_id()?,
            "OrgnlTxId" => self.transaction_id = cursor.id()?,
            "OrgnlUETR" => self.uetr = Some(cursor.uetr()?),
            "OrgnlIntrBkSttlmAmt" => self.cents = Some(cursor.positive_amount()?),
            "OrgnlIntrBkSttlmDt" => self.settlement_date = Some(cursor.date()?),
            _ => {}
        }
        Ok(())
    }

    /// Writes the message and the references.
    pub(crate) fn write_ids(&self, out: &mut Out) -> Write {
        if let Some(id) = &self.message_id {
            out.element("OrgnlGrpInf", |out| {
                out.id("OrgnlMsgId", id)?;
                // The schema wants a name; a SEPA payment is in a pacs.008.
                out.id("OrgnlMsgNmId", self.message_name.as_deref().unwrap_or("pacs.008.001.08"))
            })?;
        }
        out.optional_id("OrgnlInstrId", self.instruction_id.as_deref())?;
        let end_to_end_id = self.end_to_end_id.as_deref().unwrap_or(crate::values::NOT_PROVIDED);
        out.id("OrgnlEndToEndId", end_to_end_id)?;
        out.optional_id("OrgnlTxId", self.transaction_id.as_deref())?;
        out.uetr("OrgnlUETR", self.uetr)
    }

    /// Writes the amount and the day.
    pub(crate) fn write_amount(&self, out: &mut Out) -> Write {
        if let Some(cents) = self.cents {
            out.payment_amount("OrgnlIntrBkSttlmAmt", cents)?;
        }
        if let Some(date) = self.settlement_date {
            out.leaf("OrgnlIntrBkSttlmDt", &date.to_string());
        }
        Ok(())
    }
}
