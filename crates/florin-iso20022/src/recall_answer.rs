//! camt.029.001.09: the answer to a recall.
//!
//! In the SEPA scheme a bank that gives the money back sends a pacs.004 with the reason `FOCR`; this message says no.
//! It can say yes or not yet all the same.

use florin_types::{Bic, Timestamp};

use crate::cursor::{Cursor, Read};
use crate::out::{Out, Write, document, refused};
use crate::recall::{Assignment, write_assignment};
use crate::{Kind, Original, Problem, StatusReason, WriteError, WriteProblem};

/// The answer for one or more payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecallAnswer {
    /// The answer's identifier.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who answers.
    pub from: Option<Bic>,
    /// Who asked.
    pub to: Option<Bic>,
    /// The answer as a whole, such as `RJCR`.
    pub confirmation: String,
    /// The payments: at least one.
    pub decisions: Vec<RecallDecision>,
}

/// The answer for one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecallDecision {
    /// The identifier of this answer.
    pub answer_id: Option<String>,
    /// By what it names the recall, the nearest first: its case, or the message that asked. One is written.
    pub recall_ids: Vec<String>,
    /// The payment.
    pub original: Original,
    /// Yes, no or not yet.
    pub outcome: RecallOutcome,
    /// Why, such as `NOAS` or `CUST`.
    pub reason: Option<StatusReason>,
}

/// The answer to a recall.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum RecallOutcome {
    /// ACCR: the money comes back.
    Accepted,
    /// RJCR: it does not.
    Refused,
    /// PDCR: not decided.
    Pending,
}

const OUTCOMES: [(&str, RecallOutcome); 3] =
    [("ACCR", RecallOutcome::Accepted), ("RJCR", RecallOutcome::Refused), ("PDCR", RecallOutcome::Pending)];

impl RecallOutcome {
    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        OUTCOMES.iter().find(|(_, outcome)| *outcome == self).map_or("", |(code, _)| code)
    }
}

impl RecallAnswer {
    /// Writes the message.
    ///
    /// # Errors
    /// [`WriteError`] names the element that has a value which no bank would take.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteError> {
        if self.decisions.is_empty() {
            return Err(refused("CxlDtls", WriteProblem::Missing));
        }
        document(Kind::RecallAnswer, |out| {
            write_assignment(out, &self.id, self.created_at, [self.from.as_ref(), self.to.as_ref()])?;
            out.element("Sts", |out| out.limited_id("Conf", &self.confirmation, 4))?;
            out.element("CxlDtls", |out| {
                for decision in &self.decisions {
                    out.element("TxInfAndSts", |out| {
                        decision.write(out, [self.from.as_ref(), self.to.as_ref()])
                    })?;
                }
                Ok(())
            })
        })
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let mut assignment = Assignment::default();
        let (mut case, mut confirmation, mut decisions) = (None, None, Vec::<RecallDecision>::new());
        cursor.children(&["CxlDtls"], |cursor, name| {
            match name {
                "Assgnmt" => assignment = Assignment::read(cursor)?,
                "RslvdCase" => case = read_case(cursor)?,
                "Sts" => cursor.children(&[], |cursor, name| {
                    if name == "Conf" {
                        confirmation = cursor.id()?;
                    }
                    Ok(())
                })?,
                "CxlDtls" => {
                    let (mut group, first) = (Vec::new(), decisions.len());
                    cursor.children(&["TxInfAndSts"], |cursor, name| {
                        match name {
                            "OrgnlGrpInfAndSts" => group = read_group(cursor)?,
                            "TxInfAndSts" => decisions.push(RecallDecision::read(cursor)?),
                            _ => {}
                        }
                        Ok(())
                    })?;
                    for decision in decisions.iter_mut().skip(first) {
                        decision.recall_ids.extend(group.iter().cloned());
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        if decisions.is_empty() {
            return Err(cursor.error(Problem::Missing("CxlDtls/TxInfAndSts")));
        }
        for decision in &mut decisions {
            decision.recall_ids.extend(case.clone());
        }
        Ok(Self {
            id: cursor.required(assignment.id, "Assgnmt/Id")?,
            created_at: cursor.required(assignment.created_at, "Assgnmt/CreDtTm")?,
            from: assignment.from,
            to: assignment.to,
            confirmation: cursor.required(confirmation, "Sts/Conf")?,
            decisions,
        })
    }
}

impl RecallDecision {
    fn write(&self, out: &mut Out, [from, to]: [Option<&Bic>; 2]) -> Write {
        out.optional_id("CxlStsId", self.answer_id.as_deref())?;
        if let Some((id, to)) = self.recall_ids.first().zip(to) {
            out.element("RslvdCase", |out| {
                out.id("Id", id)?;
                out.assigned_agent("Cretr", to)
            })?;
        }
        self.original.write_ids(out)?;
        out.limited_id("TxCxlSts", self.outcome.code(), 4)?;
        if let Some(reason) = &self.reason {
            out.reason("CxlStsRsnInf", reason, from)?;
        }
        self.original.write_amount(out)
    }

    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        cursor.count_transaction()?;
        let (mut answer_id, mut case, mut original) = (None, None, Original::default());
        let (mut outcome, mut reason) = (None, None);
        cursor.children(&["CxlStsRsnInf"], |cursor, name| {
            match name {
                "CxlStsId" => answer_id = cursor.id()?,
                "RslvdCase" => case = read_case(cursor)?,
                "TxCxlSts" => {
                    outcome = Some(cursor.value(|text| {
                        let known = OUTCOMES.iter().find(|(code, _)| *code == text);
                        known.map(|(_, outcome)| *outcome).ok_or(Problem::Value("ACCR, RJCR or PDCR"))
                    })?);
                }
                "CxlStsRsnInf" => cursor.first_reason(&mut reason)?,
                _ => original.read(cursor, name)?,
            }
            Ok(())
        })?;
        let outcome = cursor.required(outcome, "TxInfAndSts/TxCxlSts")?;
        let recall_ids = case.into_iter().collect();
        Ok(Self { answer_id, recall_ids, original, outcome, reason })
    }
}

/// The id of a case.
fn read_case(cursor: &mut Cursor<'_>) -> Read<Option<String>> {
    let mut id = None;
    cursor.children(&[], |cursor, name| {
        if name == "Id" {
            id = cursor.id()?;
        }
        Ok(())
    })?;
    Ok(id)
}

/// By what the answers to one message name the recall.
fn read_group(cursor: &mut Cursor<'_>) -> Read<Vec<String>> {
    let (mut message, mut case) = (None, None);
    cursor.children(&["CxlStsRsnInf", "NbOfTxsPerCxlSts"], |cursor, name| {
        match name {
            "OrgnlGrpCxlId" => message = cursor.id()?,
            "RslvdCase" => case = read_case(cursor)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(message.into_iter().chain(case).collect())
}
