-- Quantizes a network with samples, compares it with the original, and writes it.
--
--   tessera script scripts/workflows/quantize.lua [NETWORK [SAMPLES]] [--weights FILE] [--bits 8] [--folder OUT]
--
-- SAMPLES are a file or a folder, one picture if left out; nothing is written without --folder.

local options = tessera.arguments({weights = "", bits = 8, folder = ""}, arg)
local net = tessera.network(
  options[1] or "configs/networks/sketch.yaml", {weights = options.weights ~= "" and options.weights or nil})
local small, report = net:quantize{
  bits = options.bits, calibrate = options[2] or "configs/pictures/landscape.png",
}

local function ratio(db) return db >= 999 and "exact" or string.format("%5.1f dB", db) end
for _, layer in ipairs(report.layers) do
  local error = layer.weight_sqnr_db and ", weights " .. ratio(layer.weight_sqnr_db) or ""
  print(string.format("%-24s %2d bits%s", layer.name, layer.weight_bits, error))
end
print("outputs: " .. ratio(report.output_sqnr_db))
if options.folder ~= "" then small:save(options.folder) end
