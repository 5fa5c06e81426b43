-- Adds noise to a picture and removes it on several nodes, which must come to what one device comes to.
--
--   tessera script scripts/workflows/denoise_on_cluster.lua [PICTURE [NODES [FOLDER]]]
--
-- Writes noisy.png and denoised.png into FOLDER.

local arg = tessera.arguments({}, arg)
local picture = tessera.image(arg[1] or "configs/pictures/landscape.png"):tensor()
local nodes = assert(math.tointeger(tonumber(arg[2] or 4)), "expected an integer for NODES")
local folder = arg[3]
local net = tessera.network("configs/networks/denoiser.yaml")

local deviation = 25 / 255
local noisy = picture + deviation * tessera.tensor{shape = picture:shape(), normal = 1}
local cluster <close> = net:start{nodes = nodes, strategy = "strips", inputs = {photo = noisy}}
local clean, report = cluster:run{photo = noisy}

assert(clean == net:run{photo = noisy}, "the nodes came to another result than one device")
print(string.format("%d nodes: %.1f ms, equal to one device to the bit", report.nodes, report.latency_ms))
print(string.format("noisy %.2f dB, denoised %.2f dB", noisy:psnr(picture), clean:psnr(picture)))
if folder then
  tessera.mkdir(folder)
  noisy:save(folder .. "/noisy.png")
  clean:save(folder .. "/denoised.png")
end
