//! People: employees, outside contacts and bots.

use serde::Serialize;
use serde_json::{Value, json};

/// What a contact is paid for as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BillingType {
    /// An employee.
    Users,
    /// A person outside the team.
    Contacts,
    /// An application.
    Bots,
}

/// A person or bot of the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    pub id: String,
    pub billing_type: BillingType,
    pub name: String,
    pub custom_fields: Vec<CustomField>,
    /// The number inside the team, of employees.
    pub extension: Option<String>,
    /// Unix time in milliseconds.
    pub created_at: i64,
}

/// One way to reach a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomField {
    pub id: String,
    pub label: String,
    pub value: String,
    pub kind: CustomFieldType,
}

/// What a custom field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CustomFieldType {
    Phone,
    Email,
    Company,
}

impl BillingType {
    /// The word on the wire.
    pub(in crate::workonflow) fn word(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Contacts => "contacts",
            Self::Bots => "bots",
        }
    }
}

impl CustomFieldType {
    /// Reads the word on the wire.
    pub(in crate::workonflow) fn from_word(word: &str) -> Self {
        match word {
            "phone" => Self::Phone,
            "email" => Self::Email,
            _ => Self::Company,
        }
    }
}

impl Contact {
    /// The values of all custom fields of one type.
    pub fn values(&self, kind: CustomFieldType) -> impl Iterator<Item = &str> {
        self.custom_fields.iter().filter(move |field| field.kind == kind).map(|field| field.value.as_str())
    }

    /// The phone numbers, as they were given.
    pub fn phones(&self) -> Vec<&str> {
        self.values(CustomFieldType::Phone).collect()
    }

    /// Whether one of the fields holds exactly this text: the real search does not normalise either.
    pub(in crate::workonflow) fn has_value(&self, value: &str) -> bool {
        self.custom_fields.iter().any(|field| field.value == value)
    }

    /// As in `contact/read`. The id is called `userId` for employees and `_id` for others.
    pub(in crate::workonflow) fn to_json(&self) -> Value {
        let mut json = json!({
            "billingType": self.billing_type.word(),
            "basicData": {
                "name": self.name,
                "email": self.values(CustomFieldType::Email).collect::<Vec<_>>(),
                "phone": self.phones(),
            },
            "customFields": self.custom_fields.iter().map(CustomField::to_json).collect::<Vec<_>>(),
            "extension": self.extension,
            "voiceRules": [],
        });
        let id_name = if self.billing_type == BillingType::Users { "userId" } else { "_id" };
        json[id_name] = json!(self.id);
        json
    }
}

impl CustomField {
    fn to_json(&self) -> Value {
        json!({"id": self.id, "label": self.label, "value": self.value, "type": self.kind})
    }
}

/// The digits of a phone number: what makes two of them the same.
pub(in crate::workonflow) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}
