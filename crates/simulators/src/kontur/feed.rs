//! The event feed of a workspace, contract §7.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock;

/// The largest page.
const MAX_LIMIT: usize = 1000;

/// All changes, oldest first.
#[derive(Debug, Default)]
pub(super) struct Feed {
    items: Vec<Value>,
    offsets: Vec<Uuid>,
    /// The place of each offset.
    places: HashMap<Uuid, usize>,
}

/// Who changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// The server under test, by a callback.
    Integration,
    /// A user, in the CRM.
    User,
}

impl Author {
    /// As in `createdWith`.
    fn word(self) -> &'static str {
        match self {
            Self::Integration => "Integration",
            Self::User => "WebApp",
        }
    }
}

impl Feed {
    /// Appends a change of a communication.
    pub(super) fn communication(
        &mut self,
        change: &str,
        author: Author,
        id: Uuid,
        (old, new): (&Value, &Value),
    ) {
        let offset = Uuid::new_v4();
        self.items.push(json!({
            "id": Uuid::new_v4(),
            "offset": offset,
            "type": "change",
            "changeData": {"type": change, "old": old, "new": new},
            "entityIds": {"communicationId": id},
            "createInfo": {"createdAt": clock::now_text(), "createdWith": author.word()}
        }));
        self.places.insert(offset, self.offsets.len());
        self.offsets.push(offset);
    }

    /// The page behind `offset`, or the first; none when there is no such offset.
    pub(super) fn page(&self, offset: Option<Uuid>, limit: usize) -> Option<Value> {
        let from = match offset {
            None => 0,
            Some(offset) => 1 + self.places.get(&offset)?,
        };
        let to = self.items.len().min(from + limit.clamp(1, MAX_LIMIT));
        let page = &self.items[from..to];
        Some(json!({
            "count": page.len(),
            "items": page,
            "firstOffset": self.offsets[from..to].first(),
            "lastOffset": self.offsets[from..to].last().copied().or(offset),
            "hasMore": to < self.items.len()
        }))
    }
}
