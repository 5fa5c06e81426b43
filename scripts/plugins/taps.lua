-- A weight layout: the weights at one place of all kernels are a picture, inputs wide and outputs high, and the pictures of all
-- places stand below each other. With 'film', each is a frame of its own, for codecs of film; others code every frame by itself.
--
--   tessera compress NETWORK -o small --codec context --plugin scripts/plugins/taps.lua --layout taps
--
-- Whoever decodes the weights needs it as well.
tessera.register.weight_layout("taps", function(geometry, options)
  local places = {}
  local inputs, kernel = geometry.inputs, geometry.kernel_height * geometry.kernel_width
  local rows = geometry.matrices * geometry.outputs
  for tap = 1, kernel do
    for row = 0, rows - 1 do
      for input = 0, inputs - 1 do places[#places + 1] = (row * inputs + input) * kernel + tap end
    end
  end
  if options.film then return {width = inputs, height = rows, frames = kernel, places = places} end
  return {width = inputs, height = rows * kernel, frames = 1, places = places}
end, {
  summary = "a picture for each place in the kernel",
  options = {film = {default = false, summary = "whether each picture is a frame of its own"}},
})
