# shellcheck shell=bash disable=SC2154
# tcpdump beside a simulated camera, for the scripts beside this file that source simulator.bash.

listener=     # process of the tcpdump that was started last, empty if there is none

# Listens to the simulator's three ports; what is heard goes to $1.pcap.
start_listener() {
    local tries
    : >"$1.tcpdump"
    # Not as another user, who could not write here. Without a delay the kernel has a slot for each
    # packet, of as many bytes as are kept at most: the largest on loopback has 64 KiB.
    tcpdump -i lo -n -s 70000 -U --immediate-mode -B 32768 -Z root -w "$1.pcap" \
        "tcp portrange $port-$((port + 2))" 2>"$1.tcpdump" &
    listener=$!
    for ((tries = 0; tries < 200; tries++)); do
        grep -q 'listening on' "$1.tcpdump" && return 0
        kill -0 "$listener" 2>/dev/null || break
        sleep 0.02
    done
    fail "tcpdump: $(cat "$1.tcpdump")"
}

# Ends it when it has written all it heard, and fails if the kernel dropped a packet.
stop_listener() {
    local process=$listener size=-1 next
    while next=$(stat -c %s "$1.pcap") && [[ $next != "$size" ]]; do
        size=$next
        sleep 0.1
    done
    listener=
    kill -INT "$process"
    wait "$process" || fail "tcpdump left: $(cat "$1.tcpdump")"
    grep -q '^0 packets dropped by kernel' "$1.tcpdump" || fail "tcpdump lost packets: $(cat "$1.tcpdump")"
}

# Ends it however it goes: for traps.
kill_listener() {
    [[ -z $listener ]] || kill "$listener" 2>/dev/null || true
}

# Decodes $1.pcap to $1.decoded and the folder $1.extracted, and compares that with the journal in
# $1.journal and with what the simulator said last; prints counts.
decode_and_compare() {
    "$program" decode --json --port "$port" --extract "$1.extracted" "$1.pcap" >"$1.decoded" || return 1
    "$program" decode --json --unknown --port "$port" "$1.pcap" >"$1.unknown" || return 1
    python3 "$(dirname "${BASH_SOURCE[0]}")/wire.py" unknown "$1.decoded" "$1.unknown" || return 1
    python3 "$(dirname "${BASH_SOURCE[0]}")/wire.py" "$1.pcap" "$1.decoded" "$1.journal" "$said.out"
}

# SHA-256 of all photos, films and previews in the folder $1.
pictures() {
    find "$1" -type f \( -iname '*.jpg' -o -iname '*.mov' \) -exec sha256sum {} + | cut -d ' ' -f 1 | sort -u
}
