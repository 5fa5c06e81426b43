#!/usr/bin/env bash
# Runs networks on nodes that are hosts of their own, as far as the network is concerned: namespaces on a bridge, which loses packets.
set -euo pipefail

usage="usage: scripts/test_network.sh [--quick] [--weights] [--discovery] [--faults N] [--loss 'P …'] [--transports 'KIND …'] [--networks 'NAME …'] [--tessera PATH]

Makes a network of one leader and four nodes, each in a network namespace, with a cable to a bridge, and removes it at the end. Over
'multicast' and over 'tcp', both with certificates, DnCNN and ResNet-50 with random weights must give the single node's result to the bit
while each host loses packets on arrival. Prints the milliseconds of each run with the distribution of weights. Then a node is unplugged,
which must not keep it busy, and is plugged in again, which must bring multicast back. Needs root.

  --quick              DnCNN without loss and with 5 percent, and ResNet-50 by multicast: less than a minute. Skips where namespaces
                       cannot be made
  --weights            measure instead how ResNet-50's weights reach 1, 2, 4 and 8 nodes: bytes and time, with limits on both
  --discovery          run instead on nodes that are found by their announcements, while an interface goes, comes back with another
                       address, and a node that was removed from the cluster is shut out
  --faults N           cut the cables of one or two of four nodes instead, or kill or stop them, N times at a random moment, and count answers
                       that are right and come within 1 s and five times the usual latency
  --loss 'P …'         percentages of packets to lose; default '0 1 5 10 20'
  --transports 'K …'   default 'multicast tcp'
  --networks 'N …'     default 'dncnn resnet50'
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
quick='' weights='' discovery='' faults='' loss='0 1 5 10 20' transports='multicast tcp' networks='dncnn resnet50' tessera=$root/.build/release/tessera
while (($#)); do
    case "$1" in
        -h | --help)
            echo "$usage"
            exit 0
            ;;
        --quick | --weights | --discovery)
            printf -v "${1#--}" yes
            shift
            ;;
        --faults | --loss | --transports | --networks | --tessera)
            [[ -n ${2:-} ]] || wrong
            printf -v "${1#--}" %s "$2"
            shift 2
            ;;
        *) wrong ;;
    esac
done
[[ $faults =~ ^([1-9][0-9]{0,4})?$ ]] || fail "expected a number of faults, found '$faults'"
[[ $loss =~ ^[0-9\ ]+$ ]] || fail "expected percentages such as '0 5', found '$loss'"
[[ $transports =~ ^((multicast|tcp)\ *)+$ ]] || fail "expected 'multicast', 'tcp' or both, found '$transports'"

source "$root/scripts/network_hosts.sh"
reason=$(missing)
if [[ $reason && $quick ]]; then
    echo "test_network: skipped: $reason"
    exit 0
fi
[[ -z $reason ]] || fail "$reason"
[[ -x $tessera ]] || fail "there is no '$tessera': build it first, with swift build -c release --product tessera"
trap remove_hosts EXIT
trap 'exit 1' INT TERM

transport() {
    local patient='{silence: 60, handshake_timeout: 60, connect_timeout: 60}'
    if [[ $1 == tcp ]]; then
        echo "${patient/\{/\{kind: tcp, }"
    else
        echo "{kind: multicast, interface: eth0, rate: ${send_rate:-400}, tcp: $patient}"
    fi
}

make_picture >"$work/picture.bmp"
failures=0

# Runs network $2 over transport $1 on four nodes that lose $3 percent of packets.
compare() {
    local start result fed
    lose 0
    start_nodes 4 "$(transport "$1")"
    lose "$3"
    start=$(date +%s%N)
    write_deployment "$2" 4 '{strategy: fused-grid, tiles: [2, 2]}' "$(transport "$1")"
    if deploy --verify; then
        result="equals one node"
    else
        result="FAILED: $(tail -n 1 "$work/leader.log")"
        failures=$((failures + 1))
    fi
    fed=$(grep -c 'sent that by TCP' "$work/leader.log" || true)
    echo "$1, $2, $3 % lost: $((($(date +%s%N) - start) / 1000000)) ms, $result, $fed fed by TCP"
    stop_nodes
}

