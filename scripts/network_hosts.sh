# Hosts that are network namespaces on a bridge: for scripts that source this. Needs root, and a variable 'tessera' with the command.
#
# What is left of an earlier run that was killed is not this run's: names hold the process number.
prefix=tessera-$$
work=$(mktemp -d)
# The process of each node, by its number.
processes=()
hosts=()

# Says why hosts cannot be made here, or nothing.
missing() {
    local program
    ((EUID == 0)) || {
        echo "needs root: it makes network namespaces"
        return
    }
    for program in ip nft tc timeout; do
        command -v "$program" >/dev/null || {
            echo "needs '$program': apt-get install iproute2 nftables coreutils"
            return
        }
    done
    ip netns add "$prefix-probe" 2>/dev/null || {
        echo "this system allows no network namespaces"
        return
    }
    ip netns delete "$prefix-probe"
}

remove_hosts() {
    local host
    stop_nodes
    for host in "${hosts[@]}"; do ip netns delete "$prefix-$host" 2>/dev/null || true; done
    rm -rf "$work"
}

on() { ip netns exec "$prefix-$1" "${@:2}"; }

# The bridge has a namespace of its own, so that nothing of this host changes.
make_switch() {
    hosts+=(switch)
    ip netns add "$prefix-switch"
    on switch ip link add bridge type bridge mcast_snooping 0
    on switch ip link set bridge up
}

# A host called $1 at address $2.
make_host() {
    hosts+=("$1")
    ip netns add "$prefix-$1"
    ip -n "$prefix-$1" link set lo up
    plug "$1" "$2"
}

# Gives host $1 its interface, with address $2. The interface has the same MAC address each time, since others remember that.
plug() {
    ip -n "$prefix-$1" link add eth0 address "02:77:00:00:00:$(printf %02x "${2##*.}")" type veth peer name "port-$1" netns "$prefix-switch"
    on switch ip link set "port-$1" master bridge up
    ip -n "$prefix-$1" address add "$2/24" dev eth0
    ip -n "$prefix-$1" link set eth0 up
}

# A leader and $1 nodes, with certificates.
make_hosts() {
    local number
    "$tessera" cluster init "$work/cluster" --name leader >/dev/null
    make_switch
    make_host leader 10.77.0.100
    for ((number = 1; number <= $1; number++)); do
        "$tessera" cluster add "node-$number" --cluster "$work/cluster" >/dev/null
        make_host "$number" "10.77.0.$number"
    done
}

# Makes every host lose $1 percent of the packets that reach it.
lose() {
    local host
    for host in "${hosts[@]}"; do
        [[ $host != switch ]] || continue
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

# Starts node $1, which speaks transport $2, and returns when it listens.
start_node() {
    local line=
    rm -f "$work/ready"
    mkfifo "$work/ready"
    # Not a function, so that the process is the node's own.
    ip netns exec "$prefix-$1" "$tessera" node --certificates "$work/cluster/nodes/node-$1" --transport "$2" \
        --listen "10.77.0.$1:6003" --threads 1 --metrics 9464 --json >"$work/ready" 2>>"$work/node-$1.log" &
    processes[$1]=$!
    read -r -t 20 line <"$work/ready" || true
    [[ $line == *'"address"'* ]] || fail "node $1 does not listen; see: $(tail -n 3 "$work/node-$1.log")"
}

# Starts nodes 1 to $1, which speak transport $2.
start_nodes() {
    local number
    for ((number = 1; number <= $1; number++)); do start_node "$number" "$2"; done
}

stop_nodes() {
    local process
    for process in "${processes[@]}"; do kill -CONT "$process" 2>/dev/null && kill "$process" 2>/dev/null || true; done
    for process in "${processes[@]}"; do wait "$process" 2>/dev/null || true; done
    processes=()
}

# Writes the deployment of network $1 on $2 nodes, cut as $3 says, over transport $4.
write_deployment() {
    local number addresses=()
    for ((number = 1; number <= $2; number++)); do addresses+=("\"10.77.0.$number:6003\""); done
    cat >"$work/deployment.yaml" <<END
tessera: 1
network: $root/configs/networks/$1.yaml
partition: $3
transport: $4
security: {certificates: cluster/}
nodes: [$(IFS=,; echo "${addresses[*]}")]
threads: 1
END
}

# Runs that deployment on a picture, with the options given, and leaves its report and its log.
deploy() {
    on leader timeout 300 "$tessera" deploy "$work/deployment.yaml" --input "image=$work/picture.bmp" --json "$@" \
        >"$work/report.json" 2>"$work/leader.log"
}

# Metric $2 of node $1.
metric() {
    on "$1" bash -c 'exec 3<>/dev/tcp/127.0.0.1/9464 && printf "GET /metrics HTTP/1.0\r\n\r\n" >&3 && cat <&3' | sed -n "s/^$2 //p"
}

# A number of that report.
reported() { sed -nE 's/^ *"'"$1"'" : ([^,]+),?$/\1/p' "$work/report.json"; }

# A picture of noise, 64 by 64.
make_picture() {
    printf 'BM\x36\x30\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x40\0\0\0\x40\0\0\0\x01\0\x18\0'
    head -c 24 /dev/zero
    head -c 12288 /dev/urandom
}

# Hundredths of a second of processor time that process $1 has taken.
processor_time() {
    local fields
    # What follows the name, which may have blanks.
    fields=$(sed 's/.*) //' "/proc/$1/stat")
    awk '{ print $12 + $13 }' <<<"$fields"
}
