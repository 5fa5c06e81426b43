import Foundation
import Tessera
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
            local batch = {input = x, classes = {0, 1, 2, 1}}
            local before = trainer:weight('linear.bias')
            local loss, right = trainer:gradients(batch)
            local unchanged = trainer:weight('linear.bias') == before
            local gradient = trainer:gradient('linear.bias')
            for step = 1, 60 do trainer:step(batch) end
            local last, all = trainer:step{input = x, classes = {0, 1, 2, 1}, rate = 0.01}
            local ok, message = pcall(trainer.weight, trainer, 'linear.bais')
            return unchanged, last < loss / 2, all == 4, gradient:shape()[1] == 3,
              trainer:network():run{image = x, fold = false} ~= net:run(x), not ok and message:find("linear.bias") ~= nil
            """)
        #expect(results.values == [true, true, true, true, true, true])
    }
}
