import Synchronization
import TesseraCore

/// The weights of folded layers: computed when they are first asked for, in binary64, and rounded once.
final class FoldedWeights: Sendable {
    /// How the weights of one layer come about.
    struct Recipe: Sendable {
        var layout: WeightLayout
        /// The parameter that is scaled.
        var parameter: String
        /// The factor of each channel.
        var scale: [Double]
        /// The bias of each channel.
        var shift: [Double]
        /// The weights before folding; nil for what the network's own source gives.
        var weight: Tensor?
    }

    let recipes: [String: Recipe]
    private let computed = Mutex<[String: Tensor]>([:])

    /// - Parameter recipes: those of all folded layers, by their paths.
    init(_ recipes: [String: Recipe]) { self.recipes = recipes }

    /// What was computed so far, by name.
    var loaded: [String: Tensor] { computed.withLock { $0 } }

    /// A weight of a folded layer, the same tensor each time; nil for another layer's.
    ///
    /// - Parameter store: gives what the layers have before folding.
    func tensor(for specification: ParameterSpecification, of layer: String, from store: WeightStore) throws -> Tensor?
    {
        guard let recipe = recipes[layer], [recipe.parameter, "bias"].contains(specification.name) else { return nil }
        let name = "\(layer).\(specification.name)"
        return try computed.withLock { computed in
            if let tensor = computed[name], tensor.shape == specification.shape { return tensor }
            let tensor = try recipe.tensor(for: specification, of: layer, from: store)
            computed[name] = tensor
            return tensor
        }
    }

    /// All weights of all folded layers, by name.
    ///
    /// - Parameter store: must be one whose weights have a shape of their own, rather than being drawn.
    func tensors(from store: WeightStore) throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for (layer, recipe) in recipes {
            let shape = try recipe.weight?.shape ?? store.stored("\(layer).\(recipe.parameter)")?.shape ?? []
            for specification in [
                ParameterSpecification(recipe.parameter, shape, .weight(fanIn: 1)),
                ParameterSpecification("bias", [recipe.shift.count], .bias),
            ] {
                tensors["\(layer).\(specification.name)"] = try tensor(for: specification, of: layer, from: store)
            }
        }
        return tensors
    }
}

extension FoldedWeights.Recipe {
    fileprivate func tensor(
        for specification: ParameterSpecification, of layer: String, from store: WeightStore
    ) throws -> Tensor {
        guard specification.name == parameter else { return try Tensor(shift.map(Float.init), shape: [shift.count]) }
        let weight = try weight ?? store.tensor(for: specification, of: layer)
        return try layout.scaled(weight, by: scale)
    }
}
