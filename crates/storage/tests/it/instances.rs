//! Instances: what is given through the admin API comes back as it was given.

use domain::clock::Timestamp;
use domain::instance::settings::UserMapping;

use super::{at, store};

#[tokio::test]
async fn users_come_back_in_their_order_with_their_periods() {
    let (store, _folder) = store();
    let always = UserMapping::always("a".into(), "102".into());
    let users = vec![
        UserMapping { valid_from: Some(at(5)), valid_to: Some(at(7)), ..always.clone() },
        UserMapping { workonflow_user_id: Some("w".into()), valid_to: Some(at(5)), ..always.clone() },
        UserMapping { extension: "101".into(), ..always },
    ];
    let given = users.clone();
    let written = store.write(move |tx| {
        let id = tx.insert_instance(&"acme".into(), false, None, Timestamp::default())?;
        tx.set_users(id, &given)?;
        tx.set_users(id, &given)?;
        tx.users(id)
    });
    assert_eq!(written.await.unwrap(), users);
}
