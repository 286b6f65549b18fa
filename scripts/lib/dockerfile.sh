# shellcheck shell=bash
# Reads a Dockerfile well enough to carry out its last stage without a container engine. Sourced by scripts/try-image.

# stage_instructions FILE: the last stage, one instruction a line, without comments and continuations.
stage_instructions() {
    awk '
        /^[[:space:]]*(#|$)/ { next }
        { line = line $0 }
        line ~ /\\$/ { line = substr(line, 1, length(line) - 1) " "; next }
        line ~ /^FROM / { count = 0 }
        { stage[count++] = line; line = "" }
        END { for (i = 0; i < count; i++) print stage[i] }
    ' "$1"
}

# json_words '["a", "b"]': a and b, each on its line.
json_words() {
    grep -o '"[^"]*"' <<<"$1" | tr -d '"'
}

# carry_out FILE BINARY ROOT: makes the stage's file system under ROOT and sets what the image would know:
# IMAGE_ENV, IMAGE_USER, IMAGE_WORKDIR, IMAGE_VOLUME, IMAGE_HEALTHCHECK, IMAGE_ENTRYPOINT, IMAGE_CMD.
carry_out() {
    local file=$1 binary=$2 root=$3 word rest
    IMAGE_ENV=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
    IMAGE_USER='' IMAGE_WORKDIR=/ IMAGE_VOLUME='' IMAGE_HEALTHCHECK=() IMAGE_ENTRYPOINT=() IMAGE_CMD=()
    while read -r word rest <&3; do
        printf '  %s %s\n' "$word" "$(tr -s ' ' <<<"$rest")"
        case $word in
            LABEL | EXPOSE) ;; # nothing to do outside a container
            FROM) make_base "$rest" "$root" || return ;;
            RUN) chroot "$root" env -i "${IMAGE_ENV[@]}" DEBIAN_FRONTEND=noninteractive sh -ec "$rest" >>"$WORK/run.log" 2>&1 || return ;;
            COPY) copy_binary "$rest" "$binary" "$root" || return ;;
            ENV) IMAGE_ENV+=("$rest") ;;
            USER) IMAGE_USER=$rest ;;
            VOLUME) IMAGE_VOLUME=$rest ;;
            WORKDIR) IMAGE_WORKDIR=$rest && mkdir -p "$root$rest" ;;
            HEALTHCHECK) mapfile -t IMAGE_HEALTHCHECK < <(json_words "$rest") ;;
            ENTRYPOINT) mapfile -t IMAGE_ENTRYPOINT < <(json_words "$rest") ;;
            CMD) mapfile -t IMAGE_CMD < <(json_words "$rest") ;;
            *)
                printf '%s: the instruction %s is not known here; teach it to scripts/lib/dockerfile.sh\n' "$file" "$word" >&2
                return 1
                ;;
        esac
    done 3< <(stage_instructions "$file")
}

# make_base debian:SUITE[-slim] ROOT: the plain Debian that the image starts from. 77: not on this machine.
make_base() {
    local suite=${1#debian:}
    [ "$suite" != "$1" ] || {
        printf 'the run stage starts from %s, and only debian:… can be made here\n' "$1" >&2
        return 1
    }
    debootstrap --variant=minbase "${suite%-slim}" "$2" >"$WORK/debootstrap.log" 2>&1 || {
        tail -n 5 "$WORK/debootstrap.log" >&2
        return 77
    }
    # A container engine gives the name servers as well.
    cp /etc/resolv.conf "$2/etc/resolv.conf"
}

# copy_binary '--from=build SOURCE TARGET' BINARY ROOT: the build stage's only product is the binary.
copy_binary() {
    local from source target
    read -r from source target <<<"$1"
    [ "$from" = '--from=build' ] && [ "$(basename "$source")" = "$(basename "$2")" ] || {
        printf 'COPY %s: only the binary can be copied here\n' "$1" >&2
        return 1
    }
    install -D --mode=0755 "$2" "$3$target"
}
