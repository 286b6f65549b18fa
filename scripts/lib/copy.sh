# shellcheck shell=bash
# A copy of the tree, in which rules may be broken: what plays the simulation is built there, once for the simulation and
# for every mutant. Sourced by scripts/test and scripts/mutants.

COPY="$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}/mutants")"
readonly COPY
# The compiler takes what it built before only for the same path.
readonly TREE="$COPY/tree"

# copy_tree: the tree as it is, with what is not committed. Its files are new, so that nothing built of a mutant is taken
# for theirs.
copy_tree() {
    mkdir -p "$COPY"
    # Whoever else works there is waited for; the lock goes with this shell.
    exec 9>"$COPY/lock"
    flock 9
    rm -rf "$TREE"
    mkdir -p "$TREE"
    git ls-files --cached --others --exclude-standard -z | tar --create --null --files-from=- | tar --extract --touch --directory="$TREE"
    # A repository of its own, so that git applies patches here and not in the one around.
    git -C "$TREE" init --quiet
}

# in_copy COMMAND…: there. Each mutant is built on what was built for the one before it.
in_copy() {
    (cd "$TREE" && CARGO_TARGET_DIR="$COPY" CARGO_INCREMENTAL=1 "$@")
}
