import Foundation
import TesseraCore
import Testing

@Suite struct DeadlineTests {
    @Test func thereIsNoneUntilSomebodyGivesOne() throws {
        #expect(Deadline.current == nil)
        try Deadline.check()
        Deadline.hold(until: nil) { #expect(Deadline.current == nil) }
    }

    @Test func theEarlierOneCounts() {
        let now = ContinuousClock.now
        Deadline.hold(until: now + .seconds(5)) {
            Deadline.hold(until: now + .seconds(9)) { #expect(Deadline.current == now + .seconds(5)) }
            Deadline.hold(until: now + .seconds(2)) { #expect(Deadline.current == now + .seconds(2)) }
            Deadline.hold(until: nil) { #expect(Deadline.current == now + .seconds(5)) }
        }
        #expect(Deadline.current == nil)
    }

    @Test func workAfterItIsRefused() throws {
        try Deadline.hold(until: .now + .seconds(1000)) { try Deadline.check() }
        let error = #expect(throws: TesseraError.self) {
            try Deadline.hold(until: .now - .seconds(1)) { try Deadline.check() }
        }
        #expect(error?.code == .limitExceeded)
    }

    @Test func interruptedWorkIsRefused() throws {
        let interruption = Interruption()
        try Deadline.hold(until: nil, or: interruption) {
            let watch = Deadline.Watch()
            try Deadline.check()
            try watch.check()
            interruption.request()
            #expect(throws: TesseraError.self) { try Deadline.check() }
            #expect(throws: TesseraError.self) { try watch.check() }
            try Deadline.lift { try Deadline.check() }
            interruption.withdraw()
            try Deadline.check()
        }
        interruption.request()
        try Deadline.check()
    }

    @Test func aWatchKeepsTheDeadlineThatHeldWhenItBegan() throws {
        try Deadline.Watch().check()
        for late in [.seconds(-1), .nanoseconds(-1), .seconds(-1e15)] as [Duration] {
            let watch = Deadline.hold(until: .now + late) { Deadline.Watch() }
            let error = #expect(throws: TesseraError.self) { try watch.check() }
            #expect(error?.code == .limitExceeded)
        }
        for early in [.seconds(1000), .seconds(1e15)] as [Duration] {
            try Deadline.hold(until: .now + early) { Deadline.Watch() }.check()
        }
        let watch = Deadline.hold(until: .now + .milliseconds(20)) { Deadline.Watch() }
        Thread.sleep(forTimeInterval: 0.03)
        #expect(throws: TesseraError.self) { try watch.check() }
    }
}
