-- Says how close pictures come to the first one: their peak signal-to-noise ratios in decibels.
--
--   tessera script scripts/workflows/psnr.lua CLEAN PICTURE…

local arg = tessera.arguments({}, arg)
assert(arg[2], "expected the clean picture, and others")
local clean = tessera.image(arg[1]):tensor()
for i = 2, #arg do
  print(string.format("%-40s %6.2f dB", arg[i], tessera.image(arg[i]):tensor():psnr(clean)))
end
