//! Which bookings of a statement are which bookings of the books. Pure.
//!
//! Both kinds of message often say different things of one booking: another reference, a title that is cut, a sum
//! instead of its parts. So bookings are paired by what is surest first: a reference with the amount; day, amount
//! and one of end-to-end id, sender and title; the sum of a batch; at last day and amount, where the statement says
//! nothing else.

use super::booking::BookingRow;
use florin_rails::sepa::files::Booking;
use std::collections::{BTreeMap, BTreeSet};

/// Bookings that are not paired: by their places in what was compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpaired {
    /// In the statement alone.
    pub statement: Vec<usize>,
    /// In the books alone.
    pub books: Vec<usize>,
    /// In both under one reference, with other amounts.
    pub amounts: Vec<(usize, usize)>,
}

/// Pairs the bookings of a statement with those of the books.
pub fn pair(statement: &[&Booking], books: &[&BookingRow]) -> Unpaired {
    let mut open = Open {
        statement: (0..statement.len()).collect(),
        books: (0..books.len()).collect(),
        of: (statement, books),
    };
    open.pair_where(|one, row| one.cents == row.amount && have_same_reference(one, row));
    let same_day = |one: &Booking, row: &BookingRow| one.cents == row.amount && one.day == row.day;
    open.pair_where(|one, row| same_day(one, row) && one.marks.agree(row.marks));
    open.pair_sums();
    open.pair_where(|one, row| same_day(one, row) && one.marks.is_empty());
    let amounts = open.pair_where(|one, row| {
        one.day == row.day
            && one.cents.signum() == row.amount.signum()
            && one.reference.is_some()
            && one.reference == row.reference
    });
    Unpaired {
        statement: open.statement.into_iter().collect(),
        books: open.books.into_iter().collect(),
        amounts,
    }
}

/// Whether a reference of both is the same: banks give that of the entry for that of its only booking.
fn have_same_reference(one: &Booking, row: &BookingRow) -> bool {
    let own = [&one.reference, &one.entry_reference];
    let of_row = [&row.reference, &row.entry];
    own.into_iter().flatten().any(|reference| of_row.into_iter().flatten().any(|other| other == reference))
}

/// What is not paired yet.
struct Open<'a> {
    statement: BTreeSet<usize>,
    books: BTreeSet<usize>,
    of: (&'a [&'a Booking], &'a [&'a BookingRow]),
}

impl Open<'_> {
    /// Pairs each booking with the first one of the books that fits, among those of its amount or day.
    fn pair_where(&mut self, fits: impl Fn(&Booking, &BookingRow) -> bool) -> Vec<(usize, usize)> {
        let (statement, books) = self.of;
        let mut pairs = Vec::new();
        // Two look-ups, so that a statement of many thousand bookings is not compared pair by pair.
        let mut by_amount: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for place in &self.books {
            by_amount.entry(books[*place].amount).or_default().push(*place);
        }
        let mut by_reference: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for place in &self.books {
            if let Some(reference) = &books[*place].reference {
                by_reference.entry(reference).or_default().push(*place);
            }
        }
        for place in self.statement.clone() {
            let one = statement[place];
            let of_amount = by_amount.get(&one.cents).into_iter().flatten();
            let of_reference = one.reference.as_deref().and_then(|text| by_reference.get(text));
            let mut candidates = of_amount.chain(of_reference.into_iter().flatten());
            let is_open = |row: &usize| self.books.contains(row) && fits(one, books[*row]);
            if let Some(row) = candidates.find(|row| is_open(row)).copied() {
                self.statement.remove(&place);
                self.books.remove(&row);
                pairs.push((place, row));
            }
        }
        pairs
    }

    /// Pairs the one booking of a statement with the parts that the books have of its batch, and the parts that a
    /// statement has with the sum that the books have.
    fn pair_sums(&mut self) {
        let (statement, books) = self.of;
        let mut parts: BTreeMap<(&str, bool), Vec<usize>> = BTreeMap::new();
        for place in &self.books {
            let row = books[*place];
            if let Some(entry) = &row.entry {
                parts.entry((entry, row.amount > 0)).or_default().push(*place);
            }
        }
        let mut entries: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for place in &self.statement {
            entries.entry(statement[*place].entry).or_default().push(*place);
        }
        for places in entries.into_values() {
            let Some(first) = places.first().map(|place| statement[*place]) else { continue };
            let Some(entry) = first.entry_reference.as_deref() else { continue };
            let Some(rows) = parts.get(&(entry, first.cents > 0)) else { continue };
            let sum: i128 = places.iter().map(|place| i128::from(statement[*place].cents)).sum();
            let of_rows: i128 = rows.iter().map(|row| i128::from(books[*row].amount)).sum();
            let are_open = rows.iter().all(|row| self.books.contains(row));
            if are_open && sum == of_rows {
                self.statement.retain(|place| !places.contains(place));
                self.books.retain(|row| !rows.contains(row));
            }
        }
    }
}
