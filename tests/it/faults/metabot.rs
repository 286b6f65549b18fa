//! Metabot fails. Its contract calls credentials that are refused permanent, says no more of a reply than its status,
//! and has no call to ask whether a job was taken.

use super::cell::{self, Fate};
use super::row::Row;
use super::way::Way;

async fn check(way: Way, fate: Fate, status: &str) {
    cell::check(Row::Metabot, way, fate, status).await;
}

cells! { check;
    // it is                             what is to be told                 the status
    down:              Way::Down,         Fate::Told,                 "active";
    hanging:           Way::Hanging,      Fate::Told,                 "active";
    slow:              Way::Slow,         Fate::Told,                 "active";
    busy:              Way::Busy,         Fate::Told,                 "active";
    unauthorized:      Way::Unauthorized, Fate::Dead("unauthorized"), "hasErrors";
    conflict:          Way::Conflict,     Fate::Dead("validation"),   "hasErrors";
    broken:            Way::Broken,       Fate::Told,                 "active";
    unavailable:       Way::Unavailable,  Fate::Told,                 "active";
    cut_before:        Way::CutBefore,    Fate::Told,                 "active";
    cut_after:         Way::CutAfter,     Fate::ToldAgain,            "active";
    html:              Way::Html,         Fate::Told,                 "active";
    broken_json:       Way::BrokenJson,   Fate::Believed,             "active";
    odd_json:          Way::OddJson,      Fate::Believed,             "active";
    error_inside:      Way::ErrorInside,  Fate::Told,                 "active";
    given_up:          Way::Unavailable,  Fate::Dead("gave_up"),      "hasErrors";
}