# What the system sends again is counted: of several answers of four nodes, some segments are lost.
count_retransmissions() {
    local number sum=0
    start_nodes 4 '{kind: tcp}'
    write_deployment dncnn 4 '{strategy: fused-grid, tiles: [2, 2]}' '{kind: tcp}'
    lose 10
    deploy --verify --runs 10 || fail "10 % lost: $(tail -n 1 "$work/leader.log")"
    for number in 1 2 3 4; do sum=$((sum + $(metric "$number" tessera_tcp_retransmissions_total))); done
    lose 0
    stop_nodes
    echo "10 % lost: the nodes count $sum TCP retransmissions"
    expect "$sum" '>=' 1 100 "some"
}

# A node without its interface idles, and is reached by multicast again when that is back.
unplug() {
    local before used name
    lose 0
    start_nodes 4 "$(transport multicast)"
    ip -n "$prefix-2" link delete eth0
    sleep 1
    before=$(processor_time "${processes[2]}")
    sleep 3
    used=$(($(processor_time "${processes[2]}") - before))
    plug 2 10.77.0.2
    for ((name = 0; name < 100; name++)); do
        if grep -q 'joined the multicast group again' "$work/node-2.log"; then break; fi
        sleep 0.1
    done
    write_deployment dncnn 4 '{strategy: fused-grid, tiles: [2, 2]}' "$(transport multicast)"
    if deploy --verify && ((used <= 15)) && ! grep -q 'sent that by TCP' "$work/leader.log"; then
        echo "a node without its interface: $((used * 10)) ms of processor time in 3 s, and by multicast again when it is back"
    else
        echo "a node without its interface: $((used * 10)) ms of processor time in 3 s; FAILED: $(tail -n 1 "$work/leader.log")"
        failures=$((failures + 1))
    fi
    stop_nodes
}

# Compares two numbers, and notes if the first is not $2 (<= or >=) the second times $4 percent; $5 says what they are.
expect() {
    local right
    right=$(awk -v a="$1" -v b="$3" -v p="$4" -v op="$2" 'BEGIN { print (op == "<=" ? a <= b * p / 100 : a >= b * p / 100) }')
    if ((right)); then
        echo "  yes: $5"
    else
        echo "  NO: $5"
        failures=$((failures + 1))
    fi
}

# Milliseconds and bytes of the leader's interface, while it exists: what was sent when.
watch_interface() {
    # Not by `on`, so that the process which is ended is the watcher itself.
    ip netns exec "$prefix-leader" bash -c 'exec {never}<> <(:); while read -r sent </sys/class/net/eth0/statistics/tx_bytes; do
        echo "${EPOCHREALTIME/./} $sent"; read -r -t 0.02 -u $never; done 2>/dev/null' >"$work/sent" &
    watcher=$!
}

