//! Call detail records → past calls. Pure. Calls and legs are named as whoever listens names them: a call by its
//! `linkedid`, a leg by the channel that was dialled (contract Providers §c.4).

mod legs;

use std::collections::BTreeMap;

use domain::call::event::{Direction, Party};
use domain::call::past::PastCall;
use domain::phone::Phone;

use super::row::{Record, Row};
use crate::provider::asterisk::observer::REQUESTED;
use crate::provider::asterisk::rules::{Rules, is_number};

/// What is dialled to reach a client has more digits.
const MAX_SERVICE: usize = 2;

/// The calls of some records.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    /// In the order in which they began.
    pub(super) calls: Vec<PastCall>,
    /// So many have no employee and no client, or a record that cannot be read.
    pub(super) left_out: usize,
}

/// The calls that `records` are of, in whatever order; a record may be there twice.
pub(super) fn calls(records: Vec<Record>, rules: &Rules) -> Calls {
    let mut rows_of: BTreeMap<String, Option<Vec<Row>>> = BTreeMap::new();
    for record in records {
        match record {
            Ok(row) => {
                let rows = rows_of.entry(row.linkedid.clone()).or_insert_with(|| Some(Vec::new()));
                if let Some(rows) = rows {
                    rows.push(row);
                }
            }
            Err(unreadable) => drop(rows_of.insert(unreadable.linkedid, None)),
        }
    }
    let mut read = Calls::default();
    for rows in rows_of.into_values() {
        match rows.and_then(|rows| call(rows, rules)) {
            Some(call) => read.calls.push(call),
            None => read.left_out += 1,
        }
    }
    read.calls.sort_by(|a, b| (a.started_at, &a.call).cmp(&(b.started_at, &b.call)));
    read
}

fn call(mut rows: Vec<Row>, rules: &Rules) -> Option<PastCall> {
    rows.sort();
    rows.dedup();
    let (began, ended) = (rows.first()?, rows.iter().map(|row| row.end).max()?);
    let (first, caller) =
        rows.iter().find_map(|row| Some((row, legs::caller(&row.channel, &rows, rules)?)))?;
    let outward =
        rows.iter().find(|row| legs::sides(row, &rows, rules).is_some_and(|(_, to)| to == Party::Client));
    let request = began.linkedid.strip_prefix(REQUESTED);
    let direction = direction(first, &caller, request.is_some(), &rows, rules);
    let own_number = |text: &str| rules.own_number(text);
    let (client_phone, vats_phone) = match direction {
        Direction::Inbound => {
            (Some(rules.phone(&first.src)), own_number(&first.did).or_else(|| own_number(&first.dst)))
        }
        Direction::Outbound => {
            let row = outward.unwrap_or(first);
            (dialled(row, rules), own_number(&row.outbound_cnum).or_else(|| own_number(&row.src)))
        }
        Direction::Internal => (None, None),
    };
    Some(PastCall {
        call: began.linkedid.as_str().into(),
        direction: Some(direction),
        client_phone,
        vats_phone,
        request: request.map(Into::into),
        started_at: began.start,
        finished_at: Some(ended),
        legs: legs::legs(&rows, rules),
    })
}

/// Which way the call goes. An employee who reached nobody dialled a number or a service of the PBX.
fn direction(first: &Row, caller: &Party, is_requested: bool, rows: &[Row], rules: &Rules) -> Direction {
    let to = rows.iter().find_map(|row| legs::sides(row, rows, rules)).map(|(_, to)| to);
    match (caller, to) {
        (Party::Client, _) if !is_requested => Direction::Inbound,
        (_, Some(Party::Client)) => Direction::Outbound,
        (_, None) if is_requested || is_number(&first.dst) => Direction::Outbound,
        (_, Some(Party::User { .. }) | None) => Direction::Internal,
    }
}

/// Whom an employee called. A name of the dialplan is nobody's number.
fn dialled(row: &Row, rules: &Rules) -> Option<Phone> {
    let digits = row.dst.bytes().filter(u8::is_ascii_digit).count();
    (digits > MAX_SERVICE).then(|| rules.dialled(&row.dst))
}

#[cfg(test)]
pub(in crate::provider::asterisk::cdr) mod tests;
