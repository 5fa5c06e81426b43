#!/usr/bin/env bash
# Measures what several nodes, each on a core of its own, make of a network, beside one of them and beside what the cost model says.
set -euo pipefail

usage="usage: scripts/bench_nodes.sh [--nodes N] [--runs R] [--rounds R] [--slow SHARE [--equal]] [--memory] [--busy]
                              [--seconds S] [--transport KIND] [--tessera PATH] NETWORK SHAPE [OPTION …]

Starts N node processes on this host, each pinned to one core and with one thread, and prints the median milliseconds of an
inference of NETWORK (a file) on one of them and on all, their ratio, and that over the bound that the plan promises. Beside it stands
what the cost model foretells, from a profile of the first core and measured links, and how much memory the nodes took at most for it.
SHAPE is that of the network's input, such as 1x3x224x224. What follows goes to 'tessera deploy', such as --strategy strips; with
--up-to LAYER a network that ends there is measured, since what follows a span is the leader's, however many nodes there are.

  --nodes N          nodes; default 2, no more than there are cores, unless with --memory
  --runs R           inferences of each measurement, of which the median counts; default 9
  --rounds R         measurements of either kind, in turn; default 3
  --slow SHARE       let the last node have only that share of its core, from 0.05 to 0.95, by a quota of its control group
                     (needs root); the plan knows of it
  --equal            do not let the plan know of the slow node
  --memory           measure memory only, in one inference
  --busy             keep the other cores busy with the same network while one node is measured or profiled. Cores that share what
                     computes, as those of virtual machines often do, are slower together than one alone, which devices are not
  --seconds S        how long the core is profiled; default 10
  --transport KIND   default tcp
  --tessera PATH     the command; default .build/release/tessera"

wrong() {
    echo "$usage" >&2
    exit 64
}
fail() {
    echo "bench_nodes: $*" >&2
    exit 1
}

nodes=2 runs=9 rounds=3 seconds=10 slow= equal= memory= busy= transport=tcp tessera=.build/release/tessera
while (($#)); do
    case "$1" in
        -h | --help)
            echo "$usage"
            exit 0
            ;;
        --nodes | --runs | --rounds | --seconds)
            [[ ${2:-} =~ ^[1-9][0-9]{0,3}$ ]] || wrong
            printf -v "${1#--}" %s "$2"
            shift 2
            ;;
        --slow)
            [[ ${2:-} =~ ^0\.[0-9]{1,2}$ ]] && slow=$((10#$(printf '%-2s' "${2#0.}" | tr ' ' 0)))
            ((slow >= 5 && slow <= 95)) || wrong
            shift 2
            ;;
        --transport | --tessera)
            [[ -n ${2:-} ]] || wrong
            printf -v "${1#--}" %s "$2"
            shift 2
            ;;
        --equal | --memory | --busy)
            printf -v "${1#--}" yes
            shift
            ;;
        -*) wrong ;;
        *) break ;;
    esac
done
(($# >= 2)) || wrong
[[ -z $equal || -n $slow ]] || wrong
network=$(realpath "$1")
shape=$2
shift 2
cores=$(nproc)
if ((nodes > cores)) && [[ -z $memory ]]; then
    fail "expected at most $cores nodes, as many as there are cores, found $nodes"
fi
[[ -z $memory ]] || runs=1 rounds=1

# What the simulation and the profile have to know of the options, too.
strategy=vertical planning=() last= profiling=() others=()
while (($#)); do
    case "$1" in
        --strategy | --option | --up-to | --precision | --layer-precision)
            (($# >= 2)) || wrong
            case "$1" in
                --strategy) strategy=$2 ;;
                --option) planning+=("$1" "$2") ;;
                --up-to) last=$2 ;;
                *) profiling+=("$1" "$2") others+=("$1" "$2") ;;
            esac
            shift 2
            ;;
        --no-fold)
            profiling+=("$1") others+=("$1")
            shift
            ;;
        *)
            others+=("$1")
            shift
            ;;
    esac
done
# The strategy on one node: 'auto' would leave all to the leader, which is as fast and need be sent nothing.
plan() { # KIND
    if [[ $1 == one && $strategy == auto ]]; then
        printf '%s\n' --strategy vertical
    else
        printf '%s\n' --strategy "$strategy" "${planning[@]}"
    fi
}

