//! Who called whom in a call, and who answered.

use std::time::Duration;

use domain::call::event::{Party, Recording};
use domain::call::past::PastLeg;
use domain::clock::Timestamp;

use crate::provider::asterisk::cdr::row::Row;
use crate::provider::asterisk::observer::REQUESTED;
use crate::provider::asterisk::recordings::SCHEME;
use crate::provider::asterisk::rules::{Rules, Side};

/// How many pairs of Asterisk's own may stand between two people.
const LONGEST_CHAIN: usize = 16;

/// Records are of whole seconds.
const ROUNDING: Duration = Duration::from_secs(1);

/// The legs of a call, in the order in which they began. Records of one channel are of one leg: it was put aside and
/// taken back. In a call that Kontur asked for the employee has picked up before the client is dialled.
pub(super) fn legs(rows: &[Row], rules: &Rules) -> Vec<PastLeg> {
    let mut legs: Vec<PastLeg> = Vec::new();
    for row in rows {
        let Some((from, to)) = sides(row, rows, rules) else { continue };
        let answered_at = answered_at(row, rows);
        let rough = row.is_rough
            || row.answer.is_some() && (answered_at.is_none() || row.linkedid.starts_with(REQUESTED));
        match legs.iter_mut().find(|leg| leg.id.as_str() == row.dstchannel) {
            Some(leg) => {
                leg.answered_at = leg.answered_at.into_iter().chain(answered_at).min();
                leg.finished_at = leg.finished_at.max(Some(row.end));
                leg.rough |= rough;
            }
            None => legs.push(PastLeg {
                id: row.dstchannel.as_str().into(),
                from: Some(from),
                to: Some(to),
                started_at: row.start,
                answered_at,
                finished_at: Some(row.end),
                recording: None,
                rough,
            }),
        }
    }
    record(&mut legs, rows);
    legs
}

/// What was recorded from the call's beginning on belongs to its first conversation. Nobody wants to hear a call without
/// one.
fn record(legs: &mut [PastLeg], rows: &[Row]) {
    let answered = legs.iter_mut().filter(|leg| leg.answered_at.is_some());
    let Some(leg) = answered.min_by_key(|leg| leg.answered_at) else { return };
    let file = rows.iter().find_map(|row| row.file.as_deref());
    leg.recording = file.map(|file| Recording {
        leg: leg.id.clone(),
        url: format!("{SCHEME}{file}"),
        content_type: None,
        size: None,
    });
}

/// Who called whom, if both are people: then the row is a leg.
pub(super) fn sides(row: &Row, rows: &[Row], rules: &Rules) -> Option<(Party, Party)> {
    match rules.side(&row.dstchannel) {
        Side::Party(to) => Some((caller(&row.channel, rows, rules)?, to)),
        Side::Local | Side::Nobody => None,
    }
}

/// Who calls through a channel: of a pair of Asterisk's own, whoever dialled it, and that may be a pair again.
pub(super) fn caller(channel: &str, rows: &[Row], rules: &Rules) -> Option<Party> {
    let mut channel = channel;
    for _ in 0..LONGEST_CHAIN {
        match rules.side(channel) {
            Side::Party(party) => return Some(party),
            Side::Nobody => return None,
            Side::Local => {}
        }
        let (pair, half) = channel.rsplit_once(';')?;
        let dials = |row: &&Row| is_half(&row.dstchannel, pair, "1");
        match rows.iter().find(dials) {
            Some(row) if half == "2" => channel = &row.channel,
            // Nobody dialled the pair: who was rung through its other half calls through this one.
            None if half == "1" => return rung(pair, rows, rules),
            _ => return None,
        }
    }
    None
}

fn rung(pair: &str, rows: &[Row], rules: &Rules) -> Option<Party> {
    let rung = rows.iter().filter(|row| is_half(&row.channel, pair, "2"));
    let of = |row: &Row| match rules.side(&row.dstchannel) {
        Side::Party(party) => Some((row.answer.is_none(), party)),
        Side::Local | Side::Nobody => None,
    };
    rung.filter_map(of).min_by_key(|(missed, _)| *missed).map(|(_, party)| party)
}

fn is_half(channel: &str, pair: &str, half: &str) -> bool {
    channel.rsplit_once(';') == Some((pair, half))
}

/// When the called side picked up. The record of a caller who was in a queue or a menu already says when it began to ring,
/// and calls a phone answered that somebody else answered for: but phones that rang with it stopped when one was picked up.
fn answered_at(row: &Row, rows: &[Row]) -> Option<Timestamp> {
    let answer = row.answer?;
    let rang_along = |other: &&Row| {
        other.answer.is_none()
            && (&other.channel, &other.lastapp, &other.lastdata)
                == (&row.channel, &row.lastapp, &row.lastdata)
            && other.dstchannel != row.dstchannel
            && other.start < row.end
            && other.end <= row.end.plus(ROUNDING)
    };
    let silent = rows.iter().filter(rang_along).map(|other| other.end).max();
    Some(answer.max(silent.unwrap_or(answer))).filter(|at| *at < row.end)
}