# Sends ResNet-50's weights over $1 to $2 nodes, and sets 'bytes' sent, of which 'payload' are content, 'time' in ms, from the 2nd to
# the 98th hundredth of the bytes, 'rate' in Mbit/s within that time, and 'again', the bytes of layers and weights of a second
# deployment. What the second one sends in all, pictures above all, is counted neither among the bytes of the first nor in its time.
distribute() {
    local tiles=([1]='[1, 1]' [2]='[1, 2]' [4]='[2, 2]' [8]='[2, 4]')
    local counter='cat /sys/class/net/eth0/statistics/tx_bytes' before
    start_nodes "$2" "$(transport "$1")"
    write_deployment resnet50 "$2" "{strategy: fused-grid, tiles: ${tiles[$2]}}" "$(transport "$1")"
    watch_interface
    before=$(on leader $counter)
    deploy || fail "ResNet-50 on $2 nodes over $1: $(tail -n 3 "$work/leader.log")"
    bytes=$(($(on leader $counter) - before))
    kill "$watcher"
    wait "$watcher" 2>/dev/null || true
    payload=$(reported bytes_distributed)
    local second
    second=$(on leader $counter)
    deploy || fail "ResNet-50 on $2 nodes over $1 a second time: $(tail -n 3 "$work/leader.log")"
    # Pictures follow the weights, so the time of these ends before.
    bytes=$((bytes - $(on leader $counter) + second))
    read -r time rate < <(awk -v first="$before" -v all="$bytes" '
        { done = ($2 - first) / all }
        done >= 0.02 && !from { from = $1; sent = $2 }
        done <= 0.98 { to = $1; upto = $2 }
        END { printf "%.0f %.0f\n", (to - from) / 1000, (upto - sent) * 8 / (to - from) }' "$work/sent")
    again=$(reported bytes_distributed)
    stop_nodes
}

measure_weights() {
    local count kind first single unicast times=() sent=()
    # Reliable delivery to hosts that share two cores takes what processor time there is, so limits on time hold on a slow link only.
    echo "ResNet-50's weights, no loss, no limit on the link:"
    for count in 1 2 4 8; do
        distribute multicast "$count"
        sent[count]=$bytes
        echo "multicast, $count nodes: $bytes bytes for $payload of content, $time ms, $rate Mbit/s; a second deployment: $again"
        if ((count == 1)); then
            single=$payload
            expect "$rate" '>=' 300 100 "at least 300 Mbit/s to one node"
        fi
        expect "$bytes" '<=' "$single" 110 "at most 1.10 of the content"
        expect "$again" '<=' "$single" 3 "a second deployment sends no weights"
    done
    expect "${sent[8]}" '<=' "${sent[1]}" 110 "bytes to 8 nodes at most 1.10 of those to one"
    distribute tcp 8
    echo "tcp, 8 nodes: $bytes bytes, $time ms; multicast sends $(awk -v a="$bytes" -v b="${sent[8]}" 'BEGIN { printf "%.1f", a / b }') times less"
    expect "$bytes" '>=' "${sent[8]}" 700 "at least 7 times less than by TCP"

    echo "1 % lost:"
    lose 1
    for count in 1 8; do
        distribute multicast "$count"
        echo "multicast, $count nodes: $bytes bytes, $time ms"
        expect "$bytes" '<=' "$single" 125 "at most 1.25 of the content"
    done
    lose 0

    echo "a link of 100 Mbit/s:"
    on leader tc qdisc add dev eth0 root tbf rate 100mbit burst 32kb latency 50ms
    local rate_of_link=100 send_rate=96
    for count in 1 2 4 8; do
        distribute multicast "$count"
        times[count]=$time
        echo "multicast, $count nodes: $time ms, $rate Mbit/s of $rate_of_link"
        expect "$rate" '>=' "$rate_of_link" 85 "at least 85 % of the link is used"
    done
    expect "${times[8]}" '<=' "${times[1]}" 115 "time to 8 nodes at most 1.15 of that to one"
    distribute tcp 8
    echo "tcp, 8 nodes: $time ms, $(awk -v a="$time" -v b="${times[8]}" 'BEGIN { printf "%.1f", a / b }') times as long as multicast"
    expect "$time" '>=' "${times[8]}" 600 "at least 6 times as long as by multicast"
}

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

# Starts node $1, which announces itself.
start_found() {
    # Not by `on`, so that the process is the node's own.
    ip netns exec "$prefix-$1" "$tessera" node --certificates "$work/cluster/nodes/node-$1" --listen 0.0.0.0:6003 \
        --threads 1 --announce '{interface: eth0}' </dev/null >/dev/null 2>>"$work/node-$1.log" &
    processes[$1]=$!
}

# Runs on $1 nodes that are found.
deploy_found() {
    write_deployment dncnn 0 "{strategy: fused-grid, tiles: [1, $1]}" '{kind: tcp}'
    sed -i "s/^nodes: .*/nodes: {discover: true, count: $1, interface: eth0, wait: 10}/" "$work/deployment.yaml"
    deploy --verify || fail "$1 nodes: $(tail -n 1 "$work/leader.log")"
    echo "$1 nodes that were found: equals one node"
}

discover() {
    local number
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

    kill -9 "${processes[3]}"
    await_status 0 '^node-3 .* idle '
    deploy_found 3
    "$tessera" cluster remove node-4 --cluster "$work/cluster" >/dev/null
    await_status 1 '^node-4 .* unreachable '
    [[ -s $work/cluster/nodes/node-1/revoked && -s $work/cluster/nodes/node-2/revoked ]] ||
        fail "the nodes were not handed the list of removed members"
    deploy_found 2
    echo "node-4 was removed: shut out, and the others know"
}

# Does $1 to the nodes that follow: cuts their cables, kills or stops them.
strike() {
    local kind=$1 victim
    shift
    for victim in "$@"; do
        case $kind in
            cut) on switch ip link set "port-$victim" down ;;
            kill)
                kill -9 "${processes[victim]}"
                wait "${processes[victim]}" 2>/dev/null || true
                ;;
            stop) kill -STOP "${processes[victim]}" ;;
        esac
    done
}

