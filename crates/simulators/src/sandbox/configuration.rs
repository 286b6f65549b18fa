//! The server's configuration for the sandbox.

use std::fmt::Write as _;

use super::{ADMIN_TOKEN, INTEGRATION_ID, KONTUR_API_KEY, Sandbox, WORKSPACE};

/// The unguessable part of the url that Workonflow's events go to.
const EVENTS_TOKEN: &str = "sandbox-events-7f3a9c51d2e84b06";
/// 32 bytes in base64; protects nothing, the sandbox has no secrets.
const ENCRYPTION_KEY: &str = "c2FuZGJveC1zYW5kYm94LXNhbmRib3gtc2FuZGJveC0=";

/// The whole file.
pub(super) fn toml(sandbox: &Sandbox, listen: &str, database: &str) -> String {
    let mut text = general(sandbox, listen, database);
    text.push_str(&provider(sandbox));
    text.push_str(&users(sandbox));
    text.push_str(&workonflow(sandbox));
    text.push_str(&metabot(sandbox));
    text
}

fn general(sandbox: &Sandbox, listen: &str, database: &str) -> String {
    format!(
        r#"# The sandbox: a made-up company whose remote systems are simulated on this machine.
listen = "{listen}"
public_url = "{public_url}"
database_url = "{database}"
admin_token = "{ADMIN_TOKEN}"
encryption_key = "{ENCRYPTION_KEY}"

[kontur]
api_url = "{kontur}"

[[integration]]
workspace = "{WORKSPACE}"
integration_id = "{INTEGRATION_ID}"
kind = "private"
api_key = "{KONTUR_API_KEY}"
time_zone = "Europe/Moscow"
country = "RU"
settings = {{ auto_redirect = false, auto_answer = false }}
"#,
        public_url = sandbox.server_url(),
        kontur = sandbox.kontur.url(),
    )
}

fn provider(sandbox: &Sandbox) -> String {
    let options = sandbox.pbx.options();
    format!(
        r#"
[integration.provider]
kind = "generic"
webhook_secret = "{}"
control_url = "{}"
control_token = "{}"
"#,
        options.send.secret,
        sandbox.pbx.control_url(),
        options.control_token,
    )
}

fn users(sandbox: &Sandbox) -> String {
    let mut text = String::new();
    for employee in &sandbox.employees {
        // Writing to a string cannot fail.
        let _infallible = write!(
            text,
            r#"
[[integration.user]]
kontur_user_id = "{}"
extension = "{}"
workonflow_user_id = "{}"
"#,
            employee.kontur_user_id, employee.extension, employee.workonflow_user_id,
        );
    }
    text
}

fn workonflow(sandbox: &Sandbox) -> String {
    let (seeds, credentials) = (sandbox.workonflow.seeds(), sandbox.workonflow.credentials());
    format!(
        r#"
[integration.workonflow]
dialect = "query"
api_url = "{}"
team_id = "{}"
api_key = "{}"
secret_key = "{}"
stream_id = "{}"
status_id = "{}"
done_status_id = "{}"
events_token = "{EVENTS_TOKEN}"
"#,
        sandbox.workonflow.url(),
        seeds.team_id,
        credentials.api_key,
        credentials.secret_key,
        seeds.stream_id,
        seeds.wait_status_id,
        seeds.done_status_id,
    )
}

fn metabot(sandbox: &Sandbox) -> String {
    format!(
        r#"
[integration.metabot]
api_url = "{}"
bot_id = {}
token = "{}"
time_zone = "Europe/Moscow"
auth = "authentication"

[[integration.metabot.job]]
on = "missed"
trigger_code = "missed_call"
run_after_sec = 60
"#,
        sandbox.metabot.url(),
        sandbox.metabot.bot_id(),
        sandbox.metabot.token(),
    )
}
