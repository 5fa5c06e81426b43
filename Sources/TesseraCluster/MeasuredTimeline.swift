import TesseraPartition

/// What the devices of a cluster did when in inferences that ran: what a simulation foretells, measured.
///
/// Every device notes times by its own clock, which is brought onto the leader's. What is sent ends when the transport has taken it.
/// What is received begins when its sender began to send it, or when the device had received what came before, whichever is later.
public struct MeasuredTimeline: Sendable {
    /// What one device noted.
    struct Record {
        let device: Int
        let clock: ClockOffset
        let work: [TimedWork]
    }

    /// Work on the leader's clock.
    private struct Aligned {
        let device: Int
        var start: Int64
        let end: Int64
        let work: TimedWork
    }

    /// Tells apart what moves in an inference.
    private struct Route: Hashable {
        let inference: Int
        let stage: Int
        let tile: Int
        let source: Int
        let target: Int
    }

    /// What the devices are called: the nodes in the order of the plan, then the leader if it is none of them.
    public let devices: [String]
    public let leader: Int
    /// By device, the seconds by which its times may be off at most.
    public let clockBounds: [Double]
    /// The numbers of the inferences that are over, in order.
    public let inferences: [Int]
    /// Whether nothing was left out for being too much.
    public let isComplete: Bool
    private let times: [Int: Range<Int64>]
    private let work: [Aligned]

    init(
        peers: [PeerID], leader: PeerID, records: [Record], inferences: [Int: Range<Int64>], isComplete: Bool = true
    ) {
        let leaderNode = peers.firstIndex(of: leader)
        devices = peers.map { $0 == leader ? "\($0) (leader)" : $0.name } + (leaderNode == nil ? ["leader"] : [])
        self.leader = leaderNode ?? peers.count
        var bounds = [Double](repeating: 0, count: devices.count)
        for record in records { bounds[record.device] = max(bounds[record.device], Double(record.clock.bound) / 1e9) }
        clockBounds = bounds
        self.inferences = inferences.keys.sorted()
        self.isComplete = isComplete
        times = inferences
        let places = Dictionary(uniqueKeysWithValues: peers.enumerated().map { ($1, $0) })
            .merging([leader: self.leader]) { first, _ in first }
        work = Self.joined(
            records.flatMap { record in
                record.work.map {
                    Aligned(
                        device: record.device, start: $0.start &- record.clock.nanoseconds,
                        end: $0.end &- record.clock.nanoseconds, work: $0)
                }
            }, places)
    }

    /// Lets what is received begin when it was sent.
    private static func joined(_ work: [Aligned], _ places: [PeerID: Int]) -> [Aligned] {
        let (received, others) = (
            work.filter { $0.work.activity == .receive }, work.filter { $0.work.activity != .receive }
        )
        func route(_ aligned: Aligned) -> Route? {
            guard let other = aligned.work.peer.flatMap({ places[$0] }) else { return nil }
            let (source, target) =
                aligned.work.activity == .send ? (aligned.device, other) : (other, aligned.device)
            return Route(
                inference: aligned.work.inference, stage: aligned.work.stage, tile: aligned.work.tile, source: source,
                target: target)
        }
        // Between two devices messages keep their order.
        var sent = Dictionary(grouping: others.sorted { $0.start < $1.start }, by: route).mapValues {
            $0.map(\.start)[...]
        }
        var latest: [Int: Int64] = [:]
        let joined = received.sorted { $0.end < $1.end }.map { arrival in
            var arrival = arrival
            let start = sent[route(arrival)]?.popFirst() ?? arrival.end
            arrival.start = min(arrival.end, max(start, latest[arrival.device] ?? start))
            latest[arrival.device] = arrival.end
            return arrival
        }
        return others + joined
    }

    /// Some of the inferences, or all, from when the first of them began.
    public func timeline(of wanted: [Int]? = nil) -> Timeline {
        let wanted = (wanted ?? inferences).filter { times[$0] != nil }
        let pictures = Dictionary(wanted.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let origin = wanted.compactMap { times[$0]?.lowerBound }.min() ?? 0
        func seconds(_ time: Int64) -> Double { Double(time &- origin) / 1e9 }
        let shown = work.filter { pictures[$0.work.inference] != nil }
        return Timeline(
            devices: devices, leader: leader,
            intervals: shown.compactMap { aligned in
                pictures[aligned.work.inference].map {
                    Simulation.Interval(
                        endpoint: aligned.device, activity: aligned.work.activity, start: seconds(aligned.start),
                        end: seconds(aligned.end), picture: $0, stage: aligned.work.stage)
                }
            },
            finishTimes: wanted.compactMap { times[$0].map { seconds($0.upperBound) } },
            byteCount: shown.reduce(0) { $1.work.activity == .send ? $0 &+ $1.work.byteCount : $0 },
            remark: "measured, clocks within \(Self.digits((clockBounds.max() ?? 0) * 1e3)) ms of the leader's")
    }

    /// Rounded up, so that it remains a bound.
    private static func digits(_ milliseconds: Double) -> String {
        String((milliseconds * 1000).rounded(.up) / 1000)
    }
}
