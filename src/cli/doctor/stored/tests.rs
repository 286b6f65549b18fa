//! Integrations and secrets in a database, with the right key and without it.

use std::collections::BTreeMap;

use domain::clock::Timestamp;
use domain::id::CallId;
use serde_json::json;
use storage::StoreOptions;
use storage::parked::Parked;

use super::super::check::State;
use super::*;
use crate::wiring::Adapters;

fn facts(sealed: usize, closed: &[&str]) -> Facts {
    Facts { sealed, closed: closed.iter().map(|one| (*one).to_owned()).collect(), ..Facts::default() }
}

#[test]
fn the_key_is_needed_for_what_is_stored() {
    for (facts, has_key, state) in [
        (facts(0, &[]), true, State::Green),
        (facts(0, &[]), false, State::Green),
        (facts(2, &[]), true, State::Green),
        (facts(2, &["acme"]), true, State::Red),
        (facts(2, &["acme"]), false, State::Red),
    ] {
        let row = facts.judge_key(has_key);
        assert_eq!(row.state, state, "{row:?}");
        assert_eq!(row.fix.is_some_and(|fix| fix.contains("set encryption_key")), state != State::Green);
    }
}

/// A database with the public integration `acme`, made through the admin API and set up with a `SecretKey`.
async fn database(folder: &tempfile::TempDir, vault: &Vault) -> Vec<Stored> {
    let store = Store::open(&StoreOptions::at(folder.path().join("k.db"))).unwrap();
    let settings = json!({
        "workspace": "acme", "integration_id": "6838aaaa-0000-4000-8000-00000000ed82", "kind": "public",
        "api_key": "k", "secret_key": "old", "provider": {"kind": "generic", "webhook_secret": "whsec_AAAA"}
    });
    let settings = vault.seal(&Secret::new(settings.to_string())).unwrap();
    let arguments = vault.seal(&Secret::new(r#"{"SecretKey":"new"}"#)).unwrap();
    let user = UserMapping::always("u".into(), "101".into());
    let written = store.write(move |tx| {
        let id = tx.insert_instance(&"acme".into(), false, Some(&settings), Timestamp::default())?;
        tx.set_arguments(id, &arguments, "0")?;
        let (call, extensions) = (CallId(1), vec!["105".into(), "106".into()]);
        tx.park(&Parked { call, instance: id, until: Timestamp::default(), extensions })?;
        tx.set_users(id, std::slice::from_ref(&user))
    });
    written.await.unwrap();
    read(&store).await.unwrap()
}

fn adapters(folder: &tempfile::TempDir) -> Adapters {
    let file = folder.path().join("k.toml");
    std::fs::write(&file, "admin_token = 't'").unwrap();
    Adapters::new(&Config::load(Some(&file), &BTreeMap::new()).unwrap()).unwrap()
}

#[tokio::test]
async fn what_the_admin_api_made_is_examined_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::new(Some([7; 32]));
    let all = database(&folder, &vault).await;

    let mut known = Facts::default();
    known.add_all(all.clone(), &vault, &adapters(&folder));
    let [one] = &known.integrations[..] else { panic!("one integration") };
    assert_eq!(one.origin, Origin::AdminApi);
    assert_eq!(one.settings.users.len(), 1);
    assert_eq!(one.settings.secret_key, Some(Secret::new("new")), "setup's argument wins");
    assert_eq!((known.sealed, known.judge_key(true).state), (2, State::Green));
    let [parked] = &known.judge_parked().collect::<Vec<_>>()[..] else { panic!("one row") };
    assert_eq!((parked.state, parked.target.as_str()), (State::Yellow, "acme"));
    assert!(parked.found.ends_with("105 (1), 106 (1)"), "{parked:?}");

    for (vault, has_key) in [(Vault::new(None), false), (Vault::new(Some([8; 32])), true)] {
        let mut known = Facts::default();
        known.add_all(all.clone(), &vault, &adapters(&folder));
        assert!(known.integrations.is_empty());
        assert_eq!(known.closed, ["acme"]);
        assert_eq!(known.judge_key(has_key).state, State::Red);
    }
}
