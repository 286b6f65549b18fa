//! Parking: a finished call at an extension of nobody waits with its registration, since Kontur has no call that gives a
//! registered one to a user later. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::call::event::Party;
use crate::communication::{Item, Registration};
use crate::directory::Directory;
use crate::id::Extension;

/// How long a registration waits at most, where nothing else is configured: a forgotten employee is mapped the next day.
pub const WAIT: Duration = Duration::from_hours(24);

/// The extensions for want of whose users an item of the registration belongs to nobody: it has employees, and none of
/// them was in the directory when the call began. In order, each once.
pub fn unmapped(registration: &Registration, directory: &Directory) -> Vec<Extension> {
    let user_at = |extension: &&Extension| directory.user_at(extension, registration.began_at);
    let of_nobody = |item: &&Item| !employees(item).any(|extension| user_at(&extension).is_some());
    let items = registration.items.iter().filter(of_nobody);
    items.flat_map(employees).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Whether a registration with these [`unmapped`] extensions is parked, if one may wait for so long. An office that maps
/// nobody has nobody to wait for.
pub fn is_parked(unmapped: &[Extension], directory: &Directory, wait: Duration) -> bool {
    !unmapped.is_empty() && !directory.is_empty() && !wait.is_zero()
}

fn employees(item: &Item) -> impl Iterator<Item = &Extension> {
    [&item.from, &item.to].into_iter().filter_map(|party| match party {
        Party::User { extension } => Some(extension),
        Party::Client => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::event::Direction;
    use crate::clock::Timestamp;
    use crate::instance::settings::UserMapping;
    use crate::outbox::DestinationKind;
    use crate::phone::Phone;
    use crate::plan::Told;

    const MOVED: Timestamp = Timestamp::from_micros(1_000);

    /// 101 until [`MOVED`], 102 from then on.
    fn directory() -> Directory {
        let before = UserMapping { valid_to: Some(MOVED), ..UserMapping::always("u".into(), "101".into()) };
        let after = UserMapping { valid_from: Some(MOVED), ..UserMapping::always("u".into(), "102".into()) };
        Directory::new(vec![before, after]).unwrap()
    }

    /// Who called whom; an empty text is the client.
    fn registration(began_at: i64, items: &[(&str, &str)]) -> Registration {
        let party = |extension: &str| match extension {
            "" => Party::Client,
            extension => Party::User { extension: extension.into() },
        };
        let item = |(from, to): &(&str, &str)| Item {
            leg: "l".into(),
            from: party(from),
            to: party(to),
            started_at: None,
            finished_at: Timestamp::default(),
        };
        Registration {
            external_id: "c".into(),
            direction: Direction::Inbound,
            client_phone: Phone::anonymous(),
            vats_phone: Phone::anonymous(),
            began_at: Timestamp::from_micros(began_at),
            items: items.iter().map(item).collect(),
        }
    }

    #[track_caller]
    fn check(began_at: i64, items: &[(&str, &str)], expected: &[&str]) {
        let unmapped = unmapped(&registration(began_at, items), &directory());
        assert_eq!(unmapped.iter().map(Extension::as_str).collect::<Vec<_>>(), expected, "{items:?}");
    }

    #[test]
    fn each_item_needs_a_user_on_one_side() {
        check(0, &[("", "101")], &[]);
        check(0, &[("", "102")], &["102"]);
        check(0, &[("", "105"), ("", "101"), ("", "104"), ("105", "")], &["104", "105"]);
        check(0, &[("101", "105")], &[]);
        check(0, &[("105", "104")], &["104", "105"]);
    }

    #[test]
    fn nobody_is_wanted_where_no_employee_was_rung() {
        check(0, &[("", "")], &[]);
    }

    #[test]
    fn what_counts_is_who_was_there_when_the_call_began() {
        check(999, &[("", "101")], &[]);
        check(1_000, &[("", "101")], &["101"]);
        check(1_000, &[("", "102")], &[]);
    }

    #[test]
    fn while_it_is_parked_only_kontur_is_told_nothing_and_the_call_counts_as_handed_on() {
        let told_kontur = |told: &Told| DestinationKind::ALL.map(|to| told.hands_on_to(to));
        let mut told = Told::default();
        told.park();
        assert_eq!(told_kontur(&told), DestinationKind::ALL.map(|to| to != DestinationKind::Kontur));
        assert!(told.is_parked() && told.is_settled());
        let stored = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Told>(&stored).unwrap(), told);
        told.unpark();
        assert!(!told.is_parked() && told.is_settled());
        assert_eq!(told_kontur(&told), [true; 3]);
    }

    #[test]
    fn who_maps_nobody_or_does_not_want_to_wait_waits_for_nobody() {
        let (unmapped, wait) = (["105".into()], Duration::from_hours(1));
        assert!(is_parked(&unmapped, &directory(), wait));
        assert!(!is_parked(&[], &directory(), wait));
        assert!(!is_parked(&unmapped, &Directory::default(), wait));
        assert!(!is_parked(&unmapped, &directory(), Duration::ZERO));
    }
}
