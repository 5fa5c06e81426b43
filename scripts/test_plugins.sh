#!/usr/bin/env bash
# Builds the samples of plugins as an outsider does, and uses each from the command line.
set -euo pipefail

usage="usage: scripts/test_plugins.sh

Copies every folder of Plugins/Examples elsewhere, beside the header, builds it there with its own Makefile, and runs 'tessera plugins
check' on it. Then networks are planned, pruned, run and deployed with the samples; a node process is killed on the way. TESSERA
names a command that is built already."

case "${1:-}" in
    "") ;;
    -h | --help)
        echo "$usage"
        exit 0
        ;;
    *)
        echo "$usage" >&2
        exit 64
        ;;
esac
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
if [[ -z ${TESSERA:-} ]]; then
    scripts/setup.sh
    scripts/build.sh -c release --product tessera
    TESSERA=$root/.build/release/tessera
fi
tessera=$(realpath "$TESSERA")
work=$(mktemp -d)
nodes=()
cleanup() {
    for node in "${nodes[@]}"; do kill -9 "$node" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

fail() {
    echo "test_plugins: $1" >&2
    exit 1
}

# The value of a key of the JSON object in a file.
value() { python3 -c 'import json, sys; print(json.dumps(json.load(open(sys.argv[1]))[sys.argv[2]]))' "$1" "$2"; }

echo "samples, each built with the header alone"
mkdir "$work/include" "$work/found"
cp Sources/CTesseraPlugin/include/{tessera_plugin.h,module.modulemap} "$work/include"
for folder in Plugins/Examples/*/; do
    name=$(basename "$folder")
    cp -r "$folder" "$work/$name"
    rm -f "$work/$name/$name.so"
    make -s -C "$work/$name" TESSERA_INCLUDE="$work/include" TESSERA="$tessera" "$name.so" check
    cp "$work/$name/$name.so" "$work/found"
done

echo "strategies in C, Swift and Lua make the same plan"
cat >"$work/height_strips.lua" <<'END'
tessera.register.partition_strategy("height-strips-lua", function(span, nodes)
  local kinds = {}
  for _, layer in ipairs(span.layers) do kinds[layer.name] = layer.kind end
  local stages = {}
  for index, cut in ipairs(span.cut_points) do
    if index == #span.cut_points or kinds[cut.name] == "max_pool" then
      local rows, tiles = cut.shape[3], {}
      for node = 1, nodes do
        tiles[node] = {node = node, rows = {rows * (node - 1) // nodes + 1, rows * node // nodes}}
      end
      stages[#stages + 1] = {output = cut.name, tiles = tiles}
    end
  end
  return stages
end)
END
for network in vgg16 squeezenet1_1; do
    for strategy in height-strips height-strips-c height-strips-lua; do
        plugin=$work/found/$strategy.so
        [[ $strategy == *-lua ]] && plugin=$work/height_strips.lua
        "$tessera" plan "configs/networks/$network.yaml" --nodes 3 --plugin "$plugin" --strategy "$strategy" --json \
            >"$work/$strategy.json"
        value "$work/$strategy.json" stages >"$work/$strategy.stages"
    done
    cmp "$work/height-strips.stages" "$work/height-strips-c.stages" || fail "$network: C and Swift cut otherwise"
    cmp "$work/height-strips.stages" "$work/height-strips-lua.stages" || fail "$network: Lua and Swift cut otherwise"
    stages=$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$work/height-strips.stages")
    ((stages > 1)) || fail "$network: expected a cut after every max pool, found $stages stage"
    echo "$network: $stages stages, three times the same"
done

echo "an operator and a transport on node processes that find their plugins in a folder"
export TESSERA_PLUGIN_PATH=$work/found
cat >"$work/sharpened.yaml" <<'END'
tessera: 1
name: sharpened
inputs: {photo: {shape: [1, 3, height, width]}}
weights: {random: 2}
layers:
  - sharpen: {name: crisp, radius: 2}
  - conv: {name: mixed, channels: 3, kernel: 3, padding: same}
  - sharpen: {name: sharpened, amount: 1}
outputs: [sharpened]
END
cat >"$work/deployment.yaml" <<END
tessera: 1
network: sharpened.yaml
partition: {strategy: height-strips}
transport: {kind: unix, folder: $work}
threads: 1
END
deploy() {
    timeout 120 "$tessera" deploy "$work/deployment.yaml" --input photo=configs/pictures/landscape.png --verify --json "$@" \
        >"$work/report.json"
    [[ $(value "$work/report.json" identical) == true ]] || fail "the result differs from the single node's"
}
deploy --spawn 3
echo "three processes: equals one node"

# Nodes of their own, of which one is killed while requests are under way.
for index in 1 2 3; do
    "$tessera" node --name "node-$index" --listen "node-$index" --threads 1 --transport "{kind: unix, folder: $work}" \
        2>"$work/node-$index.log" &
    nodes+=($!)
done
for index in 1 2 3; do
    for _ in $(seq 200); do
        [[ -S $work/tessera-node-$index.sock ]] && break
        sleep 0.05
    done
done
echo "nodes: [node-1, node-2, node-3]" >>"$work/deployment.yaml"
(sleep 2 && kill -9 "${nodes[1]}") &
deploy --seconds 4
wait $! || fail "there was no node to kill"
[[ $(value "$work/report.json" recovered) == 1 ]] || fail "expected one recovery, found $(cat "$work/report.json")"
echo "three processes, one of them killed: equals one node"
for index in 0 2; do kill "${nodes[$index]}" && wait "${nodes[$index]}" || true; done
nodes=()

echo "a trusted script uses an operator and a strategy that it loads itself"
cat >"$work/use.lua" <<'END'
for _, path in ipairs(arg) do tessera.plugin(path) end
local net = tessera.network("sharpened.yaml")
local photo = tessera.tensor{shape = {1, 3, 30, 20}, random = 4}
local together, report = net:deploy{nodes = 3, strategy = "height-strips", inputs = {photo = photo}}
print(report.strategy, together == net:run{photo = photo})
END
said=$(cd "$work" && env -u TESSERA_PLUGIN_PATH "$tessera" script --trusted use.lua found/sharpen.so found/height-strips.so)
[[ $said == $'height-strips\ttrue' ]] || fail "expected a script's deployment to equal one node, found '$said'"

echo "a metric prunes what the built-in one does that it generalizes"
for metric in l2 lp-norm; do
    "$tessera" prune configs/networks/lenet5.yaml --metric "$metric" --amount ratio=0.5 -o "$work/$metric" --json \
        >"$work/$metric.json"
done
cmp "$work"/l2/*.safetensors "$work"/lp-norm/*.safetensors || fail "'lp-norm' with p = 2 prunes other channels than 'l2'"

echo "broken plugins are told of, and stop nothing that does not name them"
printf 'no library' >"$work/found/broken.so"
cat >"$work/crash.c" <<'END'
#include <stdlib.h>
void *tessera_plugin(void) { abort(); }
END
cc -fPIC -shared -o "$work/crash.so" "$work/crash.c"
"$tessera" plugins --json --plugin "$work/crash.so" >"$work/list.json"
value "$work/list.json" refused >"$work/refused"
grep -q "broken.so" "$work/refused" && grep -q "crash.so.*signal 6" "$work/refused" ||
    fail "expected two refused plugins, found $(cat "$work/refused")"
"$tessera" inspect "$work/sharpened.yaml" --shape photo=1x3x16x16 --json >/dev/null 2>"$work/warning" || fail "a broken plugin in a folder stops commands"
grep -q "warning: the plugin '.*broken.so' is left out" "$work/warning" || fail "expected a warning, found $(cat "$work/warning")"
! "$tessera" inspect "$work/sharpened.yaml" --shape photo=1x3x16x16 --plugin "$work/found/broken.so" >/dev/null 2>&1 ||
    fail "a broken plugin that is named stops nothing"
! "$tessera" plugins check "$work/crash.so" 2>"$work/crash" || fail "a plugin that crashes passes its check"
grep -q "signal 6" "$work/crash" || fail "expected the signal, found $(cat "$work/crash")"
echo "plugins: all is well"
