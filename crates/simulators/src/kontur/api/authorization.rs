//! Authorisation of an integration, contract §2.

use std::sync::Arc;

use poem_openapi::param::Header;
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::Value;

use crate::kontur::answer::Answer;
use crate::kontur::state::Shared;
use crate::kontur::wire::Instance;
use crate::kontur::workspace::Credentials;
use crate::strict::Described;

/// Access for 20 minutes.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "Kontur's words")]
struct Access {
    /// `{id, name, title, updateInfo}`
    workspace: Any<Value>,
    integration_instance: Instance,
    /// Must not be stored durably.
    access_key: String,
}

pub(super) struct Authorization(pub(super) Arc<Shared>);

#[OpenApi]
impl Authorization {
    /// Authorise a private integration
    #[oai(path = "/authorization/authorize-private-integration", method = "post")]
    async fn private(
        &self,
        #[oai(name = "X-XCOM-Integration-ApiKey")] api_key: Header<Option<String>>,
    ) -> Answer<Access> {
        let credentials = api_key.0.map(|api_key| Credentials::Private { api_key });
        self.authorize(credentials.as_ref())
    }

    /// Authorise a public integration
    #[oai(path = "/authorization/authorize-integration", method = "post")]
    async fn public(
        &self,
        #[oai(name = "X-XCOM-Integration-ApiKey")] api_key: Header<Option<String>>,
        /// `secretKey=VALUE`
        #[oai(name = "X-XCOM-Integration-Secret")]
        secret: Header<Option<String>>,
    ) -> Answer<Access> {
        let secret_key = secret.0.as_deref().and_then(|text| text.strip_prefix("secretKey="));
        let credentials = api_key.0.zip(secret_key);
        let credentials = credentials
            .map(|(api_key, secret_key)| Credentials::Public { api_key, secret_key: secret_key.to_owned() });
        self.authorize(credentials.as_ref())
    }
}

impl Authorization {
    fn authorize(&self, credentials: Option<&Credentials>) -> Answer<Access> {
        let granted = credentials.and_then(|credentials| self.0.state().authorize(credentials));
        match granted {
            Some(result) => result.into(),
            None => Answer::Unauthorized(Described::new("Unauthorized".into())),
        }
    }
}
