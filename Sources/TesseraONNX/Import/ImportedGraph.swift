import TesseraCore

/// What an ONNX model says in terms of Tessera's layers: the operators are named, not made.
package struct ImportedGraph: Sendable {
    /// A tensor that is given when the network runs.
    package struct Input: Sendable {
        package let name: String
        package let elementType: ElementType
        package let shape: SymbolicShape
    }

    /// One layer as a network file would declare it.
    package struct Layer: Sendable {
        /// The operator's name in the catalogue.
        package let type: String
        /// Unique in the network.
        package let name: String
        /// The operator's keys, and `inputs:` if the inputs are not simply the first that it takes.
        package let configuration: Configuration
        /// The values it reads: names of graph inputs or of other layers' outputs.
        package let inputs: [String]
        /// The values it makes: its own name, then NAME.OUTPUT for each further one.
        package let outputs: [String]
        /// Its weights by parameter name.
        package let parameters: [String: Tensor]
    }

    /// A result of the network.
    package struct Output: Sendable {
        package let name: String
        /// The value that it shows.
        package let value: String
    }

    package let name: String
    package let inputs: [Input]
    /// Every layer after those that it reads.
    package let layers: [Layer]
    package let outputs: [Output]
}
