import Foundation
import Tessera
import TesseraScript
import TesseraTestSupport
import Testing

/// Each of the methods of METHODS.md, start to end by a script alone, on small data. What a script asserts is checked there.
@Suite struct MethodsInLuaTests {
    @Test("A: a network is distributed by multicast, cut, run and stitched to the bit, by several leaders at once")
    func partitioning() async throws {
        _ = try await NetworkFolder().run(
            """
            local net = tessera.network{
              inputs = {photo = {shape = {1, 3, 24, 40}}}, weights = {random = 3},
              layers = {
                {conv = {channels = 64, kernel = 3, padding = "same"}}, "batch_norm", "relu",
                {max_pool = {kernel = 2, stride = 2}}, {conv = {channels = 64, kernel = 5, stride = 2, padding = "same"}}, "relu",
              },
              outputs = {"relu2"},
            }
            local function picture(seed) return tessera.tensor{shape = {1, 3, 24, 40}, random = seed} end

            -- A2 to A4: every pixel of the last map is some node's, and no pixel two nodes'.
            local owners = {}
            for _, tile in ipairs(net:plan{nodes = 3, strategy = "vertical"}.stages[1].tiles) do
              local rows, columns = tile.region[3], tile.region[4]
              for y = rows[1], rows[2] do
                for x = columns[1], columns[2] do
                  local pixel = y .. ", " .. x
                  assert(not owners[pixel], pixel .. " is computed twice")
                  owners[pixel] = tile.node
                end
              end
            end
            local count = 0
            for _ in pairs(owners) do count = count + 1 end
            assert(count == 6 * 10, count)

            -- A1, A5, A6: what goes to three nodes by multicast is sent once, by TCP to each.
            local distributed = {}
            for _, transport in ipairs{"multicast", "tcp"} do
              local out, report = net:deploy{
                nodes = 3, strategy = "vertical", transport = transport, inputs = {photo = picture(1)},
              }
              assert(out == net:run(picture(1)), transport)
              assert(report.busy_nodes == 3)
              distributed[transport] = report.bytes_distributed
            end
            assert(distributed.tcp > 1.9 * distributed.multicast)

            -- A7: two tasks with leaders of their own.
            local one <close> = net:start{nodes = 2, transport = "multicast"}
            local two <close> = net:start{nodes = 3, strategy = "vertical", transport = "multicast"}
            for seed = 1, 3 do
              local x = picture(seed)
              local whole = net:run(x)
              assert(one:run{photo = x} == whole and two:run{photo = x} == whole, seed)
            end
            """)
    }

    @Test("B: weights of every kind become pictures, film and sound, and come back to run", arguments: [8, 16])
    func compression(bits: Int) async throws {
        _ = try await NetworkFolder().run(
            """
            local net = tessera.network{
              inputs = {x = {shape = {6, 1, 2, 8}}}, weights = {random = 3},
              layers = {
                {conv = {name = "conv", channels = 12, kernel = 3, padding = "same"}}, {reshape = {shape = {6, 1, 192}}},
                {lstm = {name = "lstm", hidden = 10}}, {reshape = {shape = {6, 10}}},
                {linear = {name = "linear", features = 7}},
              },
              outputs = {"linear"},
            }
            local x = tessera.tensor{shape = {6, 1, 2, 8}, random = 1}
            local bits = \(bits)
            -- B3 to B8: a layout for each kind of data, film in blocks that leave a rest.
            local cases = {
              {codec = "png", layout = "image"}, {codec = "ffv1", layout = "blocks", block = {5, 7}},
              {codec = "flac", layout = "sequence"}, {codec = "wavpack", layout = "sequence"},
            }
            for _, case in ipairs(cases) do
              local small, report = net:compress{codec = case.codec, bits = bits, block = case.block}
              local kinds = {}
              for _, layer in ipairs(report.layers) do
                assert(layer.codec == case.codec and layer.layout == case.layout and layer.bits == bits, layer.name)
                kinds[layer.name] = true
              end
              assert(kinds["conv.weight"] and kinds["lstm.weight_ih_l0"] and kinds["lstm.weight_hh_l0"] and kinds["linear.weight"])
              -- B2: what comes back is the middle of the interval of 2^bits that a weight is in.
              for name, weight in pairs(net:weights()) do
                local half = (weight:max() - weight:min()) / 2 ^ bits / 2
                local error = small:weights()[name]:difference(weight)
                assert(error <= 1.02 * half, name .. " is off by " .. error)
                if kinds[name] then assert(error > 0, name) end
              end
              -- B9, from a file.
              small:save(folder .. "/" .. case.codec)
              local again = tessera.network(folder .. "/" .. case.codec .. "/network.yaml")
              assert(again:run(x) == small:run(x) and again:run(x) ~= net:run(x))
            end
            """)
    }

