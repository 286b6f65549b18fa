//! Integration instances and their status.

use std::sync::Arc;

use domain::secret::Secret;
use engine::error::EngineError;
use engine::instance::Instance;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use serde_json::Value;

use super::Tag;
use super::body::JsonBody;
use super::page::Page;
use super::settings::IntegrationSettings;
use super::shown::{Integration, StatusReport};
use crate::api::ApiState;
use crate::api::problem::{Fault, Problem};
use crate::config;

/// Operations.
pub(in crate::api) struct Integrations(pub(super) Arc<ApiState>);

#[derive(ApiResponse)]
enum Put {
    /// The integration was made.
    #[oai(status = 201)]
    Made(Json<Integration>),
    /// The integration works with these settings from now on.
    #[oai(status = 200)]
    Changed(Json<Integration>),
}

#[derive(ApiResponse)]
enum Delete {
    /// The integration is gone.
    #[oai(status = 204)]
    Gone,
}

type Reply<T> = Result<Json<T>, Problem>;

#[OpenApi(prefix_path = "/admin/v1/integrations", tag = "Tag::Integrations")]
impl Integrations {
    /// List the integrations
    #[oai(path = "/", method = "get", operation_id = "list_integrations")]
    #[expect(clippy::unused_async, reason = "the macro wants it")]
    async fn list(&self) -> Reply<Page<Integration>> {
        let all = self.0.engine.all_instances();
        Ok(Json(Page::whole(all.iter().map(|instance| self.shown(instance, None)).collect())))
    }

    /// Show an integration with its settings
    ///
    /// Secrets are shown as `***`.
    #[oai(path = "/:workspace", method = "get", operation_id = "get_integration")]
    async fn get(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
    ) -> Reply<Integration> {
        let instance = self.0.engine.instance(&workspace)?;
        Ok(Json(self.with_settings(&instance).await?))
    }

    /// Make an integration, or give it other settings
    ///
    /// Takes the keys of `[[integration]]` of the configuration file as JSON; secrets are given as they are and stored
    /// encrypted. Integrations of the configuration file are changed there (409).
    #[oai(path = "/:workspace", method = "put", operation_id = "put_integration")]
    async fn put(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
        body: JsonBody<IntegrationSettings>,
    ) -> Result<Put, Problem> {
        let json = for_workspace(&workspace, body.json)?;
        let settings = config::parse_instance(&json).map_err(|faults| {
            let faults = faults.into_iter().map(|fault| Fault::of_field(fault.path, fault.message));
            Problem::invalid("the settings are wrong; correct them and send them again", faults.collect())
        })?;
        let (instance, made) = self.0.engine.put_instance(settings, &Secret::new(json.to_string())).await?;
        let shown = Json(self.with_settings(&instance).await?);
        Ok(if made { Put::Made(shown) } else { Put::Changed(shown) })
    }

    /// Delete an integration with all its secrets
    ///
    /// Its calls stay. Integrations of the configuration file are removed there (409).
    #[oai(path = "/:workspace", method = "delete", operation_id = "delete_integration")]
    async fn delete(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
    ) -> Result<Delete, Problem> {
        let instance = self.0.engine.instance(&workspace)?;
        self.0.engine.delete_instance(&instance).await?;
        Ok(Delete::Gone)
    }

    /// Set an integration up
    ///
    /// Does what an administrator does by pressing Setup in Kontur; a public integration is activated there first.
    #[oai(path = "/:workspace/activate", method = "post", operation_id = "activate_integration")]
    async fn activate(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
    ) -> Reply<StatusReport> {
        let instance = self.0.engine.instance(&workspace)?;
        self.0.engine.activate(&instance).await?;
        self.report(&instance).await
    }

    /// Pause an integration
    ///
    /// Events are still taken in; deliveries are held back until it is resumed.
    #[oai(path = "/:workspace/pause", method = "post", operation_id = "pause_integration")]
    async fn pause(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
    ) -> Reply<StatusReport> {
        let instance = self.0.engine.instance(&workspace)?;
        self.0.engine.pause(&instance).await?;
        self.report(&instance).await
    }

    /// Resume an integration
    ///
    /// Ends a pause that was set here; one that was set in Kontur ends there.
    #[oai(path = "/:workspace/resume", method = "post", operation_id = "resume_integration")]
    async fn resume(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
    ) -> Reply<StatusReport> {
        let instance = self.0.engine.instance(&workspace)?;
        self.0.engine.resume(&instance).await?;
        self.report(&instance).await
    }

    /// Show the status of an integration, why it is so, and how it came to be
    #[oai(path = "/:workspace/status", method = "get", operation_id = "get_integration_status")]
    async fn status(
        &self,
        /// The workspace in Kontur.
        workspace: Path<String>,
    ) -> Reply<StatusReport> {
        let instance = self.0.engine.instance(&workspace)?;
        self.report(&instance).await
    }
}

impl Integrations {
    async fn report(&self, instance: &Instance) -> Reply<StatusReport> {
        let report = self.0.engine.status_report(instance).await?;
        Ok(Json(StatusReport::of(report)))
    }

    async fn with_settings(&self, instance: &Instance) -> Result<Integration, Problem> {
        let settings = match self.0.declared.get(instance.workspace.as_str()) {
            Some(declared) if instance.declared => Some(declared.clone()),
            _ => self.stored_settings(instance).await?,
        };
        Ok(self.shown(instance, settings))
    }

    async fn stored_settings(&self, instance: &Instance) -> Result<Option<Value>, Problem> {
        let Some(stored) = self.0.engine.settings_of(instance).await? else { return Ok(None) };
        let json: Value = serde_json::from_str(stored.expose()).map_err(|_| EngineError::Internal)?;
        Ok(Some(config::redact(&json)))
    }

    fn shown(&self, instance: &Instance, settings: Option<Value>) -> Integration {
        Integration::of(instance, &self.0.public_url, settings)
    }
}

/// The body with the path's workspace in it.
fn for_workspace(workspace: &str, mut json: Value) -> Result<Value, Problem> {
    let Some(keys) = json.as_object_mut() else {
        return Err(Problem::invalid("the body has to be a JSON object", Vec::new()));
    };
    let in_body = keys.entry("workspace").or_insert_with(|| workspace.into());
    if in_body == workspace {
        return Ok(json);
    }
    let message =
        format!("is another workspace than {workspace:?} in the path; leave it out, or make them agree");
    Err(Problem::invalid("the settings are wrong", vec![Fault::of_field("workspace", message)]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_workspace_of_path_and_body_has_to_agree() {
        let named = json!({"workspace": "acme", "kind": "private"});
        assert_eq!(for_workspace("acme", json!({"kind": "private"})), Ok(named.clone()));
        assert_eq!(for_workspace("acme", named.clone()), Ok(named.clone()));
        assert_eq!(for_workspace("other", named).unwrap_err().faults[0].field, "workspace");
        assert!(for_workspace("acme", json!([])).is_err());
    }
}
