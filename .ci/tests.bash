# shellcheck shell=bash
# Tests that are built already, for .ci/run and the scripts beside it. Source it.
#
# `cargo test --test NAME` chooses other features of dependencies than `cargo test --workspace`
# does, and builds a part of them once more; asking for the whole workspace builds nothing twice.

# A line for each test program, or unit test of a library, with one of the names: where it is, a tab,
# and the folder of its crate.
built_tests() {
    local found
    found=$(cargo test --workspace --no-run --message-format=json | jq -r --args '
        select(.reason == "compiler-artifact" and .profile.test and .executable != null)
        | select(.target.name as $name | $ARGS.positional | index($name))
        | "\(.executable)\t\(.manifest_path | sub("/[^/]*$"; ""))"' -- "$@")
    [[ -n $found ]] || { echo "no test is called $*" >&2; return 1; }
    printf '%s\n' "$found"
}

# Runs the programs of the name $1 as cargo would, those tests alone whose names hold $2 if that is
# given. That no test is there is a failure.
run_tests() {
    local name=$1 programs program folder said
    shift
    programs=$(built_tests "$name") || return
    said=$(mktemp "${TMPDIR:-/tmp}/filmwire-tests.XXXXXX") || return
    while IFS=$'\t' read -r program folder; do
        echo "-- $name of ${folder##*/}${1:+: $1}"
        (cd "$folder" && CARGO_MANIFEST_DIR=$folder "$program" "$@" </dev/null) | tee "$said"
        [[ ${PIPESTATUS[0]} -eq 0 ]] || { rm "$said"; return 1; }
        grep -qE '^test result: ok\. [1-9]' "$said" || { rm "$said"; echo "no test ran" >&2; return 1; }
    done <<<"$programs"
    rm "$said"
}
