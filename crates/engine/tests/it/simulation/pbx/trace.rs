//! What happens in a call, as its PBX tells it.

use std::time::Duration;

use super::Dice;

/// An event, with when it is sent.
pub(super) struct Event {
    pub(super) due: Duration,
    pub(super) call: String,
    pub(super) id: String,
    pub(super) line: String,
}

/// `SECONDS WHAT [LEG] [OPTION]…` of each kind of call.
const TRACES: [&[&str]; 7] = [
    // Answered.
    &["0 call.started", "1 leg.ringing a", "4 leg.answered a", "30 leg.ended a", "30 call.finished"],
    // Missed.
    &["0 call.started", "1 leg.ringing a", "15 leg.ended a", "15 call.finished"],
    // Transferred: a second employee takes over.
    &[
        "0 call.started",
        "1 leg.ringing a",
        "3 leg.answered a",
        "9 leg.ringing b to=102",
        "12 leg.answered b to=102",
        "12 leg.ended a",
        "20 leg.ended b to=102",
        "20 call.finished",
    ],
    // On hold for a while.
    &[
        "0 call.started",
        "1 leg.ringing a",
        "2 leg.answered a",
        "5 leg.held a",
        "11 leg.resumed a",
        "14 leg.ended a",
        "14 call.finished",
    ],
    // A ring group: one of three picks up.
    &[
        "0 call.started",
        "1 leg.ringing a",
        "1 leg.ringing b to=102",
        "1 leg.ringing c to=103",
        "3 leg.answered b to=102",
        "3 leg.ended a",
        "3 leg.ended c to=103",
        "8 leg.ended b to=102",
        "8 call.finished",
    ],
    // With a recording that is ready some time after the call.
    &["0 call.started", "2 leg.answered a", "6 leg.ended a", "6 call.finished", "9 recording.ready a"],
    // A call of Kontur that cannot be placed.
    &["0 call.started direction=outbound request", "2 call.failed direction=outbound request"],
];

/// A call of an office, somewhere in the schedule.
pub(super) fn call(dice: &Dice, office: usize, number: u64, hostile: Duration) -> Vec<Event> {
    let begins = dice.millis(0, u64::try_from(hostile.as_millis() * 3 / 4).unwrap_or(u64::MAX));
    let client = dice.pick(&["79997770001", "79997770002"]);
    let name = format!("o{office}c{number}");
    // A short call is one in which everything happens almost at once.
    let pace = dice.pick(&[1.0, 1.0, 0.05]);
    let trace = dice.pick(&TRACES);
    let event = |(place, step): (usize, &&str)| {
        let (seconds, rest) = step.split_once(' ').unwrap_or(("0", step));
        let at = begins + Duration::from_secs_f64(seconds.parse::<f64>().unwrap_or(0.0) * pace);
        let id = format!("{name}e{place}");
        let rest = rest.replace(" request", &format!(" request=asked-{name}"));
        let line = format!("{:.3} {id} {name} {} client={client}", at.as_secs_f64(), with_leg(&rest, &name));
        Event { due: at + delay(dice), call: name.clone(), id, line }
    };
    trace.iter().enumerate().map(event).collect()
}

/// Legs have names of their own in each call.
fn with_leg(step: &str, call: &str) -> String {
    let mut words: Vec<String> = step.split(' ').map(str::to_owned).collect();
    if let Some(leg) = words.get_mut(1).filter(|word| !word.contains('=')) {
        *leg = format!("{call}{leg}");
    }
    words.join(" ")
}

/// How long an event is on its way.
fn delay(dice: &Dice) -> Duration {
    match dice.between(0, 9) {
        0 => dice.millis(1_000, 60_000),
        1 | 2 => dice.millis(200, 5_000),
        _ => dice.millis(0, 100),
    }
}
