//! The address for PostgreSQL's own programs.

use tokio_postgres::config::{Host, SslMode};

use super::Address;

impl Address {
    /// The variables by which `pg_dump` and its like find the database (PostgreSQL's manual, libpq, Environment Variables).
    /// The password is among them.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let config = self.config();
        let texts = [
            ("PGUSER", config.get_user().map(str::to_owned)),
            (
                "PGPASSWORD",
                config.get_password().map(|password| String::from_utf8_lossy(password).into_owned()),
            ),
            ("PGDATABASE", config.get_dbname().map(str::to_owned)),
            ("PGHOST", listed(config.get_hosts().iter().map(host))),
            ("PGPORT", listed(config.get_ports().iter().map(u16::to_string))),
            ("PGOPTIONS", config.get_options().map(str::to_owned)),
            ("PGSSLMODE", (config.get_ssl_mode() == SslMode::Require).then(|| "require".to_owned())),
        ];
        texts.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
    }
}

fn host(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    }
}

fn listed(parts: impl Iterator<Item = String>) -> Option<String> {
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(","))
}

#[cfg(test)]
mod tests {
    use domain::secret::Secret;

    use super::*;

    fn address(url: &str) -> Address {
        Address::parse(&Secret::new(url)).unwrap()
    }

    #[test]
    fn postgresqls_own_programs_are_told_by_their_variables() {
        let variables = address("postgres://me:hu%20sh@one:1,two:2/calls?sslmode=require").variables();
        let expected = [
            ("PGUSER", "me"),
            ("PGPASSWORD", "hu sh"),
            ("PGDATABASE", "calls"),
            ("PGHOST", "one,two"),
            ("PGPORT", "1,2"),
            ("PGSSLMODE", "require"),
        ];
        assert_eq!(variables, expected.map(|(name, text)| (name, text.to_owned())));
        let names: Vec<_> =
            address("postgres://me@host/calls").variables().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["PGUSER", "PGDATABASE", "PGHOST", "PGPORT"]);
    }
}
