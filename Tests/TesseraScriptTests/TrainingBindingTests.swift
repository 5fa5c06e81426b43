import Foundation
import Tessera
import TesseraScript
import TesseraTestSupport
import Testing

@Suite struct TrainingBindingTests {
    @Test("a script trains a network as a file says, and goes on with what it gets")
    func config() async throws {
        let toy = try ToyPictures()
        let config = try toy.config()
        let results = try await NetworkFolder().run(
            """
            local net = tessera.network('\(toy.folder.file("network.yaml"))')
            local trained, history = net:train{config = '\(config)', epochs = 5}
            local x = tessera.tensor{shape = {1, 3, 8, 8}, random = 1}
            return #history == 5, history[5].test_accuracy > 0.9, trained:run(x) ~= net:run(x)
            """)
        #expect(results.values == [true, true, true])
    }

    @Test("a table in place of a training file trains the same, and tells how good the network is")
    func table() async throws {
        let toy = try ToyPictures()
        let config = try toy.config(epochs: 3)
        let results = try await NetworkFolder().run(
            """
            local net = tessera.network('\(toy.folder.file("network.yaml"))')
            local settings = tessera.yaml.load('\(config)')
            settings.network, settings.output, settings.tessera = nil, nil, nil
            settings.data.path = '\(toy.folder.file("pictures"))'
            local trained = net:train{config = settings, output = folder .. '/table'}
            local same = net:train{config = '\(config)'}
            local x = tessera.tensor{shape = {1, 3, 8, 8}, random = 1}
            local quality = trained:evaluate(settings)
            settings.output = folder .. '/retrained'
            local small = net:prune{
              amount = {rule = 'ratio', ratio = 0.5},
              retrain = settings,
            }
            return trained:run(x) == same:run(x), quality.accuracy == same:evaluate('\(config)').accuracy,
              small:weights()['conv.weight']:shape()[1] == 4
            """)
        #expect(results.values == [true, true, true])
    }

    @Test(
        "a loop of one's own: the loss falls, gradients are those of the last batch, and the network is the trained one"
    )
    func loop() async throws {
        let toy = try ToyPictures(perClass: 2)
        let results = try await NetworkFolder().run(
            """
            local net = tessera.network('\(toy.folder.file("network.yaml"))')
            local trainer = net:trainer{batch = 4, optimizer = {kind = 'sgd', rate = 0.1}}
            local x = tessera.tensor{shape = {4, 3, 8, 8}, random = 2}
            local batch = {input = x, classes = {1, 2, 3, 2}}
            local before = trainer:weight('linear.bias')
            local loss, right = trainer:gradients(batch)
            local unchanged = trainer:weight('linear.bias') == before
            local gradient = trainer:gradient('linear.bias')
            for step = 1, 60 do trainer:step(batch) end
            local last, all = trainer:step{input = x, classes = {1, 2, 3, 2}, rate = 0.01}
            local ok, message = pcall(trainer.weight, trainer, 'linear.bais')
            return unchanged, last < loss / 2, all == 4, gradient:shape()[1] == 3,
              trainer:network():run{image = x, fold = false} ~= net:run(x), not ok and message:find("linear.bias") ~= nil
            """)
        #expect(results.values == [true, true, true, true, true, true])
    }

