//! In a module whose name says that PostgreSQL is needed.

mod real_postgres {
    use crate::postgres::{Database, Postgres, Session, Stop};

    #[test]
    fn what_was_committed_is_there_after_every_stop_at_the_same_url() {
        let mut server = Postgres::durable();
        Session::to(&server.url()).run("CREATE TABLE kept (n BIGINT)");
        for how in [Stop::Fast, Stop::Immediate] {
            let held = Session::to(&server.url());
            held.run("INSERT INTO kept VALUES (1)");
            server.stop(how);
            server.start();
        }
        assert_eq!(Session::to(&server.url()).number("SELECT count(*) FROM kept"), 2);
    }

    #[test]
    fn tests_on_one_server_have_databases_of_their_own_that_go_with_who_is_connected() {
        let server = Postgres::quick();
        let made = [(), ()].map(|()| Database::beside_others(server.url()));
        let sessions = made.each_ref().map(Database::session);
        for session in &sessions {
            session.run("CREATE TABLE call (id BIGINT)");
        }
        drop(made);
        let left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'test%'";
        assert_eq!(Session::to(&server.url()).number(left), 0);
    }
}
