//! The samples of the contract, and a property: what Kontur makes of the operations is what was wanted.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn wanted() -> WantedInstance {
    WantedInstance {
        call: true,
        hangup: true,
        settings: vec![("version", "1.0".to_owned())],
        schedules: vec![("setup/upgrade", 300), ("communications/sync", 300)],
    }
}

fn hook(id: &str, relative_url: &str, trigger: &str, period: &str, disabled: bool) -> Value {
    json!({"id": id, "relativeUrl": relative_url, "triggerType": trigger, "filter": {"items": []},
           "schedule": {"period": period}, "disabled": disabled})
}

fn instance(settings: &Value, webhooks: &Value) -> Fields {
    let instance = json!({
        "id": "6838", "baseUrl": "https://x.test", "status": "active", "updateInfo": {"updatedWith": "WebApp"},
        "features": {"call": false, "hangup": false, "sendSms": true},
        "secrets": [{"id": "key", "value": "s", "values": ["s"]}], "settings": settings, "webHooks": webhooks
    });
    instance.as_object().unwrap().clone()
}

#[test]
fn a_fresh_instance_gets_features_settings_and_webhooks() {
    let sent = operations(&instance(&json!([]), &json!([])), &wanted());
    let expected = json!([
        {"op": "replace", "path": "/features/call", "value": true},
        {"op": "replace", "path": "/features/hangup", "value": true},
        {"op": "add", "path": "/settings", "value": {"id": "version", "value": "1.0"}},
        {"op": "add", "path": "/webHooks", "value": hook(NEW, "setup/upgrade", "schedule", "00:05:00", false)},
        {"op": "add", "path": "/webHooks", "value": hook(NEW, "communications/sync", "schedule", "00:05:00", false)},
    ]);
    assert_eq!(serde_json::to_value(sent).unwrap(), expected);
}

#[test]
fn what_exists_is_corrected_by_its_id_and_the_rest_is_left_alone() {
    let webhooks = json!([
        hook("h-0", "entities", "entityEvent", "00:01:00", false),
        hook("h-1", "/setup/upgrade", "schedule", "01:00:00", true),
        hook("h-2", "communications/sync", "schedule", "00:05:00", false),
    ]);
    let settings = json!([{"id": "colour/~", "value": "red"}, {"id": "version", "value": "0.9"}]);
    let mut now = instance(&settings, &webhooks);
    now.insert("features".to_owned(), json!({"call": true, "hangup": true, "sendSms": true}));
    let expected = json!([
        {"op": "replace", "path": "/settings/version/value", "value": "1.0"},
        {"op": "replace", "path": "/webHooks/h-1/disabled", "value": false},
        {"op": "replace", "path": "/webHooks/h-1/schedule/period", "value": "00:05:00"},
    ]);
    assert_eq!(serde_json::to_value(operations(&now, &wanted())).unwrap(), expected);
}

#[test]
fn arrays_without_ids_are_replaced_whole_and_once() {
    let now = json!({"webHooks": [{"id": "h/1", "filter": {"items": [1, 2, 3]}}, {"id": "h2"}]});
    let then = json!({"webHooks": [{"id": "h/1", "filter": {"items": [1, 4, 5, 6]}}]});
    let expected = json!([
        {"op": "replace", "path": "/webHooks/h~11/filter/items", "value": [1, 4, 5, 6]},
        {"op": "remove", "path": "/webHooks/h2"},
    ]);
    assert_eq!(serde_json::to_value(difference(&now, &then)).unwrap(), expected);
}

