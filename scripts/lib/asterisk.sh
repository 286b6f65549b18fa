# shellcheck shell=bash
# Makes the roots in which the tests start real Asterisks: plain Debians with Asterisk, made once, kept outside the tree
# where tests/it/pbx_asterisk looks for them. Sourced by scripts/test; uses as_root, MISSING and WORK.

readonly ASTERISK_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/kontur-telephony"

# asterisk_root VERSION SUITE: what the suite calls Asterisk has to be that version. 1: MISSING says why not.
asterisk_root() {
    local version=$1 suite=$2 root="$ASTERISK_CACHE/asterisk-$1" made
    [ ! -d "$root" ] || return 0
    printf 'making a root with Asterisk %s; this takes a minute, once\n' "$version"
    mkdir -p "$ASTERISK_CACHE" && made="$(mktemp -d "$root.XXXXXX")" || {
        MISSING="$ASTERISK_CACHE cannot be written"
        return 1
    }
    # Nobody finds a half of it; of two that are made at once the first one stays.
    if fill_asterisk_root "$version" "$suite" "$made" && { mv --no-target-directory "$made" "$root" 2>/dev/null || [ -d "$root" ]; }; then
        rm -rf --one-file-system "$made"
        return 0
    fi
    rm -rf --one-file-system "$made"
    return 1
}

# fill_asterisk_root VERSION SUITE FOLDER
fill_asterisk_root() {
    local version=$1 suite=$2 root=$3 log="$WORK/debootstrap-$1.log" is
    debootstrap --variant=minbase --include=asterisk "$suite" "$root" >"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        MISSING="debootstrap cannot make a Debian $suite with Asterisk on this machine"
        return 1
    }
    is="$(chroot "$root" asterisk -V)"
    [[ $is == "Asterisk $version."* ]] || {
        MISSING="Debian $suite has $is, the tests want $version"
        return 1
    }
    # A PBX of an office: its clock is not in UTC, and times without a zone must not pass for UTC.
    ln -sf /usr/share/zoneinfo/Europe/Moscow "$root/etc/localtime"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
    chmod 0755 "$root"
}
