import TesseraCore

/// Neighbouring blocks of numbers, each brought to a mean of 0 and a variance of 1:
/// (x - mean) · inverse deviation, with the inverse deviation 1 / √(variance + epsilon).
struct Standardization {
    var values: [Double]
    /// Of each block.
    var means: [Double] = []
    var inverseDeviations: [Double] = []

    init(_ values: [Double], block: Int, epsilon: Double) {
        self.values = values
        guard block > 0 else { return }
        for start in stride(from: 0, to: values.count, by: block) {
            let range = start..<start + block
            let mean = values[range].reduce(0, +) / Double(block)
            let variance = values[range].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(block)
            let inverse = 1 / (variance + epsilon).squareRoot()
            for index in range { self.values[index] = (values[index] - mean) * inverse }
            means.append(mean)
            inverseDeviations.append(inverse)
        }
    }
}

/// What normalizations with learned factors share.
protocol AffineNormalization: Operator {
    var epsilon: Double { get }
}

extension AffineNormalization {
    func requireEpsilon() throws {
        guard epsilon >= 0, epsilon.isFinite else {
            throw TesseraError(.invalidArgument, "expected 'epsilon' of at least 0, found \(epsilon)")
        }
    }

    /// A parameter's elements.
    ///
    /// - Throws: `notFound` if it is missing.
    func values(_ name: String, _ parameters: [String: Tensor]) throws -> [Double] {
        guard let tensor = parameters[name] else {
            throw TesseraError(.notFound, "'\(Self.name)' misses its \(name)")
        }
        return tensor.reals()
    }

    /// Multiplies every channel of a tensor [batch, channels, …] by its weight and adds its bias.
    func scaleChannels(_ x: inout [Double], _ shape: Shape, _ parameters: [String: Tensor]) throws {
        let (weight, bias) = (try values("weight", parameters), try values("bias", parameters))
        let (channels, pixels) = (shape[1], shape.spatial.reduce(1, *))
        guard pixels > 0 else { return }
        for block in 0..<x.count / pixels {
            let channel = block % channels
            for index in block * pixels..<(block + 1) * pixels { x[index] = x[index] * weight[channel] + bias[channel] }
        }
    }

    /// A weight that came without the bias, or the other way round, is completed by one that changes nothing.
    func completed(_ resolution: Resolution) throws -> Resolution {
        guard case .layer(let op, let inputs, var parameters) = resolution else { return resolution }
        if let weight = parameters["weight"], parameters["bias"] == nil {
            parameters["bias"] = try Tensor(zeros: weight.shape, elementType: weight.elementType)
        } else if let bias = parameters["bias"], parameters["weight"] == nil {
            let ones = [Double](repeating: 1, count: bias.elementCount)
            parameters["weight"] = try Tensor(reals: ones, shape: bias.shape, elementType: bias.elementType)
        }
        return .layer(op, inputs: inputs, parameters: parameters)
    }
}
