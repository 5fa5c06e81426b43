-- Adds noise to a picture, as a camera does in the dark: normal, of deviation SIGMA (25) out of 255.
--
--   tessera script scripts/workflows/noise.lua PICTURE NOISY [SIGMA [SEED]]

local arg = tessera.arguments({}, arg)
local picture, result = arg[1], arg[2]
assert(result, "expected a picture, and a path for the noisy one")
local sigma = assert(tonumber(arg[3] or 25), "expected a number for SIGMA")
local seed = assert(math.tointeger(tonumber(arg[4] or 1)), "expected an integer for SEED")

local clean = tessera.image(picture):tensor()
local noise = tessera.tensor{shape = clean:shape(), normal = seed}
local noisy = clean + noise * (sigma / 255)
noisy:save(result)
