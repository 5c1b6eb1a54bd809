import GodwitWire
import NIOCore

/// Asks an address for an echo of unpredictable bytes (RFC 9000 §8.2). A few challenges, then it has failed.
struct PathValidation {
    /// With the connection's probe timeout between them, and half the packets lost each way, one in 70 paths is refused wrongly.
    static let attempts = 12

    private let token: UInt64
    private var attemptsLeft = attempts
    private var deadline: NIODeadline?
    private(set) var isDue = true

    init(random: RandomSource) { token = random.next() }

    var nextDeadline: NIODeadline? { isDue ? nil : deadline }

    /// The challenge to write now.
    mutating func takeChallenge(now: NIODeadline, interval: TimeAmount) -> UInt64? {
        guard isDue else { return nil }
        isDue = false
        attemptsLeft -= 1
        deadline = now + interval
        return token
    }

    func accepts(_ response: UInt64) -> Bool { response == token }

    /// - Returns: false when there were enough challenges without a response.
    mutating func handleTimeout(now: NIODeadline) -> Bool {
        guard let deadline, deadline <= now, !isDue else { return true }
        guard attemptsLeft > 0 else { return false }
        isDue = true
        return true
    }
}