    @Test("a loop of one's own over the batches of the data trains as net:train does")
    func data() async throws {
        let toy = try ToyPictures()
        let config = try toy.config(epochs: 2, extra: "seed: 4")
        let results = try await NetworkFolder().run(
            """
            local net = tessera.network('\(toy.folder.file("network.yaml"))')
            local trained = net:train{config = '\(config)'}
            local data = net:data{
              data = {path = '\(toy.folder.file("pictures"))', train = "train", test = "test"}, batch = 8,
              augment = {flip = true, crop_padding = 1}, seed = 4,
            }
            local trainer = net:trainer{batch = 8, optimizer = {rate = 0.1, nesterov = true, weight_decay = 0.0001}}
            local step, steps = 0, 2 * (data.train_count // 8)
            for epoch = 1, 2 do
              for batch in data:train(epoch) do
                trainer:step{input = batch.input, classes = batch.classes, rate = 0.1 * (1 + math.cos(math.pi * step / steps)) / 2}
                step = step + 1
              end
            end
            local right, count = 0, 0
            for batch in data:test() do
              right, count = right + select(2, trainer:evaluate(batch)), count + batch.count
              local guesses = trainer:output():argmax(2)
              for i = 1, batch.count do assert(data.classes[guesses[i]]) end
            end
            local own, same = trainer:network():weights(), true
            for name, weight in pairs(trained:weights()) do same = same and own[name]:difference(weight) < 1e-5 end
            return same, step == steps, count == data.test_count, right, table.concat(data.classes, " ")
            """)
        #expect(results.values[..<3] == [true, true, true])
        // The colours are told apart after two epochs, or nearly.
        #expect(try results.values[3].requireInteger() >= 18)
        #expect(results.values[4] == "blue green red")
    }

    @Test func weightsCanBeSet() async throws {
        let toy = try ToyPictures(perClass: 2)
        let results = try await NetworkFolder().run(
            """
            local net = tessera.network('\(toy.folder.file("network.yaml"))')
            local trainer = net:trainer{batch = 2}
            local bias = tessera.tensor{values = {0, 7, 0}}
            trainer:set_weight("linear.bias", bias)
            trainer:set_weight("linear.weight", trainer:weight("linear.weight") * 0)
            trainer:evaluate{input = tessera.tensor{shape = {2, 3, 8, 8}}, classes = {2, 2}}
            local shape, message = pcall(trainer.set_weight, trainer, "linear.bias", tessera.tensor{shape = {4}})
            return trainer:weight("linear.bias") == bias, trainer:output()[2] == bias, message
            """)
        #expect(results.values[..<2] == [true, true])
        #expect("\(results.values[2])".contains("expected a tensor of 3, got 4"), "\(results.values[2])")
    }

    /// Runs a script that has `net`, a small network, and `batch`, with which to train it.
    private func train(_ source: String) async throws -> Results {
        let toy = try ToyPictures(perClass: 2)
        return try await NetworkFolder().run(
            """
            local net = tessera.network('\(toy.folder.file("network.yaml"))')
            local batch = {input = tessera.tensor{shape = {2, 3, 8, 8}, random = 4}, classes = {1, 3}}
            \(source)
            """)
    }

