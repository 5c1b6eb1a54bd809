import GodwitTransport
import GodwitWire
import NIOCore

/// The lab's `blackout`: a chat in which nothing passes for a while, again and again. Recovery counts from the path's return to the
/// first echo of any message.
struct BlackoutWorkload {
    var rounds = 3
    var dark = TimeAmount.seconds(8)
    var calm = TimeAmount.seconds(8)
    var interval = TimeAmount.milliseconds(250)
    /// A session's envelope with 200 bytes of English text, compressed.
    var bytes = 130
    /// The users type on in the dark; else one message waits for the light.
    var typesInTheDark = true
    /// Tells about each datagram from half a second before each return.
    var narrates = false

    struct Result {
        /// In milliseconds, of each round.
        var recoveries: [Double] = []
        /// What was sent in the dark, in all rounds.
        var up = LinkUse()
        var down = LinkUse()
    }

    func run(_ network: JudgedNetwork, seed: UInt64) throws -> Result {
        let pair = try JudgedPair(network, seed: seed)
        var result = Result()
        var firstEcho: NIODeadline?
        pair.onClientMessage = { _, now in firstEcho = firstEcho ?? now }
        pair.run(until: pair.now + .seconds(20)) { pair.isEstablished }
        // Where the path returns between two messages is chance.
        let phase = RandomSource.seeded(seed)
        for _ in 0..<rounds {
            try talk(pair, for: calm + .nanoseconds(Int64(phase.uniform() * Double(interval.nanoseconds))))
            let before = (up: pair.up.use, down: pair.down.use)
            pair.isCut = true
            try talk(pair, for: typesInTheDark ? dark : .milliseconds(1))
            if !typesInTheDark { pair.run(until: pair.now + dark) }
            result.up.add(pair.up.use.since(before.up))
            result.down.add(pair.down.use.since(before.down))
            let light = pair.now
            pair.isCut = false
            firstEcho = nil
            if narrates { pair.narrate(from: light) }
            if typesInTheDark {
                // The next message is what is left of an interval away.
                pair.run(until: light + .nanoseconds(interval.nanoseconds / 2)) { firstEcho != nil }
                while firstEcho == nil, pair.now < light + .seconds(60) {
                    try say(pair)
                    pair.run(until: pair.now + interval) { firstEcho != nil }
                }
            } else {
                pair.run(until: light + .seconds(60)) { firstEcho != nil }
            }
            pair.onDatagram = nil
            result.recoveries.append(firstEcho.map { Double(($0 - light).nanoseconds) / 1e6 } ?? .infinity)
        }
        return result
    }

    private func say(_ pair: JudgedPair) throws {
        _ = try pair.client.send(ByteBuffer(repeating: 0x61, count: bytes), now: pair.now)
        pair.pump()
    }

    private func talk(_ pair: JudgedPair, for duration: TimeAmount) throws {
        let end = pair.now + duration
        while pair.now < end {
            try say(pair)
            pair.run(until: min(pair.now + interval, end))
        }
    }
}

/// The figures of many blackouts on one network.
struct BlackoutReport {
    private var recoveries: [Double] = []
    private var up = LinkUse()
    private var down = LinkUse()

    mutating func add(_ result: BlackoutWorkload.Result) {
        recoveries += result.recoveries
        up.add(result.up)
        down.add(result.down)
    }

    /// Times in ms from the path's return to the first echo; what was sent in each darkness, up + down.
    static let heading = "profile       p50    p90    p99     max   bytes in the dark   packets"

    func line(_ name: String) -> String {
        let sorted = recoveries.sorted()
        let count = sorted.count
        return [
            name.padded(8), ms(percentile(sorted, 0.5)), ms(percentile(sorted, 0.9)), ms(percentile(sorted, 0.99)),
            ms(sorted.last ?? 0).padded(7, left: true),
            eachWay(up.bytes, down.bytes, of: count, decimals: 0).padded(19, left: true),
            eachWay(up.packets, down.packets, of: count, decimals: 0).padded(9, left: true),
        ].joined(separator: " ")
    }
}
