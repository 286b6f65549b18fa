//! The server's configuration in a test: that of the sandbox, quick, with whatever the test changes.

use simulators::sandbox::Sandbox;
use toml::{Table, Value};

/// A configuration file as a tree.
pub(crate) type Configuration = Table;

/// What every test has: short waits, and every log line that our crates can write.
const QUICK: &str = r#"
settle_ms = 40

[retry]
delays_ms = [20, 40, 80, 160, 320]
jitter_percent = 20

[log]
level = "info,kontur_telephony=trace,engine=trace,adapters=trace,storage=trace,domain=trace"
"#;

/// The sandbox's configuration for a server there.
pub(super) fn of(sandbox: &Sandbox, listen: &str, database_url: &str) -> Configuration {
    let text = sandbox.configuration_toml(listen, database_url);
    let mut configuration: Table = text.parse().expect("the sandbox's configuration is TOML");
    configuration.extend(QUICK.parse::<Table>().expect("TOML"));
    // A test says itself when the history is read.
    let never = toml::toml! { schedule = "never" again = "never" settle_sec = 0 };
    integration(&mut configuration).insert("sync".to_owned(), never.into());
    configuration
}

/// The company's `[[integration]]`.
pub(crate) fn integration(configuration: &mut Configuration) -> &mut Table {
    let integrations = configuration.get_mut("integration").and_then(Value::as_array_mut);
    let first = integrations.and_then(|all| all.first_mut()).and_then(Value::as_table_mut);
    first.expect("an [[integration]]")
}

/// The table `name` inside `parent`; it is made if it is missing.
pub(crate) fn table<'a>(parent: &'a mut Table, name: &str) -> &'a mut Table {
    let entry = parent.entry(name).or_insert_with(|| Table::new().into());
    entry.as_table_mut().expect("a table")
}
