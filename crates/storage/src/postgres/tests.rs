//! Every statement on a real PostgreSQL.

mod real_postgres {
    mod plans;

    use domain::secret::Secret;
    use testkit::postgres::Database;

    use crate::postgres::address::Address;
    use crate::postgres::connection::Connection;
    use crate::postgres::{batched, prefetch};
    use crate::session::Ids;
    use crate::statement::tests::MODULES;
    use crate::{calls, deliveries, instances};

    /// Statements of SQLite's own.
    const OF_SQLITE: &str = "space";

    fn connect(database: &Database) -> Connection {
        let mut connection =
            Connection::open(&Address::parse(&Secret::new(database.url())).unwrap()).unwrap();
        connection.migrate().unwrap();
        connection
    }

    #[test]
    fn every_statement_is_valid() {
        let database = Database::fresh();
        let connection = connect(&database);
        let shared = MODULES.iter().filter(|(module, _)| *module != OF_SQLITE);
        let shared =
            shared.flat_map(|(module, statements)| statements.iter().map(move |one| (*module, *one)));
        for (module, (name, sql)) in shared {
            let prepared = connection.prepare(sql);
            assert!(prepared.is_ok(), "{module}::{name}: {:?}", prepared.err());
        }
        let own = [calls::OF_POSTGRES, deliveries::OF_POSTGRES, instances::OF_POSTGRES, prefetch::QUESTIONS]
            .concat();
        for sql in own {
            let prepared = connection.prepare(sql);
            assert!(prepared.is_ok(), "{sql}: {:?}", prepared.err());
        }
    }

    /// What a statement becomes for many rows is made of its text: it has to be one as well.
    #[test]
    fn every_change_is_valid_for_many_rows_at_once() {
        let database = Database::fresh();
        let connection = connect(&database);
        let mut made = 0;
        for (module, statements) in MODULES.iter().filter(|(module, _)| *module != OF_SQLITE) {
            for (name, sql) in *statements {
                let types = connection.prepare(sql).unwrap().params().to_vec();
                let types: Vec<_> = types.iter().map(tokio_postgres::types::Type::name).collect();
                let Some(text) = batched::batched(sql, &types) else { continue };
                let prepared = connection.prepare_text(&text);
                assert!(prepared.is_ok(), "{module}::{name}: {text}: {:?}", prepared.err());
                made += 1;
            }
        }
        assert!(made > 30, "{made} statements take many rows");
    }

    #[test]
    fn numbers_come_from_the_sequences_by_their_blocks() {
        let database = Database::fresh();
        let connection = connect(&database);
        for of in [Ids::Calls, Ids::Deliveries, Ids::RawRequests, Ids::Instances, Ids::SyncJobs] {
            let two = connection.query(prefetch::sequence(of), &[2_i64.into()]).unwrap();
            let [first, second] = [0, 1].map(|row| two[row].get::<_, i64>(0));
            let expected = if prefetch::is_in_blocks(of) { super::super::blocks::BLOCK } else { 1 };
            assert_eq!(second - first, expected, "{of:?}");
        }
    }
}
