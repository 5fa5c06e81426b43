#!/usr/bin/env bash
# Measures what several nodes, each on a core of its own, make of a network, beside one of them.
set -euo pipefail

usage="usage: scripts/bench_nodes.sh [--nodes N] [--runs R] [--rounds R] [--tessera PATH] NETWORK SHAPE [OPTION …]

Starts N node processes on this host, each pinned to one core and with one thread, and prints the median milliseconds of an
inference of NETWORK (a file) on one of them and on all, their ratio, and that over the bound that the plan promises. SHAPE is that of
the network's input, such as 1x3x224x224. What follows goes to 'tessera deploy', such as --strategy strips.

  --nodes N          nodes; default 2, no more than there are cores
  --runs R           inferences of each measurement, of which the median counts; default 9
  --rounds R         measurements of either kind, in turn; default 3
  --tessera PATH     the command; default .build/release/tessera"

wrong() {
    echo "$usage" >&2
    exit 64
}

nodes=2 runs=9 rounds=3 tessera=.build/release/tessera
while (($#)); do
    case "$1" in
        -h | --help)
            echo "$usage"
            exit 0
            ;;
        --nodes | --runs | --rounds)
            [[ ${2:-} =~ ^[1-9][0-9]{0,3}$ ]] || wrong
            printf -v "${1#--}" %s "$2"
            shift 2
            ;;
        --tessera)
            tessera=${2:-}
            shift 2 || wrong
            ;;
        -*) wrong ;;
        *) break ;;
    esac
done
(($# >= 2)) || wrong
network=$(realpath "$1")
shape=$2
shift 2
cores=$(nproc)
if ((nodes > cores)); then
    echo "bench_nodes: expected at most $cores nodes, as many as there are cores, found $nodes" >&2
    exit 1
fi

folder=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT

# An input of numbers from 0 to 1, the same each time.
python3 - "$shape" "$folder/input.npy" <<'PYTHON'
import math, random, struct, sys
sizes = [int(size) for size in sys.argv[1].split("x")]
generator = random.Random(0)
header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }" % ", ".join(map(str, sizes))
header += " " * (-(len(header) + 11) % 64) + "\n"
count = math.prod(sizes)
with open(sys.argv[2], "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
    file.write(struct.pack("<%df" % count, *(generator.random() for _ in range(count))))
PYTHON

addresses=()
for ((core = 0; core < nodes; core++)); do
    taskset -c "$core" "$tessera" node --name "core-$core" --listen 127.0.0.1:0 --threads 1 --json >"$folder/$core" &
    started+=($!)
    for ((wait = 0; wait < 100; wait++)); do
        [[ -s $folder/$core ]] && break
        sleep 0.1
    done
    addresses+=("$(python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["address"])' <"$folder/$core")")
done

deployment() { # FILE ADDRESS…
    local file=$1
    shift
    printf '{tessera: 1, threads: 1, network: "%s", nodes: [%s]}\n' "$network" "$(printf '"%s", ' "$@")" >"$file"
}
deployment "$folder/one.yaml" "${addresses[0]}"
deployment "$folder/all.yaml" "${addresses[@]}"
for ((round = 0; round < rounds; round++)); do
    for kind in one all; do
        "$tessera" deploy "$folder/$kind.yaml" --input "$folder/input.npy" --runs "$runs" --json "$@" \
            >"$folder/$kind.$round"
    done
done

python3 - "$folder" "$rounds" <<'PYTHON'
import json, statistics, sys
reports = {kind: [json.load(open(f"{sys.argv[1]}/{kind}.{r}")) for r in range(int(sys.argv[2]))] for kind in ("one", "all")}
one, every = (statistics.median(r["latency_ms"] for r in reports[kind]) for kind in ("one", "all"))
plan = reports["all"][0]
bound = plan["speedup_bound"]
print(f"{plan['strategy']}, {plan['stages']} stages: one node {one:.1f} ms, {plan['nodes']} nodes {every:.1f} ms, "
      f"speed-up {one / every:.2f} of at most {bound:.2f} ({one / every / bound:.2f})")
PYTHON
