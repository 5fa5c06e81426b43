#!/usr/bin/env bash
# Runs networks on nodes that are hosts of their own, as far as the network is concerned: namespaces on a bridge, which loses packets.
set -euo pipefail

usage="usage: scripts/test_network.sh [--quick] [--bytes] [--discovery] [--loss 'P …'] [--transports 'KIND …'] [--tessera PATH]

Makes a network of one leader and four nodes, each in a network namespace, with a cable to a bridge, and removes it at the end. Over
'multicast' and over 'tcp', both with certificates, DnCNN and ResNet-50 with random weights must give the single node's result to the bit
while each host loses packets on arrival. Prints the milliseconds of each run with the distribution of weights. Needs root.

  --quick              DnCNN only, without loss and with 5 percent: less than two minutes
  --bytes              measure instead the bytes that the leader sends for ResNet-50 on 1, 2, 4 and 8 nodes
  --discovery          run instead on nodes that are found by their announcements, while an interface goes, comes back with another
                       address, and a node that was removed from the cluster is shut out
  --loss 'P …'         percentages of packets to lose; default '0 1 5 10 20'
  --transports 'K …'   default 'multicast tcp'
  --tessera PATH       the command; default .build/release/tessera"

wrong() {
    echo "$usage" >&2
    exit 64
}
fail() {
    echo "test_network: $*" >&2
    exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
quick='' bytes='' discovery='' loss='0 1 5 10 20' transports='multicast tcp' tessera=$root/.build/release/tessera
while (($#)); do
    case "$1" in
        -h | --help)
            echo "$usage"
            exit 0
            ;;
        --quick | --bytes | --discovery)
            printf -v "${1#--}" yes
            shift
            ;;
        --loss | --transports | --tessera)
            [[ -n ${2:-} ]] || wrong
            printf -v "${1#--}" %s "$2"
            shift 2
            ;;
        *) wrong ;;
    esac
done
[[ $loss =~ ^[0-9\ ]+$ ]] || fail "expected percentages such as '0 5', found '$loss'"
[[ $transports =~ ^((multicast|tcp)\ *)+$ ]] || fail "expected 'multicast', 'tcp' or both, found '$transports'"
((EUID == 0)) || fail "needs root: it makes network namespaces"
for program in ip nft timeout; do
    command -v "$program" >/dev/null || fail "needs '$program': apt-get install iproute2 nftables coreutils"
done
[[ -x $tessera ]] || fail "there is no '$tessera': build it first, with swift build -c release --product tessera"
if [[ $quick ]]; then loss='0 5'; fi
nodes=4
if [[ $bytes ]]; then nodes=8; fi

# What is left of an earlier run that was killed is not this run's: names hold the process number.
prefix=tessera-$$
work=$(mktemp -d)
processes=()
cleanup() {
    local process host
    stop_nodes
    for host in switch leader $(seq 1 "$nodes"); do ip netns delete "$prefix-$host" 2>/dev/null || true; done
    rm -rf "$work"
}
stop_nodes() {
    for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
    for process in "${processes[@]}"; do wait "$process" 2>/dev/null || true; done
    processes=()
}
trap cleanup EXIT
trap 'exit 1' INT TERM

on() { ip netns exec "$prefix-$1" "${@:2}"; }

# The bridge has a namespace of its own, so that nothing of this host changes.
make_switch() {
    ip netns add "$prefix-switch"
    on switch ip link add bridge type bridge mcast_snooping 0
    on switch ip link set bridge up
}

# A host called $1 at address $2.
make_host() {
    ip netns add "$prefix-$1"
    ip -n "$prefix-$1" link add eth0 type veth peer name "port-$1" netns "$prefix-switch"
    on switch ip link set "port-$1" master bridge up
    ip -n "$prefix-$1" address add "$2/24" dev eth0
    ip -n "$prefix-$1" link set lo up
    ip -n "$prefix-$1" link set eth0 up
}

# Makes every host lose $1 percent of the packets that reach it.
lose() {
    local host
    for host in leader $(seq 1 "$nodes"); do
        on "$host" nft flush ruleset
        (($1)) || continue
        on "$host" nft -f - <<END
table inet loss {
    chain input {
        type filter hook input priority 0
        iifname eth0 numgen random mod 100 < $1 drop
    }
}
END
    done
}

transport() {
    local patient='{silence: 60, handshake_timeout: 60, connect_timeout: 60}'
    if [[ $1 == tcp ]]; then
        echo "${patient/\{/\{kind: tcp, }"
    else
        echo "{kind: multicast, interface: eth0, tcp: $patient}"
    fi
}

# Starts $2 nodes that speak $1, and returns when all listen.
start_nodes() {
    local number line
    for ((number = 1; number <= $2; number++)); do
        mkfifo "$work/ready"
        # Not a function, so that the process is the node's own.
        ip netns exec "$prefix-$number" "$tessera" node --certificates "$work/cluster/nodes/node-$number" --transport "$(transport "$1")" \
            --listen "10.77.0.$number:6003" --threads 1 --json >"$work/ready" 2>>"$work/nodes.log" &
        processes+=($!)
        line=
        read -r -t 20 line <"$work/ready" || true
        rm "$work/ready"
        [[ $line == *'"address"'* ]] || fail "node $number does not listen; see: $(tail -n 3 "$work/nodes.log")"
    done
}

