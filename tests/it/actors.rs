//! Who acts on the server and who is told: each actor holds the verbs of its side.

mod admin;
mod kontur;
mod person;
mod telephony;

pub(crate) use admin::{Admin, text_of};
pub(crate) use kontur::{Kontur, was_taken};
pub(crate) use person::Person;
pub(crate) use telephony::Telephony;