    @Test("C: folded, a network holds in half precision with a variance that this cannot hold, and has less to compute")
    func folding() async throws {
        let root = NetworkFolder.root
        _ = try await NetworkFolder().run(
            """
            local net = tessera.network("\(root)/scripts/workflows/half_precision.yaml")
            local x = tessera.tensor{shape = {1, 3, 32, 32}, random = 1}
            local exact, largest = net:run(x), 0
            for _, value in ipairs(exact:values()) do largest = math.max(largest, math.abs(value)) end
            local function error(options)
              options[next(net.inputs)] = x
              return net:run(options):difference(exact) / largest
            end
            -- C1, C3: a layer less.
            assert(#net:fold().layers < #net.layers)
            -- C2: as it is written it breaks.
            assert(error{precision = "f16", fold = false} > 0.1)
            assert(error{precision = "f16"} < 0.01)
            """)
    }

    @Test("D: what matters least is found, held at zero while the rest is trained again, and taken out")
    func pruning() async throws {
        let toy = try ToyPictures()
        let config = try toy.config(epochs: 3)
        _ = try await NetworkFolder().run(
            """
            local net = tessera.network("\(toy.folder.file("network.yaml"))"):train{config = "\(config)"}
            -- D1 to D5: half of the channels are made to matter little, which the curve of the saliency shows.
            local trainer = net:trainer{batch = 1}
            local weight = trainer:weight("conv.weight")
            for channel = 1, 8, 2 do weight = weight:with({channel}, weight[channel] * 1e-3) end
            trainer:set_weight("conv.weight", weight)
            for _, metric in ipairs{"l1", "l2", "loss"} do
              local small, report = trainer:network():prune{
                metric = metric, amount = "steepness", schedule = {kind = "iterative", steps = 2}, retrain = "\(config)",
                samples = {path = "\(toy.folder.file("pictures"))", part = "train"},
              }
              -- D3, D11: smaller for real, the layer after it, too.
              local layer = report.layers[1]
              assert(layer.channels_before == 8 and layer.channels_after < 8, metric)
              local channels = layer.channels_after
              assert(small:weights()["conv.weight"]:shape()[1] == channels)
              assert(small:weights()["linear.weight"]:shape()[2] == channels)
              assert(report.after.macs < report.before.macs)
              -- D10: and it still tells the pictures apart.
              local data = small:data{data = {path = "\(toy.folder.file("pictures"))", train = "train", test = "test"}, batch = 8}
              local right, evaluation = 0, small:trainer{batch = 8}
              for batch in data:test() do right = right + select(2, evaluation:evaluate(batch)) end
              assert(right >= 0.8 * data.test_count, metric .. ": " .. right .. " of " .. data.test_count)
            end

            -- D8, D9: what is pruned by masks is zero and stays so while the rest learns: the kernels of two channels, and the slices of
            -- the next layer that read them.
            local pruned, masked = {2, 5}, net:trainer{batch = 8}
            local function mask(name, part)
              local kept = tessera.tensor{shape = masked:weight(name):shape(), fill = 1}
              for _, channel in ipairs(pruned) do kept = kept:with(part(channel), 0) end
              masked:set_mask(name, kept)
            end
            local function first(channel) return {channel} end
            local function second(channel) return {{}, channel} end
            for _, name in ipairs{"conv.weight", "bn.weight", "bn.bias"} do mask(name, first) end
            mask("linear.weight", second)
            local before = {conv = masked:weight("conv.weight"), linear = masked:weight("linear.weight")}
            local data = net:data{data = {path = "\(toy.folder.file("pictures"))", train = "train", test = "test"}, batch = 8}
            for batch in data:train(1) do masked:step(batch) end
            local conv, linear = masked:weight("conv.weight"), masked:weight("linear.weight")
            for _, channel in ipairs(pruned) do
              for _, slice in ipairs{conv[channel], linear[second(channel)]} do assert(slice:min() == 0 and slice:max() == 0) end
            end
            assert(conv[1]:difference(before.conv[1]) > 0 and linear[second(1)]:difference(before.linear[second(1)]) > 0)
            -- D9: the feature maps are zero as well.
            local file, weights = masked:network():document(), masked:network():weights()
            file.layers, file.outputs = {file.layers[1], file.layers[2], file.layers[3]}, {net.layers[3].name}
            weights["linear.weight"], weights["linear.bias"] = nil, nil
            local maps = tessera.network(file, {weights = weights}):run(tessera.tensor{shape = {1, 3, 8, 8}, random = 4})
            for _, channel in ipairs(pruned) do assert(maps[{1, channel}]:max() == 0, channel) end
            assert(maps:max() > 0)
            """)
    }