# Runs network $2 over transport $1 on $3 nodes, cut as $4 says.
deploy() {
    local number addresses=()
    for ((number = 1; number <= $3; number++)); do addresses+=("\"10.77.0.$number:6003\""); done
    cat >"$work/deployment.yaml" <<END
tessera: 1
network: $root/configs/networks/$2.yaml
partition: $4
transport: $(transport "$1")
security: {certificates: cluster/}
nodes: [$(IFS=,; echo "${addresses[*]}")]
threads: 1
END
    on leader timeout 300 "$tessera" deploy "$work/deployment.yaml" --input "image=$work/picture.bmp" --verify --json \
        >"$work/report.json" 2>"$work/leader.log"
}

# A picture of noise, 64 by 64.
make_picture() {
    printf 'BM\x36\x30\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x40\0\0\0\x40\0\0\0\x01\0\x18\0'
    head -c 24 /dev/zero
    head -c 12288 /dev/urandom
}

make_picture >"$work/picture.bmp"
"$tessera" cluster init "$work/cluster" --name leader >/dev/null
for number in $(seq 1 "$nodes"); do "$tessera" cluster add "node-$number" --cluster "$work/cluster" >/dev/null; done
make_switch
make_host leader 10.77.0.100
for number in $(seq 1 "$nodes"); do make_host "$number" "10.77.0.$number"; done

if [[ $bytes ]]; then
    echo "MB that the leader sends for ResNet-50, weights and all, by the counter of its interface"
    echo "nodes $transports"
    for count in 1 2 4 8; do
        tiles=([1]='[1, 1]' [2]='[1, 2]' [4]='[2, 2]' [8]='[2, 4]')
        row=$count
        for kind in $transports; do
            start_nodes "$kind" "$count"
            counter="cat /sys/class/net/eth0/statistics/tx_bytes"
            before=$(on leader $counter)
            deploy "$kind" resnet50 "$count" "{strategy: fused-grid, tiles: ${tiles[count]}}" ||
                fail "ResNet-50 on $count nodes over $kind: $(tail -n 3 "$work/leader.log")"
            row+=" $((($(on leader $counter) - before) / 1000000))"
            stop_nodes
        done
        echo "$row"
    done
    exit
fi

# Waits until `tessera cluster status` on the leader's host has $1 lines that match $2.
await_status() {
    local second
    for ((second = 0; second < 20; second++)); do
        on leader timeout 20 "$tessera" cluster status --certificates "$work/cluster" --interface eth0 --wait 1.5 \
            >"$work/status.txt" 2>"$work/status.log" || fail "status: $(tail -n 1 "$work/status.log")"
        if (($(grep -cE "$2" "$work/status.txt" || true) == $1)); then return; fi
    done
    fail "expected $1 lines with '$2', found: $(cat "$work/status.txt" "$work/status.log")"
}

if [[ $discovery ]]; then
    start_found() {
        # Not by `on`, so that the process is the node's own.
        ip netns exec "$prefix-$1" "$tessera" node --certificates "$work/cluster/nodes/node-$1" --listen 0.0.0.0:6003 \
            --threads 1 --announce '{interface: eth0}' </dev/null >/dev/null 2>>"$work/nodes.log" &
        processes+=($!)
    }
    deploy_found() {
        cat >"$work/deployment.yaml" <<END
tessera: 1
network: $root/configs/networks/dncnn.yaml
partition: {strategy: fused-grid, tiles: [1, $1]}
security: {certificates: cluster/}
nodes: {discover: true, count: $1, interface: eth0, wait: 10}
threads: 1
END
        on leader timeout 100 "$tessera" deploy "$work/deployment.yaml" --input "image=$work/picture.bmp" --verify --json \
            >"$work/report.json" 2>"$work/leader.log" || fail "$1 nodes: $(tail -n 1 "$work/leader.log")"
        echo "$1 nodes that were found: equals one node"
    }
    for number in 1 2 3 4; do start_found "$number"; done
    await_status 4 '^node-[1-4] .* idle '
    deploy_found 4
    cat "$work/status.txt"

    ip -n "$prefix-2" link set eth0 down
    await_status 3 '^node-[134] .* idle '
    ip -n "$prefix-2" address flush dev eth0
    ip -n "$prefix-2" address add 10.77.0.22/24 dev eth0
    ip -n "$prefix-2" link set eth0 up
    await_status 1 '^node-2 +10.77.0.22:6003 +idle '
    echo "node-2's interface was gone and came back with another address: found there"
    deploy_found 4

    kill -9 "${processes[2]}"
    await_status 0 '^node-3 .* idle '
    deploy_found 3
    "$tessera" cluster remove node-4 --cluster "$work/cluster" >/dev/null
    await_status 1 '^node-4 .* unreachable '
    [[ -s $work/cluster/nodes/node-1/revoked && -s $work/cluster/nodes/node-2/revoked ]] ||
        fail "the nodes were not handed the list of removed members"
    deploy_found 2
    echo "node-4 was removed: shut out, and the others know"
    exit
fi

networks='dncnn resnet50'
if [[ $quick ]]; then networks=dncnn; fi
failures=0
for kind in $transports; do
    for network in $networks; do
        for percent in $loss; do
            lose 0
            start_nodes "$kind" "$nodes"
            lose "$percent"
            start=$(date +%s%N)
            if deploy "$kind" "$network" "$nodes" '{strategy: fused-grid, tiles: [2, 2]}'; then
                result="equals one node"
            else
                result="FAILED: $(tail -n 1 "$work/leader.log")"
                failures=$((failures + 1))
            fi
            fed=$(grep -c 'sent that by TCP' "$work/leader.log" || true)
            echo "$kind, $network, $percent % lost: $((($(date +%s%N) - start) / 1000000)) ms, $result, $fed fed by TCP"
            stop_nodes
        done
    done
done
((failures == 0)) || fail "$failures runs failed"
