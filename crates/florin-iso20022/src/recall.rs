//! camt.056.001.08: a bank asks for payments back.

use florin_types::{Bic, Timestamp};

use crate::cursor::{Cursor, Read};
use crate::out::{self, Out, Write, document, euros, refused};
use crate::{Kind, Original, Problem, StatusReason, WriteError, WriteProblem};

/// A request for one or more payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecallRequest {
    /// The request's identifier.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who asks.
    pub from: Option<Bic>,
    /// Who is asked.
    pub to: Option<Bic>,
    /// The payments: at least one.
    pub payments: Vec<RecalledPayment>,
}

/// A payment that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecalledPayment {
    /// The identifier of this recall, which the answer names.
    pub recall_id: Option<String>,
    /// The payment. Its amount is always given.
    pub original: Original,
    /// Why, such as `DUPL`, `TECH`, `FRAD` or `CUST`.
    pub reason: Option<StatusReason>,
}

impl RecallRequest {
    /// Writes the message.
    ///
    /// # Errors
    /// [`WriteError`] names the element that has a value which no bank would take.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteError> {
        let amounts: Option<Vec<i64>> = self.payments.iter().map(|payment| payment.original.cents).collect();
        let amounts = amounts.filter(|amounts| !amounts.is_empty());
        let amounts = amounts.ok_or_else(|| refused("OrgnlIntrBkSttlmAmt", WriteProblem::Missing))?;
        let total = out::total(amounts).ok_or_else(|| refused("CtrlSum", WriteProblem::Amount))?;
        document(Kind::RecallRequest, |out| {
            write_assignment(out, &self.id, self.created_at, [self.from.as_ref(), self.to.as_ref()])?;
            out.element("CtrlData", |out| {
                out.count("NbOfTxs", self.payments.len());
                out.leaf("CtrlSum", &euros(total));
                Ok(())
            })?;
            out.element("Undrlyg", |out| {
                for payment in &self.payments {
                    out.element("TxInf", |out| payment.write(out, self.from.as_ref()))?;
                }
                Ok(())
            })
        })
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let mut assignment = Assignment::default();
        let (mut count, mut total, mut payments) = (None, None, Vec::new());
        cursor.children(&["Undrlyg"], |cursor, name| {
            match name {
                "Assgnmt" => assignment = Assignment::read(cursor)?,
                "CtrlData" => cursor.children(&[], |cursor, name| {
                    match name {
                        "NbOfTxs" => count = Some(cursor.number()?),
                        "CtrlSum" => total = Some(cursor.sum()?),
                        _ => {}
                    }
                    Ok(())
                })?,
                "Undrlyg" => cursor.children(&["TxInf"], |cursor, name| {
                    if name == "TxInf" {
                        payments.push(RecalledPayment::read(cursor)?);
                    }
                    Ok(())
                })?,
                _ => {}
            }
            Ok(())
        })?;
        if payments.is_empty() {
            return Err(cursor.error(Problem::Missing("Undrlyg/TxInf")));
        }
        cursor.check_sum(count.map(i128::from), i128::try_from(payments.len()).unwrap_or(i128::MAX))?;
        let found = payments.iter().filter_map(|payment| payment.original.cents.map(i128::from)).sum();
        cursor.check_sum(total.map(i128::from), found)?;
        Ok(Self {
            id: cursor.required(assignment.id, "Assgnmt/Id")?,
            created_at: cursor.required(assignment.created_at, "Assgnmt/CreDtTm")?,
            from: assignment.from,
            to: assignment.to,
            payments,
        })
    }
}

impl RecalledPayment {
    fn write(&self, out: &mut Out, from: Option<&Bic>) -> Write {
        out.optional_id("CxlId", self.recall_id.as_deref())?;
        self.original.write_ids(out)?;
        self.original.write_amount(out)?;
        self.reason.as_ref().map_or(Ok(()), |reason| out.reason("CxlRsnInf", reason, from))
    }

    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        cursor.count_transaction()?;
        let mut payment = Self { recall_id: None, original: Original::default(), reason: None };
        cursor.children(&["CxlRsnInf"], |cursor, name| match name {
            "CxlId" => {
                payment.recall_id = cursor.id()?;
                Ok(())
            }
            "CxlRsnInf" => cursor.first_reason(&mut payment.reason),
            _ => payment.original.read(cursor, name),
        })?;
        cursor.required(payment.original.cents, "TxInf/OrgnlIntrBkSttlmAmt")?;
        Ok(payment)
    }
}

/// Who sends an investigation to whom.
#[derive(Default)]
pub(crate) struct Assignment {
    pub id: Option<String>,
    pub created_at: Option<Timestamp>,
    pub from: Option<Bic>,
    pub to: Option<Bic>,
}

impl Assignment {
    pub fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let mut assignment = Self::default();
        cursor.children(&[], |cursor, name| {
            match name {
                "Id" => assignment.id = cursor.id()?,
                "CreDtTm" => assignment.created_at = Some(cursor.date_time()?),
                "Assgnr" => assignment.from = read_agent(cursor)?,
                "Assgne" => assignment.to = read_agent(cursor)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(assignment)
    }
}

fn read_agent(cursor: &mut Cursor<'_>) -> Read<Option<Bic>> {
    let mut found = None;
    cursor.children(&[], |cursor, name| {
        if name == "Agt" {
            found = cursor.agent()?;
        }
        Ok(())
    })?;
    Ok(found)
}

pub(crate) fn write_assignment(
    out: &mut Out,
    id: &str,
    created_at: Timestamp,
    banks: [Option<&Bic>; 2],
) -> Write {
    let [Some(from), Some(to)] = banks else {
        return Err(refused("Assgnmt", WriteProblem::Missing));
    };
    out.element("Assgnmt", |out| {
        out.id("Id", id)?;
        out.assigned_agent("Assgnr", from)?;
        out.assigned_agent("Assgne", to)?;
        out.date_time("CreDtTm", created_at);
        Ok(())
    })
}
