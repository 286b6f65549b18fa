//! Requests of providers as they came.

use domain::clock::Timestamp;
use domain::id::{InstanceId, RawRequestId};

use crate::error::StorageError;
use crate::session::Ids;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    INSERT = "INSERT INTO raw_request (instance_id, provider, received_at, body, fault, id) VALUES ($1, $2, $3, $4, $5, $6)";
    GET = "SELECT id, provider, received_at, body, fault FROM raw_request WHERE id = $1";
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRequest {
    /// Its row.
    pub id: RawRequestId,
    /// The provider's name.
    pub provider: String,
    /// When it came.
    pub received_at: Timestamp,
    /// The body, untouched.
    pub body: Vec<u8>,
    /// Why it was refused, if it was.
    pub fault: Option<String>,
}

impl Tx<'_> {
    /// Stores a request as it came; `fault` is why it is refused, if it is.
    pub fn insert_raw_request(
        &self,
        instance: InstanceId,
        provider: &str,
        received_at: Timestamp,
        body: &[u8],
        fault: Option<&str>,
    ) -> Result<RawRequestId, StorageError> {
        let parameters = [instance.0.into(), provider.into(), received_at.into(), body.into(), fault.into()];
        self.insert(INSERT, Ids::RawRequests, parameters).map(RawRequestId)
    }

    /// A stored request.
    pub fn raw_request(&self, id: RawRequestId) -> Result<Option<RawRequest>, StorageError> {
        self.one(GET, &[id.0.into()], |row| {
            Ok(RawRequest {
                id: RawRequestId(row.int(0)?),
                provider: row.text(1)?,
                received_at: row.time(2)?,
                body: row.opt_bytes(3)?.unwrap_or_default(),
                fault: row.opt_text(4)?,
            })
        })
    }
}
