import GodwitWire
import NIOCore

/// A carrier in memory that reorders and repeats envelopes; once it has lost one it never gets better, and dies.
struct UnreliableCarrier {
    private struct Flight {
        let name: UInt64
        let envelope: ByteBuffer
    }

    private var toServer: [Flight] = []
    private var toClient: [Flight] = []
    private var lastName: UInt64 = 0
    private(set) var isDoomed = false

    var isIdle: Bool { toServer.isEmpty && toClient.isEmpty }

    /// - Returns: the carrier's name for it.
    mutating func put(_ envelope: ByteBuffer, towardsServer: Bool, faults: Faults, random: RandomSource) -> UInt64 {
        lastName += 1
        if random.uniform() < faults.loss {
            isDoomed = true
            return lastName
        }
        let flight = Flight(name: lastName, envelope: envelope)
        let copies = random.uniform() < faults.duplication ? 2 : 1
        for _ in 0..<copies {
            if towardsServer { toServer.append(flight) } else { toClient.append(flight) }
        }
        return lastName
    }

    /// Need not be delivered: half of the time it is all the same.
    mutating func giveUp(_ name: UInt64, random: RandomSource) {
        guard random.uniform() < 0.5 else { return }
        toServer.removeAll { $0.name == name }
        toClient.removeAll { $0.name == name }
    }

    /// Any envelope that is under way, as the reordering wants.
    mutating func take(towardsServer: Bool, faults: Faults, random: RandomSource) -> ByteBuffer? {
        let count = towardsServer ? toServer.count : toClient.count
        guard count > 0 else { return nil }
        let index = random.uniform() < faults.reordering ? Int(random.next() % UInt64(count)) : 0
        return towardsServer ? toServer.remove(at: index).envelope : toClient.remove(at: index).envelope
    }

    struct Faults {
        var loss = 0.0
        var duplication = 0.0
        var reordering = 0.0
        /// The client process is killed and started again, a step.
        var restart = 0.0
        /// The server forgets the session, a step.
        var amnesia = 0.0

        static let none = Faults()
        static let badNetwork = Faults(loss: 0.02, duplication: 0.1, reordering: 0.5)
        static let restarts = Faults(loss: 0.02, duplication: 0.1, reordering: 0.5, restart: 0.01)
        static let forgetfulServer = Faults(loss: 0.02, duplication: 0.1, reordering: 0.5, amnesia: 0.01)
        static let everything = Faults(loss: 0.02, duplication: 0.1, reordering: 0.5, restart: 0.01, amnesia: 0.01)
    }
}
