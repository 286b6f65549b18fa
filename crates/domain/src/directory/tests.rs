//! Look-ups over time, and what contradicts itself.

use proptest::prelude::*;

use super::*;

const fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn mapping(user: &str, extension: &str) -> UserMapping {
    UserMapping::always(user.into(), extension.into())
}

fn between(user: &str, extension: &str, from: Option<i64>, to: Option<i64>) -> UserMapping {
    UserMapping { valid_from: from.map(at), valid_to: to.map(at), ..mapping(user, extension) }
}

#[test]
fn finds_both_ways_and_ignores_the_case_of_guids() {
    let directory = Directory::new(vec![mapping("ab-1", "101")]).unwrap();
    assert_eq!(directory.extension_of(&"AB-1".into(), at(0)), Some(&"101".into()));
    assert_eq!(directory.user_at(&"101".into(), at(0)), Some(&"ab-1".into()));
    assert_eq!(directory.user_at(&"0101".into(), at(0)), None);
}

#[test]
fn a_user_has_several_extensions_and_is_rung_at_the_first_given() {
    let directory = Directory::new(vec![mapping("a", "102"), mapping("A", "101")]).unwrap();
    assert_eq!(directory.user_at(&"101".into(), at(0)), Some(&"A".into()));
    assert_eq!(directory.user_at(&"102".into(), at(0)), Some(&"a".into()));
    assert_eq!(directory.extension_of(&"a".into(), at(0)), Some(&"102".into()));
}

#[test]
fn an_extension_goes_from_one_user_to_the_next_at_a_moment() {
    let users = vec![between("a", "101", None, Some(10)), between("b", "101", Some(10), Some(20))];
    let directory = Directory::new(users).unwrap();
    let user = |second| directory.user_at(&"101".into(), at(second)).map(KonturUserId::as_str);
    assert_eq!([-1, 9, 10, 19, 20].map(user), [Some("a"), Some("a"), Some("b"), Some("b"), None]);
    assert_eq!(directory.extension_of(&"a".into(), at(10)), None, "not the user's any more");
}

#[test]
fn conflicts_are_named_with_their_periods() {
    let of = |users| Directory::new(users).unwrap_err().to_string();
    assert_eq!(
        of(vec![mapping("a", "101"), between("b", "101", Some(0), Some(60))]),
        "extension 101 is given twice for the same time (always; from 1970-01-01T00:00:00+00:00 until \
         1970-01-01T00:01:00+00:00); at any time it belongs to one user"
    );
    assert_eq!(
        of(vec![between("a", "101", Some(60), Some(60))]),
        "the period is empty (from 1970-01-01T00:01:00+00:00 until 1970-01-01T00:01:00+00:00); valid_from has to be \
         before valid_to"
    );
}

fn moments() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(0..8_i64)
}

fn mappings() -> impl Strategy<Value = Vec<UserMapping>> {
    let one = ("[ab]", "[12]", moments(), moments());
    let one = one.prop_map(|(user, extension, from, to)| between(&user, &extension, from, to));
    prop::collection::vec(one, 0..5)
}

proptest! {
    /// What is taken has one user at most per extension and moment, and what is refused has not.
    #[test]
    fn an_extension_has_one_user_at_any_time(users in mappings()) {
        let claims = |extension: &str, second: i64| {
            let valid = users.iter().filter(|user| user.period().contains(at(second)));
            valid.filter(|user| user.extension.as_str() == extension).count()
        };
        let most = ["1", "2"].iter().flat_map(|one| (-1..9).map(|second| claims(one, second))).max();
        let is_never = |user: &UserMapping| (-1..9).all(|second| !user.period().contains(at(second)));
        let holds = most <= Some(1) && !users.iter().any(is_never);
        prop_assert_eq!(Directory::new(users.clone()).is_ok(), holds);
    }

    /// Who is at an extension does not depend on the order in which the mappings are given.
    #[test]
    fn the_order_decides_nothing_but_where_a_user_is_rung(users in mappings(), second in -1..9_i64) {
        let reversed: Vec<_> = users.iter().rev().cloned().collect();
        let (Ok(one), Ok(other)) = (Directory::new(users.clone()), Directory::new(reversed)) else {
            prop_assert!(Directory::new(users.iter().rev().cloned().collect()).is_err());
            return Ok(());
        };
        for extension in ["1", "2"] {
            let extension = extension.into();
            prop_assert_eq!(one.user_at(&extension, at(second)), other.user_at(&extension, at(second)));
        }
        let rung = one.extension_of(&"a".into(), at(second));
        let first = users.iter().find(|user| user.kontur_user_id.as_str() == "a" && user.period().contains(at(second)));
        prop_assert_eq!(rung, first.map(|user| &user.extension));
    }
}
