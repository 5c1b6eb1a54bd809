import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

private let start = NIODeadline.uptimeNanoseconds(10_000_000_000)

@Suite("Redundancy")
struct RedundancyTests {
    private func loss(_ share: Double, repeated: Double? = nil) -> PathLoss {
        var loss = PathLoss()
        let byte = { (share: Double) in UInt8((share * 255).rounded()) }
        loss.peerReported(LossReport(loss: byte(share), repeatedLoss: byte(repeated ?? share)))
        return loss
    }

    @Test("copies are sent where they pay: not below 1 %, not in long bursts, one at 20 %, two at 40 %")
    func firstCopies() {
        #expect(RedundancyPolicy.firstCopies(PathLoss()) == 0)
        #expect(RedundancyPolicy.firstCopies(loss(0.005)) == 0)
        #expect(RedundancyPolicy.firstCopies(loss(0.03)) == 0)
        #expect(RedundancyPolicy.firstCopies(loss(0.2)) == 1)
        #expect(RedundancyPolicy.firstCopies(loss(0.4)) == 2)
        #expect(RedundancyPolicy.firstCopies(loss(0.16, repeated: 0.7)) == 0)
    }

    @Test("a late message is sent often enough to arrive, the more so the longer bursts last")
    func probeCopies() {
        #expect(RedundancyPolicy.probeCopies(loss(0.01), sent: 1, round: 1) == 0)
        #expect(RedundancyPolicy.probeCopies(loss(0.2), sent: 2, round: 1) == 1)
        #expect(RedundancyPolicy.probeCopies(loss(0.16, repeated: 0.7), sent: 1, round: 1) == 12)
        // Of a path that nobody knows, a loss is a bad sign.
        #expect(RedundancyPolicy.probeCopies(PathLoss(), sent: 1, round: 1) > 1)
        for percent in 0...100 {
            for round in 1...20 {
                let copies = RedundancyPolicy.probeCopies(loss(Double(percent) / 100), sent: round, round: round)
                #expect((0...RedundancyPolicy.maximumProbeCopies).contains(copies))
            }
        }
    }

    @Test("copies are the further apart the less is known to be independent")
    func gaps() {
        var known = PathLoss()
        #expect(RedundancyPolicy.gap(known) == .milliseconds(8))
        known.isKnown = true
        #expect(RedundancyPolicy.gap(known) == .milliseconds(4))
        #expect(RedundancyPolicy.gap(loss(0.2)) == .milliseconds(4))
        #expect(RedundancyPolicy.gap(loss(0.16, repeated: 0.7)) == .milliseconds(10))
    }

    @Test("copies come one by one, end with the acknowledgement, and yield when the path is full")
    func schedule() {
        var repetitions = Repetitions(share: 1)
        repetitions.plan(7, copies: 2, gap: .milliseconds(10), now: start)
        #expect(repetitions.deadline == start + .milliseconds(10))
        repetitions.handleTimeout(now: start + .milliseconds(10), hasRoom: true)
        let first = repetitions.takeReleased { _ in 100 }
        let second = repetitions.takeReleased { _ in 100 }
        #expect(first == 7)
        #expect(second == nil)
        #expect(repetitions.deadline == start + .milliseconds(20))
        repetitions.handleTimeout(now: start + .milliseconds(20), hasRoom: false)
        #expect(!repetitions.hasReleased)
        #expect(repetitions.deadline == nil)
        repetitions.plan(8, copies: 2, gap: .milliseconds(10), now: start)
        repetitions.handleTimeout(now: start + .milliseconds(10), hasRoom: true)
        repetitions.dropReleased()
        #expect(!repetitions.hasReleased)
        repetitions.handleTimeout(now: start + .milliseconds(20), hasRoom: true)
        repetitions.forget(8)
        #expect(!repetitions.hasReleased)
        #expect(repetitions.deadline == nil)
    }

    @Test("the budget holds: so many bytes of copies for each byte of messages")
    func budget() {
        var budget = RedundancyBudget(share: 0.5)
        var spent = 0
        while budget.spend(100) { spent += 100 }
        #expect(spent <= RedundancyBudget.initialBytes)
        for _ in 0..<100 { budget.sentMessage(bytes: 10) }
        spent = 0
        while budget.spend(100) { spent += 100 }
        #expect(spent == 500)
        var none = RedundancyBudget(share: 0)
        none.sentMessage(bytes: 1000)
        let hasSpent = none.spend(1)
        #expect(!hasSpent)
    }

