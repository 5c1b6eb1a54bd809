import GodwitWire
import NIOCore

/// One direction of a bad network for two ends in one test: seeded, and driven by the test's clock.
struct LossyPipe {
    /// Share of datagrams that vanish.
    var loss = 0.0
    var delay = TimeAmount.milliseconds(25)
    /// Each datagram takes up to this much longer, so that datagrams overtake each other.
    var jitter = TimeAmount.milliseconds(0)
    /// Share of datagrams that arrive twice.
    var duplication = 0.0
    /// Share of datagrams with a few bits changed.
    var corruption = 0.0
    var isCut = false

    private let random: RandomSource
    private var flights: [Flight] = []
    private(set) var sentDatagrams = 0
    private(set) var sentBytes = 0

    private struct Flight {
        let arrival: NIODeadline
        let order: Int
        let datagram: ByteBuffer
    }

    init(random: RandomSource) { self.random = random }

    mutating func send(_ datagram: ByteBuffer, now: NIODeadline) {
        sentDatagrams += 1
        sentBytes += datagram.readableBytes
        guard !isCut, random.uniform() >= loss else { return }
        let copies = random.uniform() < duplication ? 2 : 1
        for _ in 0..<copies {
            let extra = Int64(random.uniform() * Double(jitter.nanoseconds))
            var copy = datagram
            if random.uniform() < corruption { damage(&copy) }
            flights.append(
                Flight(arrival: now + delay + .nanoseconds(extra), order: sentDatagrams, datagram: copy))
        }
    }

    var nextArrival: NIODeadline? { flights.map(\.arrival).min() }

    mutating func receive(now: NIODeadline) -> ByteBuffer? {
        let due = flights.indices.filter { flights[$0].arrival <= now }
        let first = due.min { (flights[$0].arrival, flights[$0].order) < (flights[$1].arrival, flights[$1].order) }
        return first.map { flights.remove(at: $0).datagram }
    }

    private func damage(_ datagram: inout ByteBuffer) {
        for _ in 0...(random.next() % 4) where datagram.readableBytes > 0 {
            let index = datagram.readerIndex + Int(random.next() % UInt64(datagram.readableBytes))
            let byte = datagram.getInteger(at: index, as: UInt8.self) ?? 0
            datagram.setInteger(byte ^ (1 << UInt8(random.next() % 8)), at: index)
        }
        if random.next() % 4 == 0 {
            datagram.moveWriterIndex(
                to: datagram.readerIndex + Int(random.next() % UInt64(datagram.readableBytes + 1)))
        }
    }
}
