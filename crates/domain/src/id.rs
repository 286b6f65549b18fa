//! Names of things, one type each, so that a leg id cannot be passed where a call id belongs.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    )*};
}

text_ids! {
    /// The customer's space in Kontur: a unique latin name (contract Kontur, terms).
    Workspace;
    /// The published integration; an integration instance has the same id (GUID).
    IntegrationId;
    /// A call as Kontur stores it (GUID).
    CommunicationId;
    /// A user of Kontur (GUID).
    KonturUserId;
    /// A user of Workonflow (24 hex digits).
    WorkonflowUserId;
    /// The provider's id of the whole call: Kontur's `externalId`.
    ExternalId;
    /// The provider's id of a call leg: Kontur's `externalCallItemId` and `realtimeCallItemId`.
    LegId;
    /// The provider's id of one event; repeats carry the same.
    EventId;
    /// An internal number bound to a user; text, since `007` is not `7`.
    Extension;
}

macro_rules! row_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

row_ids! {
    /// An integration instance as stored here.
    InstanceId;
    /// A call as stored here; grows with time.
    CallId;
    /// A delivery (an outbox message with its attempts) as stored here; grows with time.
    DeliveryId;
    /// A raw request as received.
    RawRequestId;
}