    @Test("E: a quantized network is trained beside an auxiliary one until that no longer helps, and is left alone")
    func quantization() async throws {
        let toy = try ToyPictures()
        let config = try toy.config(epochs: 30, extra: "early_stopping: {loss: training, patience: 1, threshold: 0.05}")
        _ = try await NetworkFolder().run(
            """
            local net = tessera.network("\(toy.folder.file("network.yaml"))")
            for width = 1, 2 do
              local small, epochs = net:train{
                config = "\(config)",
                quantization = {
                  method = "lsq", weight_bits = 4, activation_bits = 8, auxiliary = {width = width, loss = 0.5, distillation = 0.25},
                },
              }
              -- E5, E7: the whole loss is that of both networks, and of their distance.
              for _, epoch in ipairs(epochs) do
                local sum = epoch.own_loss + 0.5 * epoch.auxiliary_loss + 0.25 * epoch.distillation_loss
                assert(math.abs(epoch.train_loss - sum) < 1e-4 * sum, width)
              end
              -- E6: training ends by itself, when the loss falls by less than the threshold.
              assert(#epochs < 30, #epochs)
              local last, best = epochs[#epochs].train_loss, math.huge
              for index = 1, #epochs - 1 do best = math.min(best, epochs[index].train_loss) end
              assert(last > best - 0.05)
              -- E8: what is saved has no layers but those of the network, and computes the same.
              small:save(folder .. "/few" .. width)
              local again = tessera.network(folder .. "/few" .. width .. "/network.yaml")
              local x = tessera.tensor{shape = {2, 3, 8, 8}, random = 1}
              assert(again:run(x) == small:run(x))
              local count = 0
              for name, weight in pairs(again:weights()) do
                assert(not name:find("auxiliary"), name)
                if name:find("weight$") and #weight:shape() > 1 then count = count + #weight:values() end
              end
              assert(count == 8 * 3 * 9 + 3 * 8, count)
            end

            -- E2 to E4: what is joined to a convolution is another with each width, as the next one sees, and trains it through their sum.
            local deep = tessera.network{
              inputs = {image = {shape = {"batch", 3, 8, 8}, mean = 0.5, deviation = 0.25}}, weights = {random = 3},
              layers = {
                {conv = {name = "conv", channels = 8, kernel = 3, padding = 1}}, "relu",
                {conv = {name = "second", channels = 8, kernel = 3, padding = 1}}, "relu",
                "global_average_pool", "flatten", {linear = {name = "linear", features = 3}},
              },
              outputs = {logits = "linear"},
            }
            local function trained(width, loss)
              local small, epochs = deep:train{
                config = "\(config)", epochs = 1,
                quantization = {method = "lsq", weight_bits = 4, activation_bits = 8, auxiliary = {width = width, loss = loss, distillation = 0}},
              }
              return small:weights()["conv.weight"], epochs[1].auxiliary_loss
            end
            local alone, other = trained(1, 1e-30), trained(2, 1e-30)
            assert(alone == other, "without its loss, the auxiliary network must not train the other")
            local one, narrow = trained(1, 0.5)
            local two, wide = trained(2, 0.5)
            assert(one ~= alone and two ~= alone, "the auxiliary network's loss does not train the other")
            assert(narrow ~= wide, "the auxiliary network is the same for both widths")
            local _, message = pcall(trained, 0, 0.5)
            assert(tostring(message):find("width"), message)
            """)
    }
}
