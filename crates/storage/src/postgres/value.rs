//! Parameters as PostgreSQL takes them: the statement says of which type each is.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};

use crate::session::Value;

/// What PostgreSQL has in a text where it cannot have U+0000: an id with one stays the same id.
pub(crate) const INSTEAD_OF_NUL: &str = "\u{fffd}";

impl ToSql for Value<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (*self, of) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::BOOL) => (number != 0).to_sql(of, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(number)?.to_sql(of, out),
            (Self::Int(number), _) => number.to_sql(of, out),
            (Self::Text(text), _) if text.contains('\0') => {
                text.replace('\0', INSTEAD_OF_NUL).as_str().to_sql(of, out)
            }
            (Self::Text(text), _) => text.to_sql(of, out),
            (Self::Bytes(bytes), _) => bytes.to_sql(of, out),
        }
    }

    accepts!(BOOL, INT4, INT8, TEXT, BYTEA);

    to_sql_checked!();
}