    @Test("a step is the gradients and an update, and gradients can be other ones")
    func updates() async throws {
        let results = try await train(
            """
            local whole, parts = net:trainer{batch = 2}, net:trainer{batch = 2}
            local own = net:trainer{batch = 2, optimizer = {kind = "sgd", momentum = 0, weight_decay = 0, nesterov = false}}
            for step = 1, 3 do
              whole:step{input = batch.input, classes = batch.classes, rate = 0.1}
              parts:gradients(batch)
              parts:update(0.1)
            end
            local before = own:weight("linear.bias")
            own:gradients(batch)
            own:set_gradient("linear.bias", tessera.tensor{values = {1, 0, -2}})
            own:update(0.5)
            local change = own:weight("linear.bias") - before
            own:set_gradient("linear.bias", tessera.tensor{values = {0, 0 / 0, 0}})
            local kept = own:weight("linear.bias")
            local ok, refusal = pcall(own.update, own)
            assert(not ok and tostring(refusal):find("gradient of 'linear.bias' holds what is no finite number", 1, true), refusal)
            assert(own:weight("linear.bias") == kept)
            return whole:weight("linear.weight") == parts:weight("linear.weight"),
              change:difference(tessera.tensor{values = {-0.5, 0, 1}}) < 1e-6,
              select(2, pcall(own.update, own, -1)), select(2, pcall(own.set_gradient, own, "linear.bias", before:reshape{1, 3}))
            """)
        #expect(results.values[..<2] == [true, true])
        #expect(
            "\(results.values[2])".contains("argument 1 (rate): expected a finite rate of at least 0, got -1"),
            "\(results.values[2])")
        #expect("\(results.values[3])".contains("expected a tensor of 3, got 1x3"), "\(results.values[3])")
    }

    @Test("there is nothing to update by, to read or to show before a batch, and an update uses gradients up")
    func order() async throws {
        let results = try await train(
            """
            local trainer = net:trainer{batch = 2, optimizer = {kind = "sgd", momentum = 0, weight_decay = 0, nesterov = false}}
            local function refusal(method, ...) return tostring(select(2, pcall(trainer[method], trainer, ...))) end
            local early = {refusal("update"), refusal("gradient", "linear.bias"), refusal("output")}
            trainer:gradients(batch)
            trainer:update(0.1)
            local again, other = refusal("update"), trainer:weight("linear.weight")
            assert(trainer:gradient("linear.bias") and trainer:output())
            -- The gradients of the last batch do not come back.
            trainer:set_gradient("linear.bias", tessera.tensor{values = {1, 0, -2}})
            trainer:update(0.5)
            local kept = trainer:weight("linear.weight") == other
            -- What is set is gone with the next batch.
            trainer:set_gradient("linear.bias", tessera.tensor{values = {0 / 0, 0, 0}})
            trainer:gradients(batch)
            trainer:update()
            return early[1], early[2], early[3], again, refusal("set_gradient", "bn.running_mean", trainer:weight("bn.running_mean")),
              kept and trainer:weight("linear.weight") ~= other
            """)
        let expected = [
            "before an update", "expected the gradients of a batch", "before its output", "since the last update",
            "'bn.running_mean' is not trained, so it has no gradient",
        ]
        for (found, expected) in zip(results.values, expected) {
            #expect("\(found)".contains(expected), "\(found)")
        }
        #expect(results.values.last == true)
    }

    @Test("the saliencies of 'taylor' are what the loss changes by, measured, when what reads a channel is scaled")
    func taylor() async throws {
        let toy = try ToyPictures(perClass: 8)
        _ = try await NetworkFolder().run(
            """
            local net = tessera.network{
              inputs = {image = {shape = {"batch", 3, 8, 8}, mean = 0.5, deviation = 0.25}}, weights = {random = 3},
              layers = {
                {conv = {name = "conv", channels = 6, kernel = 3}}, "relu", "global_average_pool", "flatten",
                {linear = {name = "linear", features = 3}},
              },
              outputs = {logits = "linear"},
            }
            local pictures, count, step = "\(toy.folder.file("pictures"))", 24, 0.01
            local _, report = net:prune{metric = "taylor", amount = {rule = "ratio", ratio = 0.5}, samples = pictures .. "/train"}
            local trainer, batch = net:trainer{batch = count}, nil
            for all in net:data{data = {path = pictures, train = "train", test = "test"}, batch = count}:train(1) do batch = all end
            local weight = trainer:weight("linear.weight")
            local function loss(channel, factor)
              trainer:set_weight("linear.weight", weight:with({{}, channel}, weight[{{}, channel}] * factor))
              return (trainer:evaluate{input = batch.input, classes = batch.classes})
            end
            -- |Σ w · ∂loss/∂w| is the derivative of the loss by a factor of these weights.
            local expected = {}
            for channel = 1, 6 do
              expected[channel] = math.abs(loss(channel, 1 + step) - loss(channel, 1 - step)) / (2 * step)
            end
            table.sort(expected)
            local saliencies = report.groups[1].saliencies
            assert(#saliencies == 6 and expected[1] < 0.9 * expected[6])
            for index, saliency in ipairs(saliencies) do
              assert(math.abs(saliency - expected[index]) <= 1e-3 * expected[6], saliency .. " for " .. expected[index])
            end
            """)
    }

    @Test("a weight stays zero where its mask is")
    func masks() async throws {
        let results = try await train(
            """
            local trainer = net:trainer{batch = 2}
            trainer:set_weight("linear.bias", tessera.tensor{values = {5, 6, 7}})
            trainer:set_mask("linear.bias", tessera.tensor{values = {1, 0, 1}})
            trainer:step(batch)
            -- One that is refused, and other numbers, change nothing about that.
            local _, message = pcall(trainer.set_mask, trainer, "linear.bias", tessera.tensor{values = {1}})
            trainer:step(batch)
            trainer:set_weight("linear.bias", tessera.tensor{values = {5, 6, 7}})
            local masked = trainer:weight("linear.bias")
            trainer:set_mask("linear.bias")
            trainer:step(batch)
            return masked[2] == 0 and masked[1] ~= 0 and masked[3] ~= 0, trainer:weight("linear.bias")[2] ~= 0, message
            """)
        #expect(results.values[..<2] == [true, true])
        #expect("\(results.values[2])".contains("expected a tensor of 3, got 1"), "\(results.values[2])")
    }

    @Test("a trainer counts towards the memory of a script, before it is made and after")
    func memory() async throws {
        let toy = try ToyPictures(perClass: 2)
        let file = toy.folder.file("network.yaml")
        var options = ScriptEngine.Options()
        options.memoryLimit = 64
        let refused = await #expect(throws: TesseraError.self) {
            try await NetworkFolder().run("tessera.network('\(file)'):trainer{batch = 100000}", options)
        }
        #expect("\(try #require(refused))".contains("training with batches of 100000x3x8x8 takes"))
        let held = await #expect(throws: TesseraError.self) {
            try await NetworkFolder().run(
                """
                local net, all = tessera.network('\(file)'), {}
                for index = 1, 100000 do all[index] = net:trainer{batch = 200} end
                """, options)
        }
        #expect("\(try #require(held))".contains("of which the script's limit leaves"), "\(String(describing: held))")
    }

    @Test(
        "what cannot be trained with is refused",
        arguments: [
            ("trainer:step{input = x, classes = {0, 1}}", "option 'classes': [1]: expected a class from 1 to 3, got 0"),
            ("trainer:step{input = x, classes = {1, 4}}", "option 'classes': [2]: expected a class from 1 to 3, got 4"),
            (
                "trainer:step{input = x * (0 / 0), classes = {1, 1}}",
                "expected numbers in the batch's input, found NaN at element 0"
            ),
            ("net:train{config = 3}", "option 'config': expected the path of a training file, or a table"),
            ("net:train{config = {data = {path = pictures}, epochs = 0}, output = folder}", "expected 'epochs' from 1"),
            (
                "net:train{config = {data = {path = pictures}, epohs = 1}}",
                "unknown key 'epohs', did you mean 'epochs'?"
            ),
            ("net:train{config = {data = {path = pictures}}}", "train: missing option 'output'"),
            (
                "net:prune{amount = 'ratio', retrain = {data = {path = pictures}}}",
                "prune: option 'retrain': missing option 'output'"
            ),
            ("trainer:step{input = x, classes = {1, 1}, count = 3}", "expected a count from 1 to 2, got 3"),
            ("net:data{data = {path = folder, train = 'none'}, batch = 2}", "none"),
            ("net:data{data = {path = folder}, batch = 0}", "expected a batch from 1 to 65536, got 0"),
            ("net:data{batch = 2}", "missing option 'data'"),
            (
                "net:data{data = {path = pictures}, batch = 2, augmnt = {}}",
                "unknown option 'augmnt', did you mean 'augment'?"
            ),
            ("net:data{data = {path = pictures}, batch = 2}:test()", "expected pictures to 'test' with"),
            ("net:data{data = {path = pictures}, batch = 64}:train(1)", "expected a 'batch' of at most 6"),
            ("net:data{data = {path = pictures}, batch = 2}:train(0)", "expected an epoch from 1 to 1000000, got 0"),
        ])
    func mistakes(source: String, message: String) async throws {
        let toy = try ToyPictures(perClass: 2)
        let setup = """
            net = tessera.network('\(toy.folder.file("network.yaml"))')
            pictures = '\(toy.folder.file("pictures/train"))'
            trainer, x = net:trainer{batch = 2}, tessera.tensor{shape = {2, 3, 8, 8}}
            """
        let error = try #require(await NetworkFolder().failure(source, after: setup))
        #expect("\(error)".contains(message), "\(error)")
    }
}
