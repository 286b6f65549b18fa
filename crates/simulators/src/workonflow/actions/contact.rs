//! `contact/…`.

use std::collections::hash_map::Entry;

use serde_json::{Value, json};

use super::super::action::{Action, Refusal, Request};
use super::super::team::{BillingType, Contact, CustomField, CustomFieldType, Team, digits};
use crate::shape::{Field, Kind};

pub(super) const ACTIONS: &[Action] = &[
    Action::write(
        "contact/create",
        &[
            Field::required("basicData", Kind::Object(&[Field::required("name", Kind::Text)])),
            Field::optional(
                "customFields",
                Kind::List(&Kind::Object(&[
                    Field::optional("id", Kind::Text),
                    Field::optional("label", Kind::AnyText),
                    Field::required("value", Kind::Text),
                    Field::required("type", Kind::Word(&["phone", "email", "company"])),
                ])),
            ),
        ],
        create,
    ),
    Action::read(
        "contact/read",
        &[
            Field::optional("userId", Kind::Id),
            Field::optional("userIds", Kind::List(&Kind::Id)),
            Field::optional("billingType", Kind::Word(&["users", "contacts", "bots"])),
            Field::optional("customField", Kind::Text),
        ],
        read,
    ),
    Action::read("contact/local", &[Field::required("userId", Kind::Id)], local),
];

fn create(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let name = request.value("basicData").and_then(|data| data["name"].as_str()).unwrap_or_default();
    let fields = request.value("customFields").and_then(Value::as_array);
    let custom_fields: Vec<CustomField> =
        fields.into_iter().flatten().map(|field| custom_field(team, field)).collect();
    let contact = Contact {
        id: team.next_id(),
        billing_type: BillingType::Contacts,
        name: name.to_owned(),
        custom_fields,
        extension: None,
        created_at: request.now,
    };
    own_phones(team, &contact);
    let id = contact.id.clone();
    team.contacts.insert(id.clone(), contact);
    Ok(json!({ "contactId": id }))
}

fn custom_field(team: &mut Team, field: &Value) -> CustomField {
    let text = |name: &str| field[name].as_str().map(str::to_owned);
    CustomField {
        id: text("id").unwrap_or_else(|| team.next_id()),
        label: text("label").unwrap_or_default(),
        value: text("value").unwrap_or_default(),
        kind: CustomFieldType::from_word(field["type"].as_str().unwrap_or_default()),
    }
}

/// One person, one contact: however a phone is written, its digits decide.
fn own_phones(team: &mut Team, contact: &Contact) {
    for phone in contact.phones() {
        match team.phone_owners.entry(digits(phone)) {
            Entry::Vacant(vacant) => {
                vacant.insert(contact.id.clone());
            }
            Entry::Occupied(owner) if *owner.get() == contact.id => {}
            Entry::Occupied(owner) => {
                team.violations.push(format!("a second contact with the phone of contact {}", owner.get()));
            }
        }
    }
}

fn read(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let ids = request.ids("userId", "userIds");
    let wanted = |contact: &&Contact| {
        ids.as_ref().is_none_or(|ids| ids.contains(&contact.id.as_str()))
            && request.text("billingType").is_none_or(|word| contact.billing_type.word() == word)
            && request.text("customField").is_none_or(|value| contact.has_value(value))
    };
    Ok(team.contacts.values().filter(wanted).map(Contact::to_json).collect())
}

fn local(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    Ok(json!({ "local": team.contact(request.required("userId"))?.extension }))
}