    @Test(
        "repair symbols are as many as will be missing and a little more, more of them when losses come in bursts, none below 1 %"
    )
    func repairs() {
        #expect(RedundancyPolicy.repairs(for: 30, PathLoss()) == 0)
        #expect(RedundancyPolicy.repairs(for: 30, loss(0.005)) == 0)
        #expect(RedundancyPolicy.repairs(for: 1, loss(0.2)) == 2)
        #expect((10...16).contains(RedundancyPolicy.repairs(for: 30, loss(0.2))))
        #expect(
            RedundancyPolicy.repairs(for: 30, loss(0.2, repeated: 0.7)) > RedundancyPolicy.repairs(for: 30, loss(0.2)))
        for percent in 0...100 {
            for repeated in stride(from: 0.0, through: 1, by: 0.1) {
                let count = RedundancyPolicy.repairs(for: 5000, loss(Double(percent) / 100, repeated: repeated))
                #expect((0...RepairDecoder.maximumColumns).contains(count))
            }
        }
    }

    private func chat(_ pair: TransportPair, messages: Int) throws {
        pair.serverEchoes = true
        pair.connect()
        for index in 0..<messages {
            _ = try pair.sendFromClient(testMessage(100, seed: UInt64(index)))
            pair.run(for: .milliseconds(250))
        }
        pair.run(for: .seconds(10)) { pair.clientMessages.count == messages }
        #expect(pair.clientMessages.count == messages)
        #expect(pair.serverMessages.count == messages)
    }

    @Test("on a clean path nothing is repeated and nothing is reported")
    func cleanPath() throws {
        let pair = try TransportPair()
        try chat(pair, messages: 50)
        #expect(pair.client.statistics.copiesSent == 0)
        #expect(pair.server?.statistics.copiesSent == 0)
        #expect(pair.client.statistics.probes == 0)
    }

    @Test("on a path that loses every fifth packet copies are sent, save messages, and stay within the budget")
    func lossyPath() throws {
        let pair = try TransportPair(seed: 3)
        pair.setLoss(0.2)
        try chat(pair, messages: 200)
        let figures = pair.client.statistics
        #expect(figures.copiesSent > 100)
        #expect(figures.messagesSavedByCopies > 5)
        #expect(figures.copyBytesSent < 2 * 200 * 100 + UInt64(RedundancyBudget.initialBytes))
        #expect(abs(figures.forwardLoss - 0.2) < 0.12)
        #expect(abs(figures.backwardLoss - 0.2) < 0.12)
    }

    @Test("a share of 0 turns copies off")
    func off() throws {
        var configuration = TransportConfiguration.client
        configuration.redundancyShare = 0
        let pair = try TransportPair(seed: 4, clientConfiguration: configuration)
        pair.setLoss(0.3)
        try chat(pair, messages: 50)
        #expect(pair.client.statistics.copiesSent == 0)
    }

    @Test("a copy of what was acknowledged just now waits for the next acknowledgement")
    func oldNews() {
        var packets = ReceivedPackets()
        packets.record(0, isEliciting: true, delay: .milliseconds(5), now: start)
        packets.acknowledgementSent(now: start)
        packets.record(1, isEliciting: true, isNews: false, delay: .milliseconds(5), now: start)
        #expect(packets.hasUnacknowledged)
        #expect(packets.deadline == start + ReceivedPackets.oldNewsDelay)
        packets.record(2, isEliciting: true, delay: .milliseconds(5), now: start)
        #expect(packets.deadline == start + .milliseconds(5))
        packets.acknowledgementSent(now: start)
        #expect(packets.deadline == nil)
        #expect(!packets.hasUnacknowledged)
        let rtt = RTTEstimator(initial: .milliseconds(100))
        #expect(!packets.isAnswerOverdue(rtt, now: start + .milliseconds(50)))
        #expect(packets.isAnswerOverdue(rtt, now: start + .milliseconds(100)))
    }

    @Test("the more is lost, the earlier a probe asks")
    func lateness() {
        var before = 4.0
        for percent in 0...100 {
            let variations = ProbeTimer.variations(roundTripLoss: Double(percent) / 100)
            #expect(variations <= before)
            #expect(variations >= 1)
            before = variations
        }
        #expect(ProbeTimer.variations(roundTripLoss: 0) == 4)
    }
}
