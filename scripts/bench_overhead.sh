#!/usr/bin/env bash
# Measures what a deployment costs besides its computing: one node over TCP on this host, beside the same network without nodes.
set -euo pipefail

usage="usage: scripts/bench_overhead.sh [--rounds R] [--seconds S] [--tessera PATH] NETWORK INPUT

Runs NETWORK (a file) on INPUT (a picture, or NAME=PATH where its input is not called image) for S seconds with 'tessera bench' and for S seconds with 'tessera deploy' on one node
process, R times in turn, on one thread each, and prints both medians and their ratio for every round and of all rounds.

  --rounds R        default 9
  --seconds S       of each measurement; default 3
  --tessera PATH    the command; default .build/release/tessera"

wrong() {
    echo "$usage" >&2
    exit 64
}

rounds=9 seconds=3 tessera=.build/release/tessera
while [[ ${1:-} == -* ]]; do
    case "$1" in
        -h | --help)
            echo "$usage"
            exit 0
            ;;
        --rounds | --seconds)
            [[ ${2:-} =~ ^[1-9][0-9]{0,3}$ ]] || wrong
            printf -v "${1#--}" %s "$2"
            shift 2
            ;;
        --tessera)
            [[ -n ${2:-} ]] || wrong
            tessera=$2
            shift 2
            ;;
        *) wrong ;;
    esac
done
(($# == 2)) || wrong
network=$(realpath "$1") input=$2
[[ $input == *=* ]] || input=image=$input
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '{tessera: 1, threads: 1, network: "%s", transport: {kind: tcp}}\n' "$network" >"$work/deployment.yaml"

for ((round = 0; round < rounds; round++)); do
    "$tessera" bench "$network" --input "$input" --threads 1 --seconds "$seconds" --json >"$work/bench.$round"
    "$tessera" deploy "$work/deployment.yaml" --spawn 1 --input "$input" --seconds "$seconds" --json >"$work/deploy.$round"
done
python3 - "$work" "$rounds" <<'PYTHON'
import json, statistics, sys
work, rounds = sys.argv[1], int(sys.argv[2])
read = lambda name, key: [json.load(open(f"{work}/{name}.{round}"))[key] for round in range(rounds)]
alone, deployed = read("bench", "median_ms"), read("deploy", "latency_ms")
report = json.load(open(f"{work}/deploy.0"))
print("round  bench ms  deploy ms  ratio")
for round, (a, d) in enumerate(zip(alone, deployed), start=1):
    print(f"{round:5}  {a:8.2f}  {d:9.2f}  {d / a:5.3f}")
a, d = statistics.median(alone), statistics.median(deployed)
ratio = statistics.median(d / a for a, d in zip(alone, deployed))
print(f"  all  {a:8.2f}  {d:9.2f}  {ratio:5.3f}")
print(f"moved in each inference: {report['bytes_sent']} bytes to the node, {report['bytes_received']} from it")
PYTHON
