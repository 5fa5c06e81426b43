-- Finds objects in a picture, prints them, and writes them to a file of comma-separated values.
--
--   tessera script scripts/workflows/detect.lua NETWORK PICTURE [--weights FILE] [--least 0.5] [--output objects.csv]
--
-- NETWORK declares an output that is a detection. Boxes are in pixels of the picture.

local options = tessera.arguments({weights = "", least = 0.5, output = ""}, arg)
assert(#options == 2, "expected a network and a picture")
local net = tessera.network(options[1], {weights = options.weights ~= "" and options.weights or nil})

local rows = {{"output", "label", "score", "left", "top", "right", "bottom"}}
for output, objects in pairs(net:results(options[2])) do
  for _, object in ipairs(objects) do
    if object.score >= options.least then
      local left, top, right, bottom = table.unpack(object.box)
      local label = object.label or object.class
      rows[#rows + 1] = {output, label, object.score, left, top, right, bottom}
      print(string.format("%s %.3f at (%.0f, %.0f) to (%.0f, %.0f)", label, object.score, left, top, right, bottom))
    end
  end
end
print(#rows - 1 .. " found")
if options.output ~= "" then tessera.csv.save(rows, options.output) end
