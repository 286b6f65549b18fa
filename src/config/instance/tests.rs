//! Integrations as JSON.

use serde_json::json;

use super::*;

fn small() -> Value {
    json!({
        "workspace": "acme", "integration_id": "6838aaaa-0000-4000-8000-00000000ed82", "kind": "private",
        "api_key": "k3y", "secret_key": null,
        "provider": {"kind": "generic", "webhook_secret": "whsec_AAECAw=="},
        "user": [{"kontur_user_id": "a", "extension": "101", "workonflow_user_id": null}]
    })
}

#[track_caller]
fn check(change: impl FnOnce(&mut Value), expected: &[(&str, &str)]) {
    let mut json = small();
    change(&mut json);
    let faults = parse_instance(&json).unwrap_err();
    let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, expected.iter().map(|(path, _)| *path).collect::<Vec<_>>(), "{faults:?}");
    for (fault, (_, said)) in faults.iter().zip(expected) {
        assert!(fault.message.contains(said), "{fault:?}");
    }
}

#[test]
fn the_object_of_the_file_is_taken_and_null_is_as_if_left_out() {
    let settings = parse_instance(&small()).unwrap();
    assert_eq!(settings.workspace.as_str(), "acme");
    assert_eq!(settings.secret_key, None);
    assert_eq!(settings.users.len(), 1);
}

#[test]
fn every_field_is_taken() {
    let mut json = small();
    json["metabot"] = json!({
        "api_url": "https://m.test", "bot_id": 17, "token": "t", "auth": "bearer",
        "job": [{"on": "missed", "trigger_code": "m", "script_request_params": {"n": 1.5, "l": [null, true]}}]
    });
    let metabot = parse_instance(&json).unwrap().metabot.unwrap();
    let params = metabot.jobs[0].script_request_params.clone().map(Value::Object);
    assert_eq!(params, Some(json!({"n": 1.5, "l": [null, true]})));
}

#[test]
fn faults_are_the_same_as_the_files_with_indexes_in_their_paths() {
    check(|json| json["colour"] = 1.into(), &[("colour", "unknown key")]);
    check(|json| json["workspace"] = Value::Null, &[("workspace", "missing; expected the workspace's name")]);
    check(|json| json["kind"] = "public".into(), &[("secret_key", "missing; a public integration needs")]);
    check(
        |json| json["user"] = json!([small()["user"][0], {"kontur_user_id": "b", "extension": "101"}]),
        &[("user[1].extension", "extension 101 is given twice for the same time")],
    );
    check(|json| json["user"][0]["extension"] = 101.into(), &[("user[0].extension", "is a whole number")]);
}

#[test]
fn references_are_for_the_file() {
    for reference in ["env:HOME", "file:/etc/passwd"] {
        check(
            |json| json["api_key"] = reference.into(),
            &[(
                "api_key",
                "references such as \"env:NAME\" and \"file:/path\" are for the configuration file",
            )],
        );
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for json in [json!(null), json!([]), json!("acme")] {
        let faults = parse_instance(&json).unwrap_err();
        assert_eq!((faults.len(), faults[0].path.as_str()), (1, ""));
    }
}
