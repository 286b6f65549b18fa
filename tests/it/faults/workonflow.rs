//! Workonflow fails.

use super::cell::{self, Fate};
use super::row::Row;
use super::way::Way;

async fn check(way: Way, fate: Fate, status: &str) {
    cell::check(Row::Workonflow, way, fate, status).await;
}

cells! { check;
    // it is                             what is to be told                 the status
    down:              Way::Down,         Fate::Told,               "active";
    hanging:           Way::Hanging,      Fate::Told,               "active";
    slow:              Way::Slow,         Fate::Told,               "active";
    busy:              Way::Busy,         Fate::Told,               "active";
    unauthorized:      Way::Unauthorized, Fate::Told,               "active";
    conflict:          Way::Conflict,     Fate::Dead("validation"), "hasErrors";
    broken:            Way::Broken,       Fate::Told,               "active";
    unavailable:       Way::Unavailable,  Fate::Told,               "active";
    cut_before:        Way::CutBefore,    Fate::Told,               "active";
    cut_after:         Way::CutAfter,     Fate::Told,               "active";
    html:              Way::Html,         Fate::Told,               "active";
    broken_json:       Way::BrokenJson,   Fate::Told,               "active";
    odd_json:          Way::OddJson,      Fate::Told,               "active";
    error_inside:      Way::ErrorInside,  Fate::Told,               "active";
    given_up:          Way::Unavailable,  Fate::Dead("gave_up"),    "hasErrors";
}
