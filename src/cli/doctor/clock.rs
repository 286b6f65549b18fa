//! This machine's clock against those of the remote systems: signatures of Workonflow and of webhooks contain the time.

use chrono::DateTime;
use domain::clock::{Clock, Timestamp};
use futures_util::future::join_all;
use reqwest::header::DATE;
use url::Url;

use super::check::{Check, Subject};
use super::remote::LIMIT;

/// Further apart is worth a look.
const NOTABLE_SEC: i64 = 2;

/// Further apart than signatures tolerate.
const HARMFUL_SEC: i64 = 30;

const NAME: &str = "clock";

/// One reply's time beside ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// Who answered.
    pub(super) system: String,
    /// By how many seconds this machine's clock is at least ahead of theirs; negative if it is behind.
    pub(super) ahead_sec: i64,
}

/// Asks every system for the time. Those that do not tell it are left out.
pub(super) async fn look(systems: &[(String, Url)], http: &reqwest::Client, clock: &dyn Clock) -> Vec<Facts> {
    let asked = systems.iter().map(|(system, url)| async move {
        let ahead_sec = ask(url, http, clock).await?;
        Some(Facts { system: system.clone(), ahead_sec })
    });
    join_all(asked).await.into_iter().flatten().collect()
}

async fn ask(url: &Url, http: &reqwest::Client, clock: &dyn Clock) -> Option<i64> {
    let sent = clock.now();
    // Whatever is answered, it is dated.
    let reply = http.get(url.clone()).timeout(LIMIT).send().await.ok()?;
    let received = clock.now();
    let date = DateTime::parse_from_rfc2822(reply.headers().get(DATE)?.to_str().ok()?).ok()?;
    Some(ahead_sec(sent, received, date.timestamp()))
}

/// A date is cut to its second, and stems from somewhere between `sent` and `received`.
fn ahead_sec(sent: Timestamp, received: Timestamp, date: i64) -> i64 {
    let (earliest, latest) = (sent.seconds(), received.seconds());
    if date < earliest { earliest - date } else { latest.min(date) - date }
}

/// A row for each system that told its time.
pub(super) fn judge(facts: &[Facts]) -> Vec<Check> {
    if facts.is_empty() {
        let subject = Subject::new(NAME, "");
        return vec![
            subject.not_checked("no remote system told its time", "run doctor again once they answer"),
        ];
    }
    facts.iter().map(|one| judge_one(one, facts)).collect()
}

fn judge_one(one: &Facts, all: &[Facts]) -> Check {
    let subject = Subject::new(NAME, one.system.as_str());
    let apart = one.ahead_sec.abs();
    if apart <= NOTABLE_SEC {
        return subject.green("agrees with this machine's");
    }
    let side = if one.ahead_sec > 0 { "ahead of" } else { "behind" };
    let found = format!("this machine's clock is {apart} s {side} theirs");
    let others_agree = all.iter().any(|other| other.ahead_sec.abs() <= NOTABLE_SEC);
    let fix = if others_agree {
        format!("have the clock at {} set: the clocks of other systems agree with this machine's", one.system)
    } else {
        "set this machine's clock: timedatectl set-ntp true (in a container: on its host)".to_owned()
    };
    if apart > HARMFUL_SEC { subject.red(found, fix) } else { subject.yellow(found, fix) }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-11-22T07:{text}Z")).unwrap()
    }

    #[test]
    fn the_time_on_the_way_does_not_count_as_a_difference() {
        let date = at("00:10").seconds();
        for (sent, received, expected) in [
            ("00:10.900", "00:10.950", 0),
            ("00:09.900", "00:10.100", 0),
            ("00:06.000", "00:11.000", 0),
            ("00:11.500", "00:11.600", 1),
            ("01:10.000", "01:10.500", 60),
            ("00:05.000", "00:07.900", -3),
        ] {
            assert_eq!(ahead_sec(at(sent), at(received), date), expected, "{sent} {received}");
        }
    }

    #[track_caller]
    fn check(ahead: &[i64], states: &[State]) -> Vec<Check> {
        let facts = |ahead_sec: &i64| Facts { system: format!("s{ahead_sec}"), ahead_sec: *ahead_sec };
        let rows = judge(&ahead.iter().map(facts).collect::<Vec<_>>());
        assert_eq!(rows.iter().map(|row| row.state).collect::<Vec<_>>(), states, "{ahead:?}");
        rows
    }

    #[test]
    fn two_seconds_are_fine_and_half_a_minute_is_not() {
        use State::{Green, Red, Yellow};
        check(&[0, 2, -2], &[Green, Green, Green]);
        check(&[3, -30, 31, -3600], &[Yellow, Yellow, Red, Red]);
        check(&[], &[Yellow]);
    }

    #[test]
    fn the_odd_one_out_has_to_set_its_clock() {
        let rows = check(&[0, 3600], &[State::Green, State::Red]);
        assert!(rows[1].fix.as_ref().unwrap().contains("the clock at s3600"), "{rows:?}");
        let rows = check(&[3599, 3600], &[State::Red, State::Red]);
        assert!(rows[0].fix.as_ref().unwrap().contains("timedatectl"), "{rows:?}");
    }
}
