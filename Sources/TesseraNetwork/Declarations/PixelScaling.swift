import TesseraCore

/// How a pixel's 0…255 becomes the number a network sees: `x = (pixel * scale - mean) / deviation`, channel by channel.
public struct PixelScaling: Sendable, Hashable {
    /// Nil for what the number of channels suggests: grey for one, RGB for three.
    public var order: ChannelOrder?
    public var scale = Fraction(1, over: 255)
    /// One for all channels, or one for each, in the network's order.
    public var mean: [Fraction] = [0]
    public var deviation: [Fraction] = [1]

    public init() {}

    /// The tensor of a picture, its colours converted if need be.
    ///
    /// - Parameter channels: the channels the network expects; nil to take the picture's.
    /// - Throws: `shapeMismatch` if the channels, the order and the lists do not fit.
    func tensor(of picture: Picture, channels: Int?, layout: PictureLayout) throws -> Tensor {
        let order = try order(for: channels ?? order?.channels ?? picture.channels)
        let picture = order == .grey ? try picture.grey() : try picture.rgb()
        let tables = try (0..<order.channels).map { channel in
            try table(of: channel, among: order.channels)
        }
        let area = picture.width * picture.height
        let steps = Steps(layout, channels: order.channels, area: area)
        let shape: Shape =
            layout == .nchw
            ? [1, order.channels, picture.height, picture.width] : [1, picture.height, picture.width, order.channels]
        var tensor = try Tensor(zeros: shape)
        try tensor.withMutableFloats { floats in
            picture.pixels.withUnsafeBufferPointer { pixels in
                for channel in 0..<order.channels {
                    let source = order == .bgr ? 2 - channel : channel
                    tables[channel].withUnsafeBufferPointer { table in
                        for index in 0..<area {
                            floats[channel * steps.channel + index * steps.pixel] =
                                table[Int(pixels[index * order.channels + source])]
                        }
                    }
                }
            }
        }
        return tensor
    }

    /// The picture that a tensor of 1 or 3 channels shows: `pixel = (x * deviation + mean) / scale`, rounded,
    /// within 0…255; what is not a number is black.
    ///
    /// - Throws: `shapeMismatch` for another shape.
    func picture(of tensor: Tensor, layout: PictureLayout = .nchw) throws -> Picture {
        var shape = tensor.shape
        if shape.rank == 4, layout == .nhwc { shape = [shape[0], shape[3], shape[1], shape[2]] }
        guard shape.rank == 4, shape[0] == 1, shape[1] == 1 || shape[1] == 3 else {
            let expected = layout == .nchw ? "1x1xHxW or 1x3xHxW" : "1xHxWx1 or 1xHxWx3"
            throw TesseraError(
                .shapeMismatch, "expected a tensor of \(expected) to make a picture of, found \(tensor.shape)")
        }
        let order = try order(for: shape[1])
        let area = shape[2] * shape[3]
        let steps = Steps(layout, channels: shape[1], area: area)
        var pixels = [UInt8](repeating: 0, count: tensor.elementCount)
        try tensor.convertedToF32().withFloats { floats in
            for channel in 0..<shape[1] {
                let target = order == .bgr ? 2 - channel : channel
                let (mean, deviation) = try statistics(of: channel, among: shape[1])
                for index in 0..<area {
                    let value =
                        (Double(floats[channel * steps.channel + index * steps.pixel]) * deviation + mean) / scale.value
                    let rounded = value.rounded()
                    pixels[index * shape[1] + target] = rounded >= 255 ? 255 : rounded > 0 ? UInt8(rounded) : 0
                }
            }
        }
        return try Picture(width: shape[3], height: shape[2], channels: shape[1], pixels: pixels)
    }

    /// What each byte of a channel becomes.
    func table(of channel: Int, among channels: Int) throws -> [Float] {
        let (mean, deviation) = try statistics(of: channel, among: channels)
        return (0...255).map { Float((Double($0) * scale.value - mean) / deviation) }
    }

    /// How far apart neighbouring channels and pixels are in a tensor.
    private struct Steps {
        let channel: Int
        let pixel: Int

        init(_ layout: PictureLayout, channels: Int, area: Int) {
            (channel, pixel) = layout == .nchw ? (area, 1) : (1, channels)
        }
    }

    /// Checks what the keys say together.
    func validate() throws {
        guard scale.value != 0 else {
            throw TesseraError(.invalidArgument, "expected a scale other than 0", path: "scale")
        }
        guard deviation.allSatisfy({ $0.value != 0 }) else {
            throw TesseraError(.invalidArgument, "expected deviations other than 0", path: "deviation")
        }
        if let order {
            for channel in 0..<order.channels { _ = try statistics(of: channel, among: order.channels) }
        }
    }

    /// Throws `shapeMismatch` if a picture cannot have that many channels under the declared order.
    func order(for channels: Int) throws -> ChannelOrder {
        let order = order ?? (channels == 1 ? .grey : .rgb)
        guard order.channels == channels else {
            let expected =
                self.order.map { "\($0.channels) channels for the order \($0)" } ?? "1 or 3 channels of a picture"
            throw TesseraError(.shapeMismatch, "expected \(expected), found \(channels)")
        }
        return order
    }

    private func statistics(of channel: Int, among channels: Int) throws -> (mean: Double, deviation: Double) {
        func pick(_ values: [Fraction], _ name: String) throws -> Double {
            guard values.count == 1 || values.count == channels else {
                throw TesseraError(
                    .shapeMismatch, "expected 1 or \(channels) values, found \(values.count)", path: name)
            }
            return values[values.count == 1 ? 0 : channel].value
        }
        return (try pick(mean, "mean"), try pick(deviation, "deviation"))
    }
}
