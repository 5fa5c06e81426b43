import TesseraCore

extension CompressedWeightIndex {
    /// The layout of a layer: one that is built in by what it is, any other by its name and options, from which whoever decodes makes it
    /// anew.
    public enum Layout: Sendable, Equatable, Codable {
        case image
        case blocks(WeightBlock)
        case sequence
        case registered(name: String, options: Configuration)

        /// That of a layout which was made of a name and options.
        init(_ layout: any WeightLayout, name: String, options: Configuration) {
            switch layout {
            case is ImageLayout: self = .image
            case let blocks as BlockLayout: self = .blocks(blocks.block)
            case is SequenceLayout: self = .sequence
            default: self = .registered(name: name, options: options)
            }
        }

        public var name: String {
            switch self {
            case .image: ImageLayout.name
            case .blocks: BlockLayout.name
            case .sequence: SequenceLayout.name
            case .registered(let name, _): name
            }
        }

        /// Whether it is none of those that are built in.
        public var isRegistered: Bool {
            if case .registered = self { true } else { false }
        }

        /// Where errors of it are.
        func path(layer: String) -> String { "\(layer): weight layout '\(name)'" }

        /// The frames of a layer.
        ///
        /// - Throws: `notFound` for a layout that is not there, and what is wrong with the frames.
        func frames(
            of geometry: WeightGeometry, by layouts: Registry<any WeightLayout>, layer: String
        ) throws -> FrameLayout {
            switch self {
            case .image: return try ImageLayout().frames(of: geometry)
            case .blocks(let block): return try BlockLayout(block).frames(of: geometry)
            case .sequence: return try SequenceLayout().frames(of: geometry)
            case .registered(let name, let options):
                return try locatingErrors(path: path(layer: layer)) {
                    guard layouts.names.contains(name) else {
                        throw TesseraError(.notFound, "expected a plugin that registers it, found none")
                    }
                    // A geometry that is too large is refused before anything is made for it.
                    try FrameLayout.checkList(weights: geometry.count)
                    return try frames(of: geometry, by: layouts.make(name, options), layer: layer)
                }
            }
        }

        /// The frames of a layer by a layout that was made already. One that is not built in is asked for nothing that it could not list,
        /// and what it gives is checked.
        func frames(of geometry: WeightGeometry, by layout: any WeightLayout, layer: String) throws -> FrameLayout {
            guard isRegistered else { return try layout.frames(of: geometry) }
            return try locatingErrors(path: path(layer: layer)) {
                try FrameLayout.checkList(weights: geometry.count)
                guard geometry.count > 0 else { return try FrameLayout(sequenceOf: geometry) }
                let frames = try layout.frames(of: geometry)
                guard frames.geometry == geometry else {
                    throw TesseraError(
                        .invalidArgument, "expected frames of \(geometry.count) weights, found those of another layer")
                }
                return frames
            }
        }
    }
}
