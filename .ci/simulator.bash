# shellcheck shell=bash disable=SC2034,SC2154
# Simulated cameras for the scripts beside this file. They set `program`, the tool to test, and
# `work`, a folder of their own, and source this.

simulator=    # process of the simulated camera that was started last, empty if there is none
port=         # its port of commands
event_port=   # its port of events
said=         # file with what it said on standard error
simulator_in=() # command that runs it elsewhere, such as `ip netns exec NAME`

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# Starts a simulated camera at the address $1 with the given flags, behind the command in the array
# `simulator_in` if there is one, and waits until it listens.
start_simulator() {
    local listen=$1 tries line=
    shift
    said=$(mktemp "$work/simulator.XXXXXX")
    : >"$said.out"
    "${simulator_in[@]}" "$program" sim --json --listen "$listen" "$@" >"$said.out" 2>"$said" &
    simulator=$!
    for ((tries = 0; tries < 200; tries++)); do
        IFS= read -r line <"$said.out" && break
        kill -0 "$simulator" 2>/dev/null || fail "the simulator ended: $(cat "$said")"
        sleep 0.05
    done
    port=$(jq -er '.address | split(":") | last' <<<"$line") || fail "no address in the simulator's line: '$line'"
    event_port=$(jq -er '.events | split(":") | last' <<<"$line")
}

# Ends it as a service manager would; fails unless it leaves cleanly.
stop_simulator() {
    [[ -n $simulator ]] || return 0
    local code=0 process=$simulator
    simulator=
    kill -TERM "$process" 2>/dev/null || true
    wait "$process" || code=$?
    [[ $code -eq 0 ]] || fail "the simulator left with exit code $code: $(cat "$said")"
}

# Ends it however it goes: for traps.
kill_simulator() {
    [[ -z $simulator ]] || kill -KILL "$simulator" 2>/dev/null || true
}

# Makes the folder $1 a card of $2 photos that filmwire fetched from a card made of the seed $3.
make_card() {
    local folder=$1/DCIM/100_FUJI found
    start_simulator 127.0.0.1:0 --model X-A2 --photos "$2" --seed "$3"
    timeout 120 "$program" sync --camera "127.0.0.1:$port" --to "$1.library" --quiet
    stop_simulator
    mkdir -p "$folder"
    find "$1.library" -type f -iname '*.jpg' -exec cp -n {} "$folder/" \;
    found=$(hashes "$folder" | wc -l)
    [[ $found -eq $2 ]] || fail "filmwire fetched $found photos of $2"
}

# SHA-256 of every photo below $1, sorted.
hashes() {
    find "$1" -type f -iname '*.jpg' -exec sha256sum {} + | cut -d' ' -f1 | sort
}
