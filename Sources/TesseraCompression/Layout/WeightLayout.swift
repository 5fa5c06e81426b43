import TesseraCore

/// The order in which the numbers of a layer become samples: as an image, as frames of a video, or one after the other.
///
/// A layout is deterministic: a geometry always has the same frames, since decoding asks again. It may be used by several threads at once.
public protocol WeightLayout: Sendable {
    /// The frames of a layer.
    ///
    /// - Parameter geometry: of at least one weight.
    /// - Throws: `limitExceeded` for a layer that is too large for the layout.
    func frames(of geometry: WeightGeometry) throws -> FrameLayout
}

extension Registry where Product == any WeightLayout {
    /// Every weight layout that Tessera has.
    public static var builtin: Registry<any WeightLayout> {
        Registry(
            kind: "weight layout",
            [
                Module(BlockLayout.self, name: BlockLayout.name, summary: BlockLayout.summary) { $0 },
                Module(ImageLayout.self, name: ImageLayout.name, summary: ImageLayout.summary) { $0 },
                Module(SequenceLayout.self, name: SequenceLayout.name, summary: SequenceLayout.summary) { $0 },
            ])
    }
}
