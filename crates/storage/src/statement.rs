//! Names each SQL text and lists all of a module's, so that one test prepares every text on a fresh database.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* const $name: &str = $sql;)*

        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

pub(crate) use statements;

#[cfg(test)]
mod tests {
    use crate::{calls, deliveries, dials, instances, raw_requests, sqlite, sync_jobs, unreturned};

    #[test]
    fn every_statement_is_valid_on_a_fresh_database() {
        let connection = sqlite::fresh_for_tests();
        let modules = [
            calls::ALL,
            deliveries::ALL,
            dials::ALL,
            instances::ALL,
            raw_requests::ALL,
            sync_jobs::ALL,
            unreturned::ALL,
        ];
        for (name, sql) in modules.into_iter().flatten() {
            assert!(connection.prepare(sql).is_ok(), "{name}: {:?}", connection.prepare(sql).err());
        }
    }
}
