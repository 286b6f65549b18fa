# shellcheck shell=bash
# One PostgreSQL for all tests of a step, so that each of them makes a database and not a server. Sourced by
# scripts/test; uses as_root, MISSING and WORK.

# start_postgres: sets TEST_POSTGRES; the server ends with the step. Needs what need_postgres installs.
start_postgres() {
    local programs port log="$WORK/postgres.log"
    programs="$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | tail -n 1)")"
    POSTGRES_FOLDER="$(mktemp -d)"
    POSTGRES_CONTROL="$programs/pg_ctl"
    as_root chown postgres "$POSTGRES_FOLDER"
    trap stop_postgres EXIT
    # The password is not asked for: it stands in the URL so that a test finds it where it may not be shown.
    as_postgres "$programs/initdb" --username=tester --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync \
        -D "$POSTGRES_FOLDER/data" >"$log"
    for port in $(shuf -i 9000-9999 -n 20); do
        if as_postgres "$POSTGRES_CONTROL" start --silent --wait -D "$POSTGRES_FOLDER/data" -l "$POSTGRES_FOLDER/log" \
            -o "-p $port -k $POSTGRES_FOLDER -c listen_addresses=127.0.0.1 -c max_connections=300 -c fsync=off \
                -c full_page_writes=off" >>"$log" 2>&1; then
            export TEST_POSTGRES="postgres://tester:password-of-the-tester@127.0.0.1:$port/postgres"
            return 0
        fi
    done
    as_root cat "$log" "$POSTGRES_FOLDER/log" >&2
    return 1
}

# stop_postgres: ends it, whatever came of the step, and removes what it had.
stop_postgres() {
    as_postgres "$POSTGRES_CONTROL" stop --silent --mode=immediate -D "$POSTGRES_FOLDER/data" || true
    as_root rm -rf "$POSTGRES_FOLDER"
}

# PostgreSQL refuses to be root.
as_postgres() { (cd / && as_root setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); }
