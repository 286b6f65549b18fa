//! Compares an object with its shape and says everything that is wrong with it, not just the first fault.

use chrono::NaiveDateTime;
use serde_json::{Map, Value};

use super::{Field, Kind};

/// Everything wrong with `object`, each fault with the path of its field; empty if it fits.
pub(crate) fn faults(fields: &[Field], object: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    check_object("", fields, object, &mut found);
    found
}

fn check_object(path: &str, fields: &[Field], object: &Map<String, Value>, found: &mut Vec<String>) {
    for name in object.keys().filter(|name| fields.iter().all(|field| field.name != name.as_str())) {
        found.push(format!("unknown parameter {path}{name}"));
    }
    for field in fields {
        let path = format!("{path}{}", field.name);
        match object.get(field.name) {
            Some(value) => check_value(&path, field.kind, value, found),
            None if field.required => found.push(format!("missing parameter {path}")),
            None => {}
        }
    }
}

fn check_value(path: &str, kind: Kind, value: &Value, found: &mut Vec<String>) {
    match (kind, value) {
        (Kind::Object(fields), Value::Object(object)) => {
            check_object(&format!("{path}."), fields, object, found);
        }
        (Kind::List(item), Value::Array(values)) if !values.is_empty() => {
            for (index, value) in values.iter().enumerate() {
                check_value(&format!("{path}[{index}]"), *item, value, found);
            }
        }
        (Kind::Either(first, second), value) => check_either(path, *first, *second, value, found),
        (kind, value) if fits(kind, value) => {}
        _ => found.push(format!("parameter {path} must be {}", describe(kind))),
    }
}

/// A value that has the outer form of one alternative is held to it, so the fault names the inner field.
fn check_either(path: &str, first: Kind, second: Kind, value: &Value, found: &mut Vec<String>) {
    let alternatives = [first, second];
    let fits = |kind: &Kind| {
        let mut faults = Vec::new();
        check_value(path, *kind, value, &mut faults);
        faults
    };
    if alternatives.iter().any(|kind| fits(kind).is_empty()) {
        return;
    }
    match alternatives.iter().find(|kind| same_form(**kind, value)) {
        Some(kind) => found.extend(fits(kind)),
        None => found.push(format!("parameter {path} must be {} or {}", describe(first), describe(second))),
    }
}

fn same_form(kind: Kind, value: &Value) -> bool {
    matches!((kind, value), (Kind::List(_), Value::Array(_)) | (Kind::Object(_), Value::Object(_)))
}

fn fits(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Id => value.as_str().is_some_and(is_id),
        Kind::Text => value.as_str().is_some_and(|text| !text.trim().is_empty()),
        Kind::AnyText => value.is_string(),
        Kind::LocalTime => value.as_str().is_some_and(is_local_time),
        Kind::Tags => value.as_str().is_some_and(|tags| tags.split(',').all(|tag| !tag.trim().is_empty())),
        Kind::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Kind::Count => value.is_u64(),
        Kind::Boolean => value.is_boolean(),
        Kind::Map => value.is_object(),
        Kind::Period => value.as_array().is_some_and(|period| is_period(period)),
        Kind::List(_) | Kind::Object(_) | Kind::Either(..) => false,
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// chrono accepts `2026-1-5`; the contract does not, hence the length.
fn is_local_time(text: &str) -> bool {
    text.len() == 19 && NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").is_ok()
}

fn is_period(period: &[Value]) -> bool {
    matches!(period, [from, to] if (from.is_null() || from.is_i64()) && to.is_i64())
}

fn describe(kind: Kind) -> String {
    match kind {
        Kind::Id => "24 hexadecimal digits".into(),
        Kind::Text => "a string that is not empty".into(),
        Kind::AnyText => "a string".into(),
        Kind::LocalTime => "a time as YYYY-MM-DD hh:mm:ss".into(),
        Kind::Tags => "tags separated by commas".into(),
        Kind::Word(words) => format!("one of {}", words.join(", ")),
        Kind::Count => "a whole number that is not negative".into(),
        Kind::Boolean => "true or false".into(),
        Kind::List(item) => format!("a list, not empty, of {}", describe(*item)),
        Kind::Object(_) | Kind::Map => "an object".into(),
        Kind::Period => "[from or null, to] in milliseconds".into(),
        Kind::Either(first, second) => format!("{} or {}", describe(*first), describe(*second)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CONTENT: Kind = Kind::Either(
        &Kind::Text,
        &Kind::List(&Kind::Object(&[Field::required("type", Kind::Word(&["text", "file"]))])),
    );

    fn check(kind: Kind, good: &[Value], bad: &[Value]) {
        let fields = [Field::required("x", kind)];
        let faults_of = |value: &Value| faults(&fields, json!({ "x": value }).as_object().unwrap());
        for value in good {
            assert_eq!(faults_of(value), Vec::<String>::new(), "{value}");
        }
        for value in bad {
            assert_eq!(faults_of(value).len(), 1, "{value}");
        }
    }

    #[test]
    fn every_kind_accepts_its_own_and_refuses_the_rest() {
        let id = json!("5b4484384e3e54001e267ed8");
        check(Kind::Id, &[id], &[json!("5b44"), json!(7), json!("zz4484384e3e54001e267ed8"), Value::Null]);
        check(Kind::Text, &[json!("a")], &[json!(""), json!("  "), json!(1)]);
        check(Kind::AnyText, &[json!("")], &[json!(1)]);
        check(
            Kind::LocalTime,
            &[json!("2026-11-22 10:00:00")],
            &[
                json!("2026-11-22T10:00:00"),
                json!("2026-13-01 10:00:00"),
                json!("2026-1-5 10:00:00"),
                json!(1),
            ],
        );
        check(Kind::Tags, &[json!("a"), json!("a,b")], &[json!(""), json!("a,,b"), json!(["a"])]);
        check(Kind::Word(&["HIGH"]), &[json!("HIGH")], &[json!("high"), json!(1)]);
        check(Kind::Count, &[json!(0)], &[json!(-1), json!(1.5), json!("1")]);
        check(Kind::Boolean, &[json!(true)], &[json!("true"), json!(1)]);
        check(Kind::List(&Kind::Count), &[json!([1])], &[json!([]), json!(["a"]), json!(1)]);
        check(Kind::Map, &[json!({"any": 1})], &[json!([])]);
        check(Kind::Period, &[json!([null, 2]), json!([1, 2])], &[json!([1]), json!([1, null]), json!(1)]);
        check(
            CONTENT,
            &[json!("a"), json!([{"type": "text"}])],
            &[json!(""), json!([{"type": "x"}]), json!(1)],
        );
    }

    #[test]
    fn unknown_and_missing_fields_are_named_with_their_path() {
        const FIELDS: &[Field] =
            &[Field::required("outer", Kind::Object(&[Field::required("inner", Kind::Text)]))];
        let found = faults(FIELDS, json!({"outer": {"other": 1}, "more": 2}).as_object().unwrap());
        assert_eq!(
            found,
            ["unknown parameter more", "unknown parameter outer.other", "missing parameter outer.inner"]
        );
    }

    #[test]
    fn a_fault_inside_an_alternative_names_the_inner_field() {
        let found =
            faults(&[Field::required("att", CONTENT)], json!({"att": [{"type": "x"}]}).as_object().unwrap());
        assert_eq!(found, ["parameter att[0].type must be one of text, file"]);
    }
}