# Undoes that.
heal() {
    local kind=$1 victim second
    shift
    for victim in "$@"; do
        case $kind in
            cut)
                on switch ip link set "port-$victim" up
                # A cable carries again up to a second later.
                for ((second = 0; second < 20; second++)); do
                    if on leader timeout 1 bash -c "</dev/tcp/10.77.0.$victim/6003" 2>/dev/null; then continue 2; fi
                    sleep 0.1
                done
                fail "node $victim is not reached by its cable again"
                ;;
            kill) start_node "$victim" '{kind: tcp}' ;;
            stop) kill -CONT "${processes[victim]}" ;;
        esac
    done
}

# Loses nodes $1 times.
lose_nodes() {
    local count right=0 kinds=(cut kill stop) kind victims leader longest all=()
    start_nodes 4 '{kind: tcp}'
    write_deployment dncnn 4 '{strategy: fused-grid, tiles: [2, 2]}' '{kind: tcp}'
    for ((count = 1; count <= $1; count++)); do
        kind=${kinds[RANDOM % 3]}
        victims=($((RANDOM % 4 + 1)))
        if ((RANDOM % 2)); then victims+=($(((victims[0] + RANDOM % 3) % 4 + 1))); fi
        deploy --verify --seconds 3 &
        leader=$!
        sleep "$((RANDOM % 2 + 1)).$((RANDOM % 1000 + 1000))"
        strike "$kind" "${victims[@]}"
        if wait "$leader" && [[ $(reported recovered) == "${#victims[@]}" ]] && longest=$(reported longest_latency_ms) &&
            awk -v ms="$longest" -v usual="$(reported latency_ms)" 'BEGIN { exit !(ms < 1000 + 5 * usual) }'; then
            right=$((right + 1))
            all+=("$longest")
        else
            echo "fault $count, $kind of ${victims[*]}: $(cat "$work/report.json"; tail -n 3 "$work/leader.log")"
        fi
        heal "$kind" "${victims[@]}"
    done
    stop_nodes
    echo "$right of $1 times nodes were lost, all answers were right and soon enough; the longest took $(printf '%s\n' "${all[@]}" | sort -n |
        awk '{ ms[NR] = $1 } END { printf "%.0f ms in the median, %.0f ms at most", ms[int((NR + 1) / 2)], ms[NR] }')"
    ((right == $1)) || failures=$((failures + 1))
}

if [[ $weights ]]; then
    make_hosts 8
    measure_weights
elif [[ $faults ]]; then
    make_hosts 4
    lose_nodes "$faults"
elif [[ $discovery ]]; then
    make_hosts 4
    discover
elif [[ $quick ]]; then
    make_hosts 4
    for kind in multicast tcp; do
        for percent in 0 5; do compare "$kind" dncnn "$percent"; done
    done
    compare multicast resnet50 1
    unplug
    count_retransmissions
else
    make_hosts 4
    for kind in $transports; do
        for network in $networks; do
            for percent in $loss; do compare "$kind" "$network" "$percent"; done
        done
    done
    unplug
    count_retransmissions
fi
((failures == 0)) || fail "$failures checks failed"