/// Kontur's side of the dialect, as the contract words it; each new element gets an id of its own.
fn apply(instance: &mut Value, operation: &Operation) {
    let names: Vec<String> =
        operation.path.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
    let (last, parents) = names.split_last().expect("a path");
    assert_ne!(last, "id", "ids cannot be changed");
    let mut place = instance;
    for name in parents {
        place = child(place, name).expect("the path exists");
    }
    let value = operation.value.clone();
    match operation.op {
        OperationKind::Add => {
            let elements = place[last].as_array_mut().expect("add names an array");
            let mut element = value.expect("a value");
            if element["id"] == NEW {
                element["id"] = format!("given-{}", elements.len()).into();
            }
            elements.push(element);
        }
        OperationKind::Replace => *child(place, last).expect("the path exists") = value.expect("a value"),
        OperationKind::Remove => {
            place.as_array_mut().expect("elements are removed").retain(|one| one["id"] != *last);
        }
    }
}

fn child<'a>(place: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    match place {
        Value::Array(elements) => elements.iter_mut().find(|element| element["id"] == name),
        Value::Object(fields) => fields.get_mut(name),
        _ => None,
    }
}

fn any_instance() -> impl Strategy<Value = Fields> {
    let url = prop::sample::select(vec!["setup/upgrade", "communications/sync", "/setup/upgrade", "other"]);
    let trigger = prop::sample::select(vec!["schedule", "entityEvent"]);
    let period = prop::sample::select(vec!["00:05:00", "00:00:30"]);
    let webhook = (url, trigger, period, any::<bool>());
    let setting = (prop::sample::select(vec!["version", "autoAnswer", "a/b~c"]), "[a-z0-9]{0,3}");
    let settings = prop::collection::btree_map(setting.0, setting.1, 0..3);
    (settings, prop::collection::vec(webhook, 0..5), any::<[bool; 2]>()).prop_map(
        |(settings, hooks, [call, hangup])| {
            let settings: Vec<_> =
                settings.iter().map(|(id, value)| json!({"id": id, "value": value})).collect();
            let hooks = hooks.iter().enumerate();
            let hooks: Vec<_> = hooks
                .map(|(n, (url, trigger, period, disabled))| {
                    hook(&format!("h-{n}"), url, trigger, period, *disabled)
                })
                .collect();
            let mut instance = instance(&settings.into(), &hooks.into());
            instance.insert("features".to_owned(), json!({"call": call, "hangup": hangup, "sendSms": false}));
            instance
        },
    )
}

proptest! {
    #[test]
    fn kontur_ends_up_with_what_was_wanted(now in any_instance(), call: bool, version in "[a-z0-9]{0,3}", seconds in 1_u32..90_000) {
        let wanted = WantedInstance {
            call,
            settings: vec![("version", version.clone()), ("autoAnswer", "False".to_owned())],
            schedules: vec![("setup/upgrade", seconds), ("communications/sync", 300)],
            ..wanted()
        };
        let mut patched = Value::from(now.clone());
        for operation in &operations(&now, &wanted) {
            apply(&mut patched, operation);
        }

        prop_assert_eq!(&patched["features"], &json!({"call": call, "hangup": true, "sendSms": false}));
        let version = json!({"id": "version", "value": version});
        prop_assert!(patched["settings"].as_array().unwrap().contains(&version));
        let hooks = patched["webHooks"].as_array().unwrap();
        let live = |url: &str| {
            let same = hooks.iter().filter(|hook| hook["relativeUrl"].as_str().unwrap().trim_matches('/') == url);
            same.filter(|hook| hook["triggerType"] == "schedule" && hook["disabled"] == false).count()
        };
        prop_assert!(live("setup/upgrade") >= 1 && live("communications/sync") >= 1);
        prop_assert_eq!(operations(patched.as_object().unwrap(), &wanted), vec![]);

        for kept in ["id", "baseUrl", "status", "secrets", "updateInfo"] {
            prop_assert_eq!(&patched[kept], &now[kept]);
        }
        let before = now["webHooks"].as_array().unwrap();
        for (hook, was) in hooks.iter().zip(before) {
            prop_assert_eq!([&hook["id"], &hook["relativeUrl"], &hook["filter"]], [&was["id"], &was["relativeUrl"], &was["filter"]]);
        }
    }
}
