import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

/// Packets 0, 1, 2 … of which some arrive, and what a receiver makes of them.
private struct Arrivals {
    var monitor = LossMonitor()
    private var window = ReplayWindow()
    private var number: UInt64 = 0
    private(set) var reports: [LossReport] = []

    mutating func next(arrives: Bool) {
        if arrives { receive(number) }
        number += 1
    }

    mutating func receive(_ number: UInt64) {
        window.insert(number)
        monitor.record(number, window)
        if let report = monitor.takeReport() { reports.append(report) }
    }

    mutating func skip() -> UInt64 {
        number += 1
        return number - 1
    }
}

@Suite("Loss monitor")
struct LossMonitorTests {
    @Test("a path without losses is not worth a word")
    func clean() {
        var arrivals = Arrivals()
        for _ in 0..<1000 { arrivals.next(arrives: true) }
        #expect(arrivals.reports.isEmpty)
        #expect(arrivals.monitor.loss < 0.01)
    }

    @Test("independent losses are seen as such", arguments: [0.05, 0.2, 0.4], 1...5 as ClosedRange<UInt64>)
    func independent(loss: Double, seed: UInt64) {
        let random = RandomSource.seeded(seed)
        var arrivals = Arrivals()
        var seen = 0.0
        var repeated = 0.0
        for index in 0..<4000 {
            arrivals.next(arrives: random.uniform() >= loss)
            guard index >= 200 else { continue }
            seen += arrivals.monitor.loss / 3800
            repeated += arrivals.monitor.repeatedLoss / 3800
        }
        #expect(abs(seen - loss) < 0.03, "\(seen), seed \(seed)")
        #expect(abs(repeated - loss) < 0.08, "\(repeated), seed \(seed)")
    }

    @Test("bursts are told apart from independent losses", arguments: 1...5 as ClosedRange<UInt64>)
    func bursts(seed: UInt64) {
        let random = RandomSource.seeded(seed)
        var arrivals = Arrivals()
        var isBad = false
        var isBursty = 0
        for index in 0..<4000 {
            let arrives = random.uniform() >= (isBad ? 0.9 : 0.01)
            if random.uniform() < (isBad ? 0.2 : 0.04) { isBad.toggle() }
            arrivals.next(arrives: arrives)
            guard index >= 200, let report = arrivals.reports.last else { continue }
            var loss = PathLoss()
            loss.peerReported(report)
            if loss.isBursty { isBursty += 1 }
        }
        #expect(isBursty > 3600, "seed \(seed)")
    }

    @Test("ten packets are enough to see that a path is bad")
    func quick() {
        var arrivals = Arrivals()
        for index in 0..<14 { arrivals.next(arrives: index % 5 != 2) }
        #expect(arrivals.monitor.loss > 0.08)
        #expect(!arrivals.reports.isEmpty)
    }

    @Test("a packet that was only overtaken is no loss, and makes the monitor more patient")
    func overtaken() {
        var arrivals = Arrivals()
        for _ in 0..<20 { arrivals.next(arrives: true) }
        let before = arrivals.monitor.loss
        let late = arrivals.skip()
        for _ in 0..<10 { arrivals.next(arrives: true) }
        #expect(arrivals.monitor.loss > before + 0.01)
        arrivals.receive(late)
        #expect(arrivals.monitor.loss <= before)
        let later = arrivals.skip()
        for _ in 0..<9 { arrivals.next(arrives: true) }
        #expect(arrivals.monitor.loss <= before)
        arrivals.receive(later)
        #expect(arrivals.monitor.loss <= before)
    }

    @Test("a path that was gone for a while is not taken for one that loses packets")
    func blackout() {
        var arrivals = Arrivals()
        for _ in 0..<200 { arrivals.next(arrives: true) }
        for _ in 0..<200 { arrivals.next(arrives: false) }
        for _ in 0..<5 { arrivals.next(arrives: true) }
        #expect(arrivals.monitor.loss < 0.1)
        for _ in 0..<400 { arrivals.next(arrives: true) }
        #expect(arrivals.monitor.loss < 0.01)
    }

    @Test("numbers of a peer that jumps far cost no time")
    func jump() {
        var arrivals = Arrivals()
        arrivals.receive(0)
        arrivals.receive(1 << 60)
        arrivals.receive((1 << 60) + 1)
        #expect(arrivals.monitor.loss < 1)
    }
}
