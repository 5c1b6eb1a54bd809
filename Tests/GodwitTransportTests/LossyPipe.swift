import GodwitWire
import HeapModule
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
    /// Larger datagrams vanish.
    var largest = Int.max

    /// What the path does to ECN marks.
    var marks = Marks.kept

    enum Marks {
        case kept, removed, dropped
        /// A router marks this share of what may be marked.
        case congested(share: Double)
    }

    private let random: RandomSource
    private var flights = Heap<Flight>()
    private(set) var sentDatagrams = 0
    private(set) var sentBytes = 0

    private struct Flight: Comparable {
        let arrival: NIODeadline
        let order: Int
        let datagram: ByteBuffer
        let mark: ECNCodepoint

        static func < (a: Flight, b: Flight) -> Bool { (a.arrival, a.order) < (b.arrival, b.order) }
        static func == (a: Flight, b: Flight) -> Bool { (a.arrival, a.order) == (b.arrival, b.order) }
    }

    init(random: RandomSource) { self.random = random }

    mutating func send(_ datagram: ByteBuffer, mark sent: ECNCodepoint = .notCapable, now: NIODeadline) {
        sentDatagrams += 1
        sentBytes += datagram.readableBytes
        guard !isCut, datagram.readableBytes <= largest, random.uniform() >= loss else { return }
        guard let mark = changed(sent) else { return }
        let copies = random.uniform() < duplication ? 2 : 1
        for _ in 0..<copies {
            let extra = Int64(random.uniform() * Double(jitter.nanoseconds))
            var copy = datagram
            if random.uniform() < corruption { damage(&copy) }
            flights.insert(
                Flight(arrival: now + delay + .nanoseconds(extra), order: sentDatagrams, datagram: copy, mark: mark))
        }
    }

    var nextArrival: NIODeadline? { flights.min?.arrival }

    private func changed(_ mark: ECNCodepoint) -> ECNCodepoint? {
        guard mark != .notCapable else { return mark }
        switch marks {
        case .kept: return mark
        case .removed: return .notCapable
        case .dropped: return nil
        case .congested(let share): return random.uniform() < share ? .congestionExperienced : mark
        }
    }

    mutating func receive(now: NIODeadline) -> (datagram: ByteBuffer, mark: ECNCodepoint)? {
        guard let first = flights.min, first.arrival <= now else { return nil }
        let flight = flights.removeMin()
        return (flight.datagram, flight.mark)
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
