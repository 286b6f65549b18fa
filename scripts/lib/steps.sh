# shellcheck shell=bash
# The steps of scripts/test: STEPS gives their order, step_NAME does the work. A step ends with a command that
# fails if the step does; it calls leave_out where the machine lacks something.

# Quick answers first; the tests last, so that their summary is near the end of the output.
readonly STEPS=(fmt scripts clippy doc licenses advisories doctests simulation build openapi image mutants tests postgres)

step_fmt() { cargo fmt --all --check; }

step_scripts() {
    need_shellcheck || leave_out "$MISSING"
    shellcheck --external-sources scripts/test scripts/try-image scripts/mutants scripts/fuzz .ci/run
}

step_clippy() { cargo clippy --locked --workspace --all-targets --quiet -- -D warnings; }

step_doc() {
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items --quiet
}

# Everything of deny.toml that needs no network.
step_licenses() {
    need_cargo_deny || leave_out "$MISSING"
    cargo deny --locked --log-level error check --hide-inclusion-graph bans licenses sources
}

# The database of advisories lives on a git host of its own, which a closed network may not reach. Only that is
# forgiven: an advisory that applies, or any other fault, fails the step.
step_advisories() {
    need_cargo_deny || leave_out "$MISSING"
    local log="$WORK/advisories.log"
    if timeout 120 cargo deny --locked check advisories >"$log" 2>&1; then
        tail -n 1 "$log"
    elif grep -q 'failed to fetch advisory database' "$log"; then
        leave_out 'the advisory database cannot be fetched from this machine'
    else
        cat "$log"
        return 1
    fi
}

# Sets TEST_BINARY. Costs nothing when the binary is up to date, so each step that needs it may ask.
release_binary() {
    cargo build --release --locked --quiet --bin kontur-telephony
    TEST_BINARY="$(realpath "${CARGO_TARGET_DIR:-target}")/release/kontur-telephony"
    export TEST_BINARY
}

step_build() {
    release_binary
    ls -lh "$TEST_BINARY"
}

step_openapi() {
    release_binary
    "$TEST_BINARY" openapi --out "$WORK/openapi"
    diff --recursive --unified openapi "$WORK/openapi" || {
        printf 'openapi/ is not what the code says; renew it: cargo run -- openapi --out openapi\n' >&2
        return 1
    }
}

step_image() {
    need_debootstrap || leave_out "$MISSING"
    as_root true || leave_out 'a chroot needs root'
    release_binary
    local code=0
    as_root ./scripts/try-image "$TEST_BINARY" || code=$?
    [ "$code" != "$LEFT_OUT" ] || leave_out 'debootstrap cannot make a root file system on this machine'
    return "$code"
}

step_doctests() { cargo test --locked --workspace --doc --quiet; }

# Thousands of schedules, in a build that plays them quickly, and on which the mutants are built.
step_simulation() {
    need_nextest || leave_out "$MISSING"
    copy_tree
    TEST_SCHEDULES="${TEST_SCHEDULES:-20000}" in_copy \
        cargo nextest run --locked -p engine --test it --cargo-profile simulation --profile ci --filterset 'test(/^simulation::/)'
}

# Rules broken on purpose, which the tests have to notice. After the simulation, so that most is built.
step_mutants() {
    need_nextest || leave_out "$MISSING"
    ./scripts/mutants
}

# many: how many tests run at once. Most of them wait: for a remote system that hangs, for retries, for who died to be
# missed.
many() { echo $(($(nproc) * 2)); }

step_tests() {
    need_nextest || leave_out "$MISSING"
    release_binary
    # They have steps of their own.
    local filter='not test(/^simulation::part_/) and not test(/^cluster::/)'
    need_chromium || {
        left_out browser "$MISSING"
        filter+=' and not test(/(^|::)browser(::|$)/)'
    }
    need_document_tools || {
        left_out documents "$MISSING"
        filter+=' and not test(/(^|::)readme::(walk|signing)::/)'
    }
    need_faketime || {
        left_out clock "$MISSING"
        filter+=' and not test(/(^|::)faults::clock::/)'
    }
    need_mounts || {
        left_out disk "$MISSING"
        filter+=' and not test(/(^|::)faults::disk::/)'
    }
    need_asterisk || {
        left_out asterisk "$MISSING"
        filter+=' and not test(/(^|::)pbx_asterisk::/)'
    }
    if need_postgres; then
        start_postgres
    else
        left_out real_postgres "$MISSING"
        filter+=' and not test(/(^|::)real_postgres::/)'
    fi
    INSTA_UPDATE=no TEST_HISTORY="${TEST_HISTORY:-100000}" cargo nextest run --locked --workspace --profile ci \
        --test-threads "$(many)" --filterset "$filter" 2>&1 | tee "$WORK/tests.log"
}

# What is not tested again with PostgreSQL behind it, and why.
readonly NOT_ON_POSTGRES=(
    'architecture bench browser cli docs harness readme: have no database, or are about more than it'
    'doctor faults::disk: look at the file'
    'pbx_asterisk faults::clock faults::kontur faults::metabot faults::provider faults::sender faults::workonflow: are about others'
    'crash::backfill crash::killed.* crash::places load sync::overlap: take long; cluster plays kills and load'
    'simulation retention::model: take long, play thousands of databases'
)

# Several servers on one PostgreSQL; and what is stored, once more with the database there.
step_postgres() {
    need_nextest || leave_out "$MISSING"
    need_postgres || leave_out "$MISSING"
    release_binary
    start_postgres
    local entry filter='((package(kontur-telephony) and binary(it)) or package(storage) or package(engine))'
    # They start servers of their own, and ran among the tests.
    filter+=' and not test(/(^|::)real_postgres::/)'
    for entry in "${NOT_ON_POSTGRES[@]}"; do
        printf 'not with PostgreSQL: %s\n' "$entry"
        entry=${entry%%: *}
        filter+=" and not test(/^(${entry// /|})(::|$)/)"
    done
    TEST_DATABASE=postgres \
        cargo nextest run --locked --workspace --profile ci --test-threads "$(many)" --filterset "$filter" 2>&1 |
        tee "$WORK/tests-postgres.log"
}