folder=$(mktemp -d)
started=() load=()
group=
end() {
    ((${#started[@]} + ${#load[@]} == 0)) || kill "${started[@]}" "${load[@]}" 2>/dev/null || true
    wait
    [[ -z $group ]] || rmdir "$group"
    rm -rf "$folder"
}
trap end EXIT

# An input of numbers from 0 to 1, the same each time.
make_input() { # SHAPE FILE
    python3 - "$1" "$2" <<'PYTHON'
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
}
make_input "$shape" "$folder/input.npy"
if [[ -n $last ]]; then
    "$tessera" script "$(dirname "$0")/span.lua" "$network" "$last" "$folder/span"
    network=$folder/span/network.yaml
fi

# A control group with a quota of so many hundredths of one core, by either version of control groups.
make_group() { # HUNDREDTHS
    local name=tessera-bench-$$ period=5000
    if mkdir "/sys/fs/cgroup/cpu/$name" 2>/dev/null; then
        group=/sys/fs/cgroup/cpu/$name
        echo "$period" >"$group/cpu.cfs_period_us"
        echo $((period * $1 / 100)) >"$group/cpu.cfs_quota_us"
    elif [[ -e /sys/fs/cgroup/cgroup.controllers ]] && mkdir "/sys/fs/cgroup/$name" 2>/dev/null; then
        group=/sys/fs/cgroup/$name
        echo "$((period * $1 / 100)) $period" >"$group/cpu.max"
    else
        fail "'--slow' needs to make a control group in /sys/fs/cgroup, as root can where it is writable"
    fi
}

start_node() { # NAME CORE [GROUP]
    (
        [[ -z ${3:-} ]] || echo "$BASHPID" >"$3/cgroup.procs"
        exec taskset -c "$2" "$tessera" node --name "$1" --listen 127.0.0.1:0 --threads 1 --json "$folder/node.yaml"
    ) >"$folder/$1" &
    started+=($!)
    for ((wait = 0; wait < 100; wait++)); do
        [[ -s $folder/$1 ]] && break
        sleep 0.1
    done
    [[ -s $folder/$1 ]] || fail "node '$1' did not start"
    addresses+=("$(python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["address"])' <"$folder/$1")")
}

echo "transport: {kind: $transport}" >"$folder/node.yaml"
[[ -z $slow ]] || make_group "$slow"
start_nodes() {
    addresses=()
    # One that is used alone, so that it has the memory of that alone.
    start_node alone 0
    for ((node = 0; node < nodes; node++)); do
        if ((node == nodes - 1)); then
            start_node "core-$node" $((node % cores)) "$group"
        else
            start_node "core-$node" $((node % cores))
        fi
    done
    deployment "$folder/one.yaml" "${addresses[0]}"
    deployment "$folder/all.yaml" "${addresses[@]:1}"
}
stop_nodes() {
    kill "${started[@]}"
    wait
    started=()
}

# Work for the cores beside the first, with --busy.
start_load() {
    [[ -n $busy ]] || return 0
    for ((core = 1; core < nodes; core++)); do
        taskset -c "$core" "$tessera" bench "$network" --shape "$shape" --threads 1 --seconds 3600 "${profiling[@]}" >/dev/null &
        load+=($!)
    done
    sleep 2
}
stop_load() {
    ((${#load[@]} == 0)) || kill "${load[@]}"
    for process in "${load[@]}"; do wait "$process" 2>/dev/null || true; done
    load=()
}

deployment() { # FILE ADDRESS…
    local file=$1
    shift
    printf '{tessera: 1, threads: 1, network: "%s", transport: {kind: "%s"}, nodes: [%s]}\n' \
        "$network" "$transport" "$(printf '"%s", ' "$@")" >"$file"
}
# The cluster as the cost model is to see it.
if [[ -n $memory ]]; then
    for kind in one all; do
        names=alone
        [[ $kind == one ]] || names=$(printf 'core-%d ' $(seq 0 $((nodes - 1))))
        # shellcheck disable=SC2086
        printf 'tessera: 1\nnodes:\n%s' "$(printf '  - {name: %s}\n' $names)" >"$folder/$kind.cluster.yaml"
    done
else
    start_load
    taskset -c 0 "$tessera" profile "$network" --shape "$shape" --threads 1 --seconds "$seconds" \
        -o "$folder/core.json" "${profiling[@]}" >&2
    stop_load
    start_nodes
    for kind in one all; do
        "$tessera" links "$folder/$kind.yaml" -o "$folder/$kind.cluster.yaml" --profile "$folder/core.json" \
            >"$folder/$kind.links"
    done
    # Large messages are no part of the memory that is measured.
    stop_nodes
fi
straggler=()
if [[ -n $equal ]]; then
    straggler=(--straggler "core-$((nodes - 1))=$(python3 -c "print(100 / $slow)")")
elif [[ -n $slow ]]; then
    sed -i "s/^\( *- {name: core-$((nodes - 1))\)\([,}]\)/\1, speed: 0.$(printf %02d "$slow")\2/" "$folder/all.cluster.yaml"
fi
simulate() { # KIND OPTION…
    local kind=$1
    shift
    mapfile -t options < <(plan "$kind")
    "$tessera" simulate "$network" --shape "$shape" --cluster "$folder/$kind.cluster.yaml" "${options[@]}" --json "$@" \
        >"$folder/$kind.simulated"
}
simulate one
simulate all "${straggler[@]}"

start_nodes

if [[ -n $memory ]]; then
    # What any first task brings into memory, such as the kernel library's own code, is not this one's.
    make_input 1x3x96x96 "$folder/first.npy"
    for kind in one all; do
        sed "s#network: [^,]*#network: \"$(realpath "$(dirname "$0")/../configs/networks/denoiser.yaml")\"#" "$folder/$kind.yaml" \
            >"$folder/first.yaml"
        "$tessera" deploy "$folder/first.yaml" --input "$folder/first.npy" --json >/dev/null
    done
    # From here on the most memory is counted anew.
    for process in "${started[@]}"; do echo 5 >"/proc/$process/clear_refs"; done
fi

# The most memory that each node had so far, in KiB.
peaks() { for process in "${started[@]}"; do awk '/^VmHWM/ {print $2}' "/proc/$process/status"; done; }
peaks >"$folder/before"
for ((round = 0; round < rounds; round++)); do
    for kind in one all; do
        mapfile -t options < <(plan "$kind")
        [[ $kind == all ]] || start_load
        "$tessera" deploy "$folder/$kind.yaml" --input "$folder/input.npy" --runs "$runs" --json \
            --cluster "$folder/$kind.cluster.yaml" "${options[@]}" "${others[@]}" >"$folder/$kind.$round"
        stop_load
    done
done
peaks >"$folder/after"

python3 - "$folder" "$rounds" "${memory:-no}" <<'PYTHON'
import json, statistics, sys
folder, rounds, memory_only = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "yes"
reports = {kind: [json.load(open(f"{folder}/{kind}.{r}")) for r in range(rounds)] for kind in ("one", "all")}
simulated = {kind: json.load(open(f"{folder}/{kind}.simulated"))["strategies"][0] for kind in ("one", "all")}
plan = reports["all"][0]
print(f"{plan['strategy']}, {plan['stages']} stages", end="")
if memory_only:
    print()
else:
    one, every = (statistics.median(r["latency_ms"] for r in reports[kind]) for kind in ("one", "all"))
    bound = plan["speedup_bound"]
    print(f": one node {one:.1f} ms, {plan['nodes']} nodes {every:.1f} ms, "
          f"speed-up {one / every:.2f} of at most {bound:.2f} ({one / every / bound:.2f})")
    foretold = [simulated[kind]["latency_ms"] for kind in ("one", "all")]
    print(f"by the cost model: one node {foretold[0]:.1f} ms ({foretold[0] / one:.2f} of what was measured), "
          f"{plan['nodes']} nodes {foretold[1]:.1f} ms ({foretold[1] / every:.2f}), speed-up {foretold[0] / foretold[1]:.2f}")
before, after = ([int(line) / 1024 for line in open(f"{folder}/{name}")] for name in ("before", "after"))
alone, *others = [end - start for start, end in zip(before, after)]
def fewer(most, single):
    return f"{100 * (1 - most / single):.0f} % less" if single > 0 else "-"
print(f"peak memory: the node alone {alone:.1f} MiB, of {len(others)} nodes {', '.join(f'{m:.1f}' for m in others)} MiB, "
      f"so {fewer(max(others), alone)} at most on any")
single, *rest = (max(d["memory_bytes"] for d in simulated[kind]["devices"][:-1]) / 2**20 for kind in ("one", "all"))
print(f"by the cost model: {single:.1f} MiB, {rest[0]:.1f} MiB, {fewer(rest[0], single)}")
PYTHON
