import NIOCore

/// Learns how long the translators on the way keep a UDP binding: after how much silence the server still reaches the client.
///
/// It climbs a ladder of silences, a rung after a few successes in a row, and goes down one after failures. What failed is not tried
/// again for long. The ladder and the patience follow Mars, WeChat's network layer (`smart_heartbeat`), which learns the same for TCP,
/// where bindings live longer.
struct KeepAliveSearch {
    /// Seconds, each a little below a time for which translators commonly keep a binding: 30 s, one minute and so on. RFC 4787 §4.3
    /// asks for two minutes at least and recommends five.
    static let rungs: [Int64] = [12, 25, 55, 85, 115, 175, 235, 295, 415, 535]
    /// Where nothing is known: below the shortest common binding.
    static let firstRung = 1
    static let successesToLengthen = 3
    /// One may be a gap in the radio coverage.
    static let failuresToShorten = 2
    /// A longer silence that failed is tried again after so many successes: half a day at three minutes.
    static let successesToRetry = 256

    private(set) var rung: Int
    /// The lowest rung that failed; beyond the ladder when none did.
    private(set) var limit: Int
    private var successes = 0
    private var failures = 0

    init(remembered memory: KeepAliveMemory? = nil) {
        rung = memory.map { Int($0.rung) } ?? Self.firstRung
        limit = memory.map { Int($0.limit) } ?? Self.rungs.count
    }

    var memory: KeepAliveMemory { KeepAliveMemory(rung: UInt8(clamping: rung), limit: UInt8(clamping: limit)) }

    /// There is nothing to try above this rung.
    private var isSettled: Bool { rung + 1 >= limit }

    /// The silence to use now, in seconds. What was found is used with a margin of an eighth.
    var seconds: Int64 { isSettled ? Self.rungs[rung] * 7 / 8 : Self.rungs[rung] }

    /// The server's packet came through after a silence of `seconds` at least.
    mutating func survived() {
        failures = 0
        successes += 1
        if isSettled {
            guard successes >= Self.successesToRetry, limit < Self.rungs.count else { return }
            limit += 1
            successes = 0
        } else if successes >= Self.successesToLengthen {
            rung += 1
            successes = 0
        }
    }

    /// The server's packet did not come, though the server answers: the binding is gone.
    mutating func bindingLost() {
        successes = 0
        failures += 1
        guard failures >= Self.failuresToShorten else { return }
        failures = 0
        limit = max(rung, 1)
        rung = max(rung - 1, 0)
    }
}

/// What was learned, for the next connection over the same network.
package struct KeepAliveMemory: Sendable, Equatable {
    package let rung: UInt8
    package let limit: UInt8

    package init(rung: UInt8, limit: UInt8) {
        self.rung = rung
        self.limit = limit
    }

    var isPlausible: Bool { rung < limit && limit <= KeepAliveSearch.rungs.count }
}
