# shellcheck shell=bash
# What the steps need on the machine: one function per need. Each installs what is missing and returns 1,
# with the reason in MISSING, where that cannot be done. Sourced by scripts/test and scripts/try-image.

MISSING=''

# Versions that are known to work with this tree; a newer one that is there already is taken as it is.
readonly NEXTEST_VERSION=0.9.143
readonly CARGO_DENY_VERSION=0.20.2

# as_root COMMAND…: as it is for root, through sudo (without asking for a password) for others.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo --non-interactive "$@"
    fi
}

# has COMMAND…: whether every one of them is on the machine.
has() {
    command -v "$@" >/dev/null && [ "$(command -v "$@" | wc -l)" = $# ]
}

# apt_install PACKAGE…
apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends "$@"' apt_install "$@"
}

# need_commands "COMMAND…" PACKAGE…: the commands, from Debian's packages.
need_commands() {
    local commands=$1
    shift
    # shellcheck disable=SC2086 # a list of words
    has $commands && return 0
    printf 'installing %s\n' "$*"
    # shellcheck disable=SC2086
    apt_install "$@" >"$WORK/apt.log" 2>&1 && has $commands && return 0
    tail -n 5 "$WORK/apt.log" >&2
    MISSING="Debian's package $* could not be installed"
    return 1
}

# need_cargo_tool NAME VERSION: cargo's subcommand NAME, built by cargo.
need_cargo_tool() {
    has "cargo-$1" && return 0
    printf 'installing cargo-%s %s; this takes a few minutes, once\n' "$1" "$2"
    cargo install --quiet --locked "cargo-$1@$2" && return 0
    MISSING="cargo-$1 could not be installed by cargo"
    return 1
}

# The compiler is the one thing that is not installed here: choosing one for the machine is its owner's decision.
need_rust() {
    has cargo rustc && return 0
    printf 'cargo is not here: install Rust from https://rustup.rs or as a package, then run this again\n' >&2
    return 1
}

need_c_compiler() { need_commands 'cc' gcc libc6-dev; }
need_nextest() { need_cargo_tool nextest "$NEXTEST_VERSION"; }
need_cargo_deny() { need_cargo_tool deny "$CARGO_DENY_VERSION"; }
need_chromium() { need_commands 'chromium chromedriver' chromium chromium-driver; }
# The server's clock is set wrong with it.
need_faketime() { need_commands 'faketime' faketime; }
need_debootstrap() { need_commands 'debootstrap' debootstrap; }
# The tests play calls on real Asterisks; SIPp's processes are the phones and the client.
need_asterisk() {
    need_commands 'sipp' sip-tester && need_debootstrap || return
    [ "$(id -u)" = 0 ] || {
        MISSING='Asterisk is started in a chroot, and that needs root'
        return 1
    }
    asterisk_root 22 sid && asterisk_root 16 bullseye
}
# The tests start a server of their own, as the user that the package makes; Debian has it outside of the search path.
need_postgres() {
    need_commands 'setpriv' util-linux || return
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return 0
    printf 'installing postgresql\n'
    apt_install postgresql >"$WORK/apt.log" 2>&1 && compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return 0
    tail -n 5 "$WORK/apt.log" >&2
    MISSING="Debian's package postgresql could not be installed"
    return 1
}
need_shellcheck() { need_commands 'shellcheck' shellcheck; }
# What the commands and programs of the documents are run with.
need_document_tools() {
    need_commands 'curl openssl ip unshare python3 node' curl openssl iproute2 util-linux python3 nodejs
}
# The disk that gets full is mounted in a namespace of its own.
need_mounts() {
    local options
    for options in '--mount' '--map-root-user --mount'; do
        # shellcheck disable=SC2086 # a list of words
        unshare $options mount -t tmpfs tmpfs /mnt 2>/dev/null && return 0
    done
    MISSING='file systems cannot be mounted here, not even in a namespace'
    return 1
}
