import TesseraCore

/// The kinds of modules that can be checked, as `tessera plugins check --module KIND/NAME` calls them.
public enum ModuleKind: String, Sendable, CaseIterable {
    case strategy, metric, amount, calibration, transport, codec, layout
    case `operator`
}

/// One module among all.
public struct ModuleID: Sendable, Hashable {
    public var kind: ModuleKind
    public var name: String

    public init(_ kind: ModuleKind, _ name: String) { (self.kind, self.name) = (kind, name) }

    /// - Throws: `invalidArgument` for anything but `KIND/NAME`.
    public init(text: String) throws {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let kind = ModuleKind(rawValue: parts[0]) else {
            let kinds = ModuleKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw TesseraError(
                .invalidArgument, "expected KIND/NAME with a kind of \(kinds), found '\(text)'")
        }
        self.init(kind, parts[1])
    }
}

extension Modules {
    /// The modules of the kinds that can be checked.
    public var checkable: [ModuleID] {
        strategies.names.map { ModuleID(.strategy, $0) } + saliencyMetrics.names.map { ModuleID(.metric, $0) }
            + pruningAmounts.names.map { ModuleID(.amount, $0) } + calibrators.names.map { ModuleID(.calibration, $0) }
            + transports.names.map { ModuleID(.transport, $0) } + weightCodecs.names.map { ModuleID(.codec, $0) }
            + weightLayouts.names.map { ModuleID(.layout, $0) } + operators.names.map { ModuleID(.operator, $0) }
    }

    /// Where a module came from.
    ///
    /// - Throws: `notFound`, with the nearest name.
    public func source(of id: ModuleID) throws -> String {
        switch id.kind {
        case .strategy: try strategies.module(id.name).source
        case .metric: try saliencyMetrics.module(id.name).source
        case .amount: try pruningAmounts.module(id.name).source
        case .calibration: try calibrators.module(id.name).source
        case .transport: try transports.module(id.name).source
        case .codec: try weightCodecs.module(id.name).source
        case .layout: try weightLayouts.module(id.name).source
        case .operator: try operators.module(id.name).source
        }
    }

    /// What a module promises, by its kind.
    ///
    /// - Parameters:
    ///   - options: how it is set up.
    ///   - seed: what random numbers are drawn with.
    /// - Throws: `notFound` if there is no such module, and what it throws of its options.
    public func checks(
        of id: ModuleID, options: Configuration = .empty, seed: UInt64 = 7
    ) throws -> [ConformanceCheck] {
        switch id.kind {
        case .strategy:
            let strategy = try strategies.make(id.name, options)
            return try StrategyConformance(strategy, named: id.name, seed: seed).checks
        case .metric: return try MetricConformance(saliencyMetrics.make(id.name, options), self, seed: seed).checks
        case .amount: return AmountConformance(try pruningAmounts.make(id.name, options), seed: seed).checks
        case .calibration: return CalibratorConformance(try calibrators.make(id.name, options), seed: seed).checks
        case .codec: return CodecConformance(try weightCodecs.make(id.name, options), seed: seed).checks
        case .layout: return LayoutConformance(try weightLayouts.make(id.name, options), seed: seed).checks
        case .operator: return OperatorConformance(try operators.make(id.name, options), seed: seed).checks
        case .transport:
            // What the options do not fit is known before the first check.
            _ = try transports.make(id.name, options)
            return TransportChecks { try transports.make(id.name, options) }.checks
        }
    }
}
