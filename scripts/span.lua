-- Writes a network that ends where a span of another ends: to measure the span without what follows.
--
--   tessera script scripts/span.lua NETWORK LAYER FOLDER
--
-- Its weights are random.
local arg = tessera.arguments({}, arg)
local path, last, folder = arg[1], arg[2], assert(arg[3], "expected a network, the span's last layer and a folder")
local document = tessera.network(path):document()
document.weights = {random = 1}

local layers = {}
for _, layer in ipairs(document.layers) do
  layers[#layers + 1] = layer
  local _, options = next(layer)
  if options.name == last then
    document.layers, document.outputs = layers, {last}
    tessera.network(document):save(folder)
    return
  end
end
error(("'%s' has no layer '%s'"):format(path, last), 0)
