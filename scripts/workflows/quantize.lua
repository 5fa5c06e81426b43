-- Quantizes a network with samples, compares it with the original, and writes it: tessera script scripts/workflows/quantize.lua
--   [NETWORK [SAMPLES [WEIGHTS [FOLDER]]]]; SAMPLES are a file or a folder, one picture if left out; nothing is written without FOLDER.
local path, samples, weights, folder = arg[1] or "configs/networks/sketch.yaml", arg[2], arg[3], arg[4]
local net = tessera.network(path, {weights = weights})
local small, report = net:quantize{bits = 8, calibrate = samples or "configs/pictures/landscape.png"}
for _, layer in ipairs(report.layers) do
  print(string.format("%-24s %2d bits, weights %5.1f dB", layer.name, layer.weight_bits, layer.weight_sqnr_db or 0))
end
print(string.format("outputs: %.1f dB", report.output_sqnr_db))
if folder then small:save(folder) end
