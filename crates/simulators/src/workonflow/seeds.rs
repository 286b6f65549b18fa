//! What a fresh team has: a stream for calls with its three statuses, and its employees.

use std::collections::BTreeMap;

use super::actions;
use super::team::{BillingType, Contact, CustomField, CustomFieldType, StatusType, Team};

/// An employee of the team.
#[derive(Debug, Clone)]
pub struct User {
    pub name: String,
    /// The number inside the company.
    pub extension: String,
}

/// The ids a team begins with.
#[derive(Debug, Clone)]
pub struct Seeds {
    pub team_id: String,
    pub stream_id: String,
    /// The status of type Wait.
    pub wait_status_id: String,
    /// The status of type In Progress.
    pub in_progress_status_id: String,
    /// The status of type Done.
    pub done_status_id: String,
    /// The employees' ids by their extension.
    pub users: BTreeMap<String, String>,
}

/// Fills an empty team.
pub(super) fn plant(team: &mut Team, users: &[User]) -> Seeds {
    let stream_id = actions::add_stream(team, "Звонки", true);
    let status = |kind: StatusType| {
        let found = team.statuses.values().find(|status| status.kind == kind);
        found.map(|status| status.id.clone()).unwrap_or_default()
    };
    let [wait_status_id, in_progress_status_id, done_status_id] =
        [StatusType::Wait, StatusType::InProgress, StatusType::Done].map(status);
    let users = users.iter().map(|user| (user.extension.clone(), plant_user(team, user))).collect();
    let team_id = team.id.clone();
    Seeds { team_id, stream_id, wait_status_id, in_progress_status_id, done_status_id, users }
}

fn plant_user(team: &mut Team, user: &User) -> String {
    let email = CustomField {
        id: team.next_id(),
        label: "Почта".to_owned(),
        value: format!("user{}@example.ru", user.extension),
        kind: CustomFieldType::Email,
    };
    let contact = Contact {
        id: team.next_id(),
        billing_type: BillingType::Users,
        name: user.name.clone(),
        custom_fields: vec![email],
        extension: Some(user.extension.clone()),
        created_at: 0,
    };
    let id = contact.id.clone();
    team.contacts.insert(id.clone(), contact);
    id
}
