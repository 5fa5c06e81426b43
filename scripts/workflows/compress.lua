-- From a network to what a thin link carries: merges batch normalizations, prunes, quantizes, compresses and deploys it.
--
--   tessera script scripts/workflows/compress.lua [NETWORK [CODEC [FOLDER]]]
--
-- NETWORK has one input, which random numbers of a small size are given to. CODEC is one of those that 'tessera plugins' lists (context).
-- The network goes to FOLDER, if one is given.
local arg = tessera.arguments({}, arg)
local path = arg[1] or "configs/networks/denoiser.yaml"
local codec, folder = arg[2] or "context", arg[3]
local net = tessera.network(path)
local name, shape
for input, sizes in pairs(net.inputs) do name, shape = input, sizes end
for i, size in ipairs(shape) do shape[i] = math.tointeger(size) or (i == 1 and 1 or 32) end
local function picture(seed) return tessera.tensor{shape = shape, random = seed} end

local function row(step, report)
  print(string.format("%-10s %9d weights %9d bytes %7.2fx of f32", step, report.f32_bytes // 4, report.file_bytes, report.ratio))
end

local folded = net:fold()
local _, before = folded:compress{codec = codec}
row("folded", before)

local pruned = folded:prune{metric = "l2", amount = {rule = "ratio", ratio = 0.25}, inputs = {[name] = shape}}
local _, after = pruned:compress{codec = codec}
row("pruned", after)

local quantized = pruned:quantize{bits = {4, 8}, calibrate = {picture(1), picture(2), picture(3)}}
local small, report = quantized:compress{codec = codec}
row("quantized", report)
if folder then small:save(folder) end

-- Integers are kept as they are, so what comes back is what was quantized, and nodes compute the same.
local x = picture(4)
assert(small:run{[name] = x} == quantized:run{[name] = x}, "compression changed the network")
local together, deployment = small:deploy{nodes = 2, inputs = {[name] = x}}
assert(together == small:run{[name] = x}, "two nodes came to another result")
print(string.format("on %d nodes: equal to the bit; the file is %.1f times smaller than the network in f32 was", deployment.nodes,
  before.f32_bytes / report.file_bytes))
