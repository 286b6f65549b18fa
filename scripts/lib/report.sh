# shellcheck shell=bash
# Runs steps, remembers how each ended, prints the closing table. Sourced by scripts/test.

# One line per finished step or left-out part: state, name, seconds, remark; separated by tabs.
REPORT="$WORK/report"
: >"$REPORT"

# The exit code by which a step says that it left itself out (automake's word for "skipped").
readonly LEFT_OUT=77

# record STATE NAME SECONDS REMARK
record() {
    printf '%s\t%s\t%s\t%s\n' "$@" >>"$REPORT"
}

# left_out NAME REASON: a part of the running step cannot run here; the rest goes on.
left_out() {
    printf 'left out: %s: %s\n' "$1" "$2"
    record 'left out' "$1" '' "$2"
}

# leave_out REASON: the running step as a whole cannot run here.
leave_out() {
    printf '%s' "$1" >"$WORK/reason"
    exit "$LEFT_OUT"
}

# run_step NAME: calls step_NAME in a subshell, so that a failing step ends itself and not the run.
run_step() {
    local name=$1 started=$SECONDS code
    printf '\n==> %s\n' "$name"
    (
        set -e
        "step_$name"
    )
    code=$?
    local took=$((SECONDS - started))
    case $code in
        0) record 'ok' "$name" "$took" '' ;;
        "$LEFT_OUT") record 'left out' "$name" "$took" "$(cat "$WORK/reason")" ;;
        *) record 'FAILED' "$name" "$took" "see above, after '==> $name'" ;;
    esac
    printf '<== %s: %s, %d s\n' "$name" "$(tail -n 1 "$REPORT" | cut -f 1)" "$took"
}

# print_report: the closing table, and under it the test runner's own summary.
print_report() {
    printf '\n%-9s %-15s %7s  %s\n' 'state' 'step' 'seconds' 'remark'
    local state name took remark
    while IFS='|' read -r state name took remark; do
        printf '%-9s %-15s %7s  %s\n' "$state" "$name" "$took" "$remark"
    done < <(tr '\t' '|' <"$REPORT")
    printf '%-9s %-15s %7s\n' '' 'total' "$SECONDS"
    if compgen -G "$WORK/tests*.log" >/dev/null; then
        printf '\nThe test runner said:\n'
        grep --no-filename -E '^ +Summary \[|^error: ' "$WORK"/tests*.log
    fi
}

# verdict: 0 if nothing failed and, with REQUIRE_ALL=1, nothing was left out but what MAY_LEAVE_OUT names.
verdict() {
    ! grep -q '^FAILED' "$REPORT" || return 1
    [ "${REQUIRE_ALL:-0}" = 1 ] || return 0
    local name
    while read -r name; do
        [[ " ${MAY_LEAVE_OUT:-} " == *" $name "* ]] || {
            printf '%s was left out, and REQUIRE_ALL=1 does not allow it\n' "$name" >&2
            return 1
        }
    done < <(grep '^left out' "$REPORT" | cut -f 2)
}
