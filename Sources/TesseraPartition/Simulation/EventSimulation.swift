import TesseraCore

/// Discrete events: what ends when, and what starts then.
struct EventSimulation {
    private struct Event: Comparable {
        enum Kind {
            /// A task is over.
            case finished
            /// The sender of a piece is free again, while the piece is still on its way.
            case sent
        }

        let time: Double
        /// In which order events of the same time came to be.
        let sequence: Int
        let kind: Kind
        let job: Int

        static func < (a: Event, b: Event) -> Bool { (a.time, a.sequence) < (b.time, b.sequence) }
    }

    /// A task of one picture that waits for a device. The earliest picture and stage goes first.
    private struct Waiting: Comparable {
        let picture: Int
        let stage: Int
        let job: Int

        static func < (a: Waiting, b: Waiting) -> Bool {
            (a.picture, a.stage, a.job) < (b.picture, b.stage, b.job)
        }
    }

    private let tasks: [PlanTasks.Task]
    private let cluster: ClusterProfile
    private let pictures: Int
    /// By job: picture · tasks + task.
    private var waits: [Int]
    private var events = PriorityQueue<Event>()
    private var sequence = 0
    // By endpoint.
    private var toCompute: [PriorityQueue<Waiting>]
    private var toSend: [PriorityQueue<Waiting>]
    private var isComputing: [Bool]
    private var isSending: [Bool]
    /// From when on something more can be received.
    private var receivesFrom: [Double]

    private var intervals: [Simulation.Interval] = []
    private var finishTimes: [Double]
    private var byteCount = 0

    init(_ tasks: [PlanTasks.Task], cluster: ClusterProfile, pictures: Int) {
        (self.tasks, self.cluster, self.pictures) = (tasks, cluster, pictures)
        waits = (0..<pictures).flatMap { _ in tasks.map(\.waits) }
        let count = cluster.endpointCount
        toCompute = Array(repeating: PriorityQueue(), count: count)
        toSend = Array(repeating: PriorityQueue(), count: count)
        isComputing = Array(repeating: false, count: count)
        isSending = Array(repeating: false, count: count)
        receivesFrom = Array(repeating: 0, count: count)
        finishTimes = Array(repeating: 0, count: pictures)
    }

    mutating func run() throws -> Simulation {
        var touched = Set<Int>()
        for job in waits.indices where waits[job] == 0 { touched.insert(enqueue(job)) }
        start(at: 0, touched)
        while let time = events.first?.time {
            try Deadline.check()
            touched.removeAll(keepingCapacity: true)
            // All that ends now, before anything starts: what goes first must not depend on which of them came first.
            while let event = events.first, event.time == time {
                _ = events.popFirst()
                touched.formUnion(settle(event))
            }
            start(at: time, touched)
        }
        return Simulation(intervals: intervals, finishTimes: finishTimes, byteCount: byteCount)
    }

    /// Lets a job that waits for no other queue for its device.
    private mutating func enqueue(_ job: Int) -> Int {
        let task = tasks[job % tasks.count]
        let waiting = Waiting(picture: job / tasks.count, stage: task.stage, job: job)
        switch task.work {
        case .compute(let endpoint, _):
            toCompute[endpoint].insert(waiting)
            return endpoint
        case .transfer(let source, _, _):
            toSend[source].insert(waiting)
            return source
        }
    }

    /// What an event leads to.
    ///
    /// - Returns: the devices that may start something now.
    private mutating func settle(_ event: Event) -> [Int] {
        let (picture, index) = event.job.quotientAndRemainder(dividingBy: tasks.count)
        let task = tasks[index]
        var touched: [Int] = []
        switch (event.kind, task.work) {
        case (.sent, .transfer(let source, _, _)):
            isSending[source] = false
            return [source]
        case (.finished, .compute(let endpoint, _)):
            isComputing[endpoint] = false
            touched.append(endpoint)
        default: break
        }
        for next in task.next {
            let job = picture * tasks.count + next
            waits[job] -= 1
            if waits[job] == 0 { touched.append(enqueue(job)) }
        }
        if task.next.isEmpty { finishTimes[picture] = max(finishTimes[picture], event.time) }
        return touched
    }

    private mutating func start(at time: Double, _ endpoints: Set<Int>) {
        // In order, so that the same plan always runs the same.
        for endpoint in endpoints.sorted() {
            if !isComputing[endpoint], let waiting = toCompute[endpoint].popFirst() { compute(waiting, at: time) }
            if !isSending[endpoint], let waiting = toSend[endpoint].popFirst() { send(waiting, at: time) }
        }
    }

    private mutating func compute(_ waiting: Waiting, at time: Double) {
        guard case .compute(let endpoint, let seconds) = tasks[waiting.job % tasks.count].work else { return }
        isComputing[endpoint] = true
        note(.compute, endpoint, time, time + seconds, waiting)
        schedule(.finished, waiting.job, at: time + seconds)
    }

    private mutating func send(_ waiting: Waiting, at time: Double) {
        guard case .transfer(let source, let destination, let bytes) = tasks[waiting.job % tasks.count].work else {
            return
        }
        let link = cluster.link(between: source, and: destination)
        let seconds = link.seconds(for: bytes)
        let arrival = max(time + link.latency, receivesFrom[destination])
        isSending[source] = true
        receivesFrom[destination] = arrival + seconds
        byteCount = Shape.saturatingSum(byteCount, bytes)
        note(.send, source, time, time + seconds, waiting)
        note(.receive, destination, arrival, arrival + seconds, waiting)
        schedule(.sent, waiting.job, at: time + seconds)
        schedule(.finished, waiting.job, at: arrival + seconds)
    }

    private mutating func schedule(_ kind: Event.Kind, _ job: Int, at time: Double) {
        events.insert(Event(time: time, sequence: sequence, kind: kind, job: job))
        sequence += 1
    }

    private mutating func note(
        _ activity: Simulation.Activity, _ endpoint: Int, _ start: Double, _ end: Double, _ waiting: Waiting
    ) {
        intervals.append(
            Simulation.Interval(
                endpoint: endpoint, activity: activity, start: start, end: end, picture: waiting.picture,
                stage: waiting.stage))
    }
}
