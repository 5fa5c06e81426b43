import Foundation
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct WeightTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func load(_ weights: String, layers: String = "- conv: {name: c, channels: 2, kernel: 3, padding: same}")
        throws -> Network
    {
        let text = """
            tessera: 1
            inputs: {image: {shape: [1, 1, h, w]}}
            weights: \(weights)
            layers:
            \(layers)
            outputs: [c]
            """
        return try NetworkLoader(operators: .builtin).load(text: text, file: folder.file("n.yaml"))
    }

    private let shapes = ["image": Shape([1, 1, 4, 4])]

    @Test func weightsComeFromTheFileBesideTheNetwork() throws {
        let weight = try Tensor((0..<18).map(Float.init), shape: [2, 1, 3, 3])
        let bias = try Tensor([1, 2], shape: [2])
        try SafetensorsFile.write(["c.weight": weight, "c.bias": bias], to: folder.file("w.safetensors"))
        let bound = try load("w.safetensors").bound(inputs: shapes)
        #expect(bound.parameters == [["weight": weight, "bias": bias]])
    }

    @Test func sixteenBitWeightsBecomeF32() throws {
        var weight = try Tensor(zeros: [2, 1, 3, 3], elementType: .bf16)
        weight.withUnsafeMutableBytes { $0.storeBytes(of: 0xC020, as: UInt16.self) }
        let bias = try Tensor(zeros: [2], elementType: .f16)
        try SafetensorsFile.write(["c.weight": weight, "c.bias": bias], to: folder.file("w.safetensors"))
        let bound = try load("w.safetensors").bound(inputs: shapes)
        #expect(try bound.parameters[0]["weight"]?.floats().first == -2.5)
    }

    @Test func aMissingWeightNamesTheLayerTheFileAndTheNearestName() throws {
        try SafetensorsFile.write(["c.wieght": try Tensor(zeros: [2, 1, 3, 3])], to: folder.file("w.safetensors"))
        expectError(
            .notFound, "n.yaml:5:3: c: ", "w.safetensors' has no tensor 'c.weight', did you mean 'c.wieght'?"
        ) { try load("w.safetensors").bound(inputs: shapes) }
    }

    @Test func allWeightsThatAreMissingOrMisshapenAreNamedAtOnce() throws {
        try SafetensorsFile.write(
            ["c.weight": try Tensor(zeros: [2, 1, 5, 5]), "d.bias": try Tensor(zeros: [2])],
            to: folder.file("w.safetensors"))
        let layers = "- conv: {name: c, channels: 2, kernel: 3}\n- conv: {name: d, channels: 2, kernel: 1}"
        expectError(
            .shapeMismatch, "n.yaml:5:3: c: expected c.weight of shape 2x1x3x3, found 2x1x5x5",
            "n.yaml:5:3: c: '\(folder.file("w.safetensors"))' has no tensor 'c.bias'",
            "n.yaml:6:3: d: '\(folder.file("w.safetensors"))' has no tensor 'd.weight'"
        ) { try load("w.safetensors", layers: layers).bound(inputs: shapes) }
    }

    @Test func aMisshapenWeightSaysWhatWasExpected() throws {
        try SafetensorsFile.write(
            ["c.weight": try Tensor(zeros: [2, 1, 5, 5]), "c.bias": try Tensor(zeros: [2])],
            to: folder.file("w.safetensors"))
        expectError(.shapeMismatch, "n.yaml:5:3: c: expected c.weight of shape 2x1x3x3, found 2x1x5x5") {
            try load("w.safetensors").bound(inputs: shapes)
        }
    }

    @Test func aMissingFileNamesTheLayerThatWantedIt() throws {
        expectError(.inputOutput, "n.yaml:5:3: c: cannot open", "none.safetensors", "No such file") {
            try load("none.safetensors").bound(inputs: shapes)
        }
    }

    @Test func aNetworkWithoutWeightsSaysSo() throws {
        expectError(.notFound, "the network names no weights") {
            try load("~").replacingWeights(.none).bound(inputs: shapes)
        }
    }

    @Test func theCallerCanGiveOtherWeights() throws {
        let tensors = ["c.weight": try Tensor(zeros: [2, 1, 3, 3]), "c.bias": try Tensor(zeros: [2])]
        let bound = try load("{random: 1}").replacingWeights(.tensors(tensors)).bound(inputs: shapes)
        #expect(
            bound.parameters[0] == ["weight": tensors["c.weight"], "bias": tensors["c.bias"]].compactMapValues { $0 })
    }

    @Test func randomWeightsDependOnSeedAndNameAlone() throws {
        let specification = ParameterSpecification("weight", [64, 64, 3, 3], .weight(fanIn: 576))
        let a = try RandomWeights.tensor(specification, named: "a.weight", seed: 7)
        #expect(try a == RandomWeights.tensor(specification, named: "a.weight", seed: 7))
        #expect(try a != RandomWeights.tensor(specification, named: "b.weight", seed: 7))
        #expect(try a != RandomWeights.tensor(specification, named: "a.weight", seed: 8))
        let swapped = try load(
            "{random: 3}", layers: "- relu: {name: r}\n- conv: {name: c, channels: 2, kernel: 3, padding: same}")
        let plain = try load("{random: 3}")
        #expect(try swapped.bound(inputs: shapes).parameters[1] == plain.bound(inputs: shapes).parameters[0])
    }

    @Test func randomWeightsHaveTheMomentsTheirRoleAsksFor() throws {
        func moments(_ role: ParameterSpecification.Role) throws -> (
            mean: Float, deviation: Float, range: ClosedRange<Float>
        ) {
            let specification = ParameterSpecification("p", [100_000], role)
            let values = try RandomWeights.tensor(specification, named: "l.p", seed: 1).floats()
            let mean = values.reduce(0, +) / Float(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(values.count)
            return (mean, variance.squareRoot(), (values.min() ?? 0)...(values.max() ?? 0))
        }
        let weight = try moments(.weight(fanIn: 50))
        #expect(abs(weight.mean) < 0.003 && abs(weight.deviation - 0.2) < 0.003)
        let scale = try moments(.scale)
        #expect(scale.range.lowerBound >= 0.9 && scale.range.upperBound <= 1.1 && abs(scale.mean - 1) < 0.002)
        let variance = try moments(.variance)
        #expect(variance.range.lowerBound >= 0.5 && variance.range.upperBound <= 1.5)
        #expect(try moments(.bias).deviation < 0.02 && moments(.mean).deviation < 0.02)
    }
}
