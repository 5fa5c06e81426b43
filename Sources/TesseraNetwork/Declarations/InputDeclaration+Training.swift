import TesseraCore

/// What training needs of an input: pictures as bytes of one size, and the numbers that bytes become.
extension InputDeclaration {
    /// A picture in the size and the channels of the input.
    ///
    /// - Throws: `shapeMismatch` if it has another size and is not to be resized.
    package func fitted(_ picture: Picture, channels: Int, height: Int, width: Int) throws -> Picture {
        guard layout == .nchw else {
            throw TesseraError(.notSupported, "training takes inputs of [batch, channels, height, width]")
        }
        return try coloured(fitting.fit(picture, height: height, width: width), channels: channels)
    }

    /// A picture in the channels of the input.
    package func coloured(_ picture: Picture, channels: Int) throws -> Picture {
        try scaling.order(for: channels) == .grey ? picture.grey() : picture.rgb()
    }

    /// For each channel of the network, which channel of a picture it is, and what each byte becomes.
    package func pixelTables(channels: Int) throws -> [(source: Int, values: [Float])] {
        let order = try scaling.order(for: channels)
        return try (0..<channels).map { channel in
            (order == .bgr ? 2 - channel : channel, try scaling.table(of: channel, among: channels))
        }
    }
}
