-- Quantizes a network with samples, compares it with the original, and writes it: tessera script scripts/workflows/quantize.lua
--   [NETWORK [SAMPLES [WEIGHTS [FOLDER]]]]; SAMPLES are a file or a folder, one picture if left out; nothing is written without FOLDER.
local arg = tessera.arguments({}, arg)
local path, samples, weights, folder = arg[1] or "configs/networks/sketch.yaml", arg[2], arg[3], arg[4]
local net = tessera.network(path, {weights = weights})
local small, report = net:quantize{bits = 8, calibrate = samples or "configs/pictures/landscape.png"}
local function ratio(db) return db >= 999 and "exact" or string.format("%5.1f dB", db) end
for _, layer in ipairs(report.layers) do
  local error = layer.weight_sqnr_db and ", weights " .. ratio(layer.weight_sqnr_db) or ""
  print(string.format("%-24s %2d bits%s", layer.name, layer.weight_bits, error))
end
print("outputs: " .. ratio(report.output_sqnr_db))
if folder then small:save(folder) end
