import GodwitSimulation
import NIOCore
import Testing

/// A checker that never complains would make every simulation pass.
@Suite struct HistoryCheckerTests {
    private let epoch = Epoch(client: 0, server: 0)

    private func checker(_ messages: [(number: UInt64, lane: UInt64?)]) -> HistoryChecker {
        var checker = HistoryChecker(.toServer)
        for message in messages {
            checker.accepted(.init(number: message.number, lane: message.lane, length: 10))
        }
        return checker
    }

    private func payload(_ number: UInt64) -> Payload { Payload(number: number, length: 10) }

    @Test("a good history is complete")
    func good() throws {
        var checker = checker([(0, 1), (1, 2), (2, 1), (3, nil)])
        for number in [1, 0, 3, 2] as [UInt64] { try checker.deliver(payload(number), epoch: epoch) }
        #expect(checker.isComplete)
    }

    @Test("a duplicate is a violation in its epoch and no news in the next")
    func duplicate() throws {
        var checker = checker([(0, nil)])
        let isNew = try checker.deliver(payload(0), epoch: epoch)
        let isNewAgain = try checker.deliver(payload(0), epoch: Epoch(client: 1, server: 0))
        #expect(isNew && !isNewAgain)
        #expect(throws: HistoryViolation.duplicate(.toServer, number: 0, epoch: Epoch(client: 1, server: 0))) {
            try checker.deliver(payload(0), epoch: Epoch(client: 1, server: 0))
        }
    }

    @Test("a lane out of order is a violation")
    func order() throws {
        var checker = checker([(0, 7), (1, 7)])
        try checker.deliver(payload(1), epoch: epoch)
        #expect(throws: HistoryViolation.outOfOrder(.toServer, lane: 7, number: 0, after: 1)) {
            try checker.deliver(payload(0), epoch: epoch)
        }
    }

    @Test("what was never sent, or changed, or cut is a violation")
    func forged() {
        var checker = checker([(0, nil)])
        #expect(throws: HistoryViolation.neverSent(.toServer, number: 9)) {
            try checker.deliver(payload(9), epoch: epoch)
        }
        #expect(throws: HistoryViolation.changedBody(.toServer, number: nil)) {
            try checker.deliver(nil, epoch: epoch)
        }
        #expect(throws: HistoryViolation.changedBody(.toServer, number: 0)) {
            try checker.deliver(Payload(number: 0, length: 11), epoch: epoch)
        }
    }

    @Test("what is owed and did not come is missing")
    func missing() throws {
        var checker = checker([(0, nil), (1, nil), (2, nil)])
        try checker.deliver(payload(1), epoch: epoch)
        #expect(checker.missing == [0, 2])
        checker.excused(0)
        #expect(checker.missing == [2])
        #expect(!checker.isComplete)
    }

    @Test("a payload survives its encoding, and no changed byte goes unseen", arguments: [1, 2, 9, 300])
    func payload(length: Int) throws {
        let original = Payload(number: 17, length: length)
        let body = original.encode()
        #expect(body.readableBytes == length)
        #expect(Payload(decoding: body) == original)
        for index in 1..<max(1, length) {
            var changed = body
            changed.setInteger((changed.getInteger(at: index) ?? UInt8(0)) ^ 1, at: index)
            #expect(Payload(decoding: changed) == nil, "byte \(index)")
        }
    }

    @Test("what its sender has given up need not come, but comes once if it does")
    func waived() throws {
        var checker = HistoryChecker(.toServer)
        let messages = (0..<2).map { Scenario.Message(number: UInt64($0), lane: nil, length: 10) }
        for message in messages { checker.accepted(message) }
        checker.waive(0)
        #expect(checker.missing == [1])
        try checker.deliver(Payload(number: 1, length: 10), epoch: Epoch(client: 0, server: 0))
        #expect(checker.isComplete)
        try checker.deliver(Payload(number: 0, length: 10), epoch: Epoch(client: 0, server: 0))
        #expect(throws: HistoryViolation.self) {
            try checker.deliver(Payload(number: 0, length: 10), epoch: Epoch(client: 0, server: 0))
        }
    }

    @Test("one seed draws one scenario, and a thousand draw every profile and every fault")
    func scenarios() {
        #expect(Scenario.draw(seed: 3).description == Scenario.draw(seed: 3).description)
        var profiles: Set<String> = []
        var faults: Set<String> = []
        for seed in 0..<1_000 {
            let scenario = Scenario.draw(seed: UInt64(seed))
            profiles.insert(scenario.profile.name)
            for step in scenario.steps {
                switch step.event {
                case .request, .push: break
                case .cancelRequest: faults.insert("cancelled request")
                case .cancelPush: faults.insert("cancelled push")
                case .blackout: faults.insert("blackout")
                default: faults.insert("\(step.event)")
                }
            }
        }
        #expect(profiles == Set(NetworkProfile.all.map(\.name)))
        #expect(faults.count == 11)
    }
}
