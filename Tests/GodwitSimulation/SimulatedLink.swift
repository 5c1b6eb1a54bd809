import GodwitWire
import NIOCore

/// One direction of the network: decides what becomes of each datagram, from a seed.
struct SimulatedLink {
    /// A copy that will arrive.
    struct Arrival {
        let at: NIODeadline
        let datagram: ByteBuffer
    }

    var profile: LinkProfile
    private let random: RandomSource
    private var isInBadState = false
    private var busyUntil = NIODeadline.distantPast

    /// IPv4 and UDP headers, which take their share of the rate.
    private static let headerBytes = 28

    init(profile: LinkProfile, random: RandomSource) {
        self.profile = profile
        self.random = random
    }

    /// The copies that arrive: none, one or two.
    mutating func transmit(_ datagram: ByteBuffer, now: NIODeadline, into statistics: inout NetworkStatistics)
        -> [Arrival]
    {
        guard datagram.readableBytes + Self.headerBytes <= profile.mtu else {
            statistics.droppedByMTU += 1
            return []
        }
        guard let departure = serialize(bytes: datagram.readableBytes, now: now) else {
            statistics.droppedByQueue += 1
            return []
        }
        guard !isLost() else {
            statistics.lost += 1
            return []
        }
        var arrivals = [Arrival(at: departure + drawDelay(), datagram: damaged(datagram, into: &statistics))]
        if random.uniform() < profile.duplication {
            statistics.duplicated += 1
            arrivals.append(Arrival(at: departure + drawDelay(), datagram: damaged(datagram, into: &statistics)))
        }
        return arrivals
    }

    /// When the last bit has left, nil when the queue is full.
    private mutating func serialize(bytes: Int, now: NIODeadline) -> NIODeadline? {
        guard let rate = profile.bitsPerSecond, rate > 0 else { return now }
        let start = max(now, busyUntil)
        guard start - now <= profile.maximumQueueDelay else { return nil }
        let bits = Int64(bytes + Self.headerBytes) * 8
        busyUntil = start + .nanoseconds(bits * 1_000_000_000 / rate)
        return busyUntil
    }

    private mutating func isLost() -> Bool {
        switch profile.loss {
        case .independent(let probability):
            return random.uniform() < probability
        case .bursts(let toBad, let toGood, let inBad, let inGood):
            if random.uniform() < (isInBadState ? toGood : toBad) { isInBadState.toggle() }
            return random.uniform() < (isInBadState ? inBad : inGood)
        }
    }

    /// Nearly normal: the sum of four uniform numbers has a variance of 1/3, so it is scaled by the root of 3. Never negative.
    private func drawDelay() -> TimeAmount {
        let sum = (0..<4).reduce(0.0) { sum, _ in sum + random.uniform() } - 2
        let jitter = Double(profile.jitter.nanoseconds) * sum * 1.732
        return .nanoseconds(max(0, profile.delay.nanoseconds + Int64(jitter)))
    }

    private func damaged(_ datagram: ByteBuffer, into statistics: inout NetworkStatistics) -> ByteBuffer {
        guard profile.corruption > 0, random.uniform() < profile.corruption, datagram.readableBytes > 0 else {
            return datagram
        }
        statistics.corrupted += 1
        var copy = datagram
        for _ in 0...(random.next() % 8) {
            let index = copy.readerIndex + Int(random.next() % UInt64(copy.readableBytes))
            guard let byte = copy.getInteger(at: index, as: UInt8.self) else { continue }
            copy.setInteger(byte ^ (1 << UInt8(random.next() % 8)), at: index)
        }
        return copy
    }
}
