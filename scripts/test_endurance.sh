#!/usr/bin/env bash
# Runs thousands of requests by one deployment, and fails if memory or latency grows.
set -euo pipefail

usage="usage: scripts/test_endurance.sh [--requests N] [--transport KIND] [--tessera PATH]

Four node processes of this host and a leader run the same small network again and again. The memory of each is noted, and that of the
last quarter of the time may exceed that of the second quarter by 2 % and 2 MiB at most; the median latency of the last quarter of
requests may exceed that of the first by a quarter at most. All answers must be the single node's to the bit.

  --requests N      default 10000
  --transport KIND  tcp or multicast; default tcp
  --tessera PATH    the command; default .build/release/tessera"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
requests=10000 transport=tcp tessera=$root/.build/release/tessera
while (($#)); do
    case "$1" in
        -h | --help)
            echo "$usage"
            exit 0
            ;;
        --requests | --transport | --tessera)
            [[ -n ${2:-} ]] || {
                echo "$usage" >&2
                exit 64
            }
            printf -v "${1#--}" %s "$2"
            shift 2
            ;;
        *)
            echo "$usage" >&2
            exit 64
            ;;
    esac
done
fail() {
    echo "test_endurance: $*" >&2
    exit 1
}
[[ $requests =~ ^[1-9][0-9]{2,6}$ ]] || fail "expected 100 to 9999999 requests, found '$requests'"
[[ $transport == tcp || $transport == multicast ]] || fail "expected 'tcp' or 'multicast', found '$transport'"
[[ -x $tessera ]] || fail "there is no '$tessera': build it first, with swift build -c release --product tessera"

work=$(mktemp -d)
leader=
cleanup() {
    if [[ $leader ]]; then kill "$leader" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

cat >"$work/deployment.yaml" <<END
tessera: 1
network: $root/configs/networks/lenet5.yaml
partition: fused-grid
transport: {kind: $transport}
threads: 1
END
"$tessera" deploy "$work/deployment.yaml" --spawn 4 --input "digit=$root/configs/pictures/landscape.png" --verify --runs "$requests" \
    --json >"$work/report.json" &
leader=$!

# The memory of a process, in KiB, once a quarter of a second.
echo "process second KiB" >"$work/memory"
started=$EPOCHSECONDS
while kill -0 "$leader" 2>/dev/null; do
    for process in "$leader" $(pgrep -P "$leader" || true); do
        if used=$(sed -nE 's/^VmRSS:\s*([0-9]+) kB/\1/p' "/proc/$process/status" 2>/dev/null) && [[ $used ]]; then
            echo "$process ${EPOCHREALTIME/./} $used" >>"$work/memory"
        fi
    done
    sleep 0.25
done
wait "$leader" || fail "the deployment failed"
leader=
reported() { sed -nE 's/^ *"'"$1"'" : ([^,]+),?$/\1/p' "$work/report.json"; }
[[ $(reported identical) == true ]] || fail "answers differ: $(cat "$work/report.json")"
[[ $(reported runs) == "$requests" ]] || fail "expected $requests answers, found $(reported runs)"
echo "$requests requests in $((EPOCHSECONDS - started)) s, all equal to one node's"

early=$(reported early_latency_ms) late=$(reported late_latency_ms)
echo "median latency: $early ms in the first quarter, $late ms in the last"
awk -v early="$early" -v late="$late" 'BEGIN { exit !(late <= 1.25 * early + 0.2) }' || fail "latency grows"

# The last sample of each may be of a process that is ending.
awk '
    NR > 1 { samples[$1] = samples[$1] " " $3; count[$1]++ }
    END {
        for (process in samples) {
            n = split(samples[process], kib, " ") - 1
            if (n < 16) continue
            second = last = 0
            for (i = int(n / 4) + 1; i <= int(n / 2); i++) if (kib[i] > second) second = kib[i]
            for (i = int(3 * n / 4) + 1; i <= n; i++) if (kib[i] > last) last = kib[i]
            grows = last > 1.02 * second + 2048
            printf "process %s: at most %.1f MiB in the second quarter, %.1f MiB in the last%s\n", process, second / 1024, last / 1024,
                grows ? ": GROWS" : ""
            seen++
            if (grows) wrong = 1
        }
        if (seen < 5) { print "expected the memory of 5 processes, found " seen + 0; wrong = 1 }
        exit wrong
    }' "$work/memory" || fail "memory grows, or there was too little time to tell"
