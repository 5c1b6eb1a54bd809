import GodwitSimulation
import GodwitWire
import NIOCore

/// One direction of a link exactly as Linux's `sch_netem` treats it when a rate is given: loss first, so that a lost packet takes
/// no time; then a queue of `limit` packets, those in the delay line included; then the larger of the drawn delay and the last packet's
/// departure, and behind it the packet's own time on the wire. So with a rate packets never overtake each other: one that draws a long
/// delay holds up those behind it.
struct NetemLink {
    /// Ethernet, IPv4 and UDP headers, which a queueing discipline counts.
    static let headerBytes = 14 + 20 + 8

    private let profile: LinkProfile
    private let limit: Int
    private let random: RandomSource
    private var isInBadState = false
    /// Departures of packets in the queue, in order.
    private var departures: [NIODeadline] = []
    private var departed = 0
    private var spare: Double?

    private(set) var use = LinkUse()

    init(profile: LinkProfile, limit: Int, random: RandomSource) {
        self.profile = profile
        self.limit = limit
        self.random = random
    }

    /// When a datagram of so many bytes arrives; nil when it is lost or the queue is full.
    mutating func transmit(payloadBytes: Int, now: NIODeadline) -> NIODeadline? {
        let size = payloadBytes + Self.headerBytes
        use.packets += 1
        use.bytes += size
        guard !isLost() else { return nil }
        while departed < departures.count, departures[departed] <= now { departed += 1 }
        if departed > 1024 {
            departures.removeFirst(departed)
            departed = 0
        }
        guard departures.count - departed < limit else {
            use.overflowed += 1
            return nil
        }
        var start = now + drawDelay()
        if departed < departures.count, let last = departures.last { start = max(start, last) }
        let wire = profile.bitsPerSecond.map { Int64(size) * 8_000_000_000 / $0 } ?? 0
        let departure = start + .nanoseconds(wire)
        use.passedBytes += size
        departures.append(departure)
        use.longestWait = max(use.longestWait, departure - now)
        return departure
    }

    /// As if so many packets had gone before: netem begins in the good state, and bursts last for packets, not for a time.
    mutating func wear(packets: Int) {
        for _ in 0..<packets { _ = isLost() }
    }

    /// The state that a packet finds decides about it; it also moves the state on (`loss_gilb_ell`).
    private mutating func isLost() -> Bool {
        switch profile.loss {
        case .independent(let probability): return random.uniform() < probability
        case .bursts(let toBad, let toGood, let inBad, let inGood):
            let wasBad = isInBadState
            if random.uniform() < (wasBad ? toGood : toBad) { isInBadState.toggle() }
            return random.uniform() < (wasBad ? inBad : inGood)
        }
    }

    /// Normal, by Box and Muller; never negative.
    private mutating func drawDelay() -> TimeAmount {
        let normal: Double
        if let spare {
            normal = spare
            self.spare = nil
        } else {
            let (sine, cosine) = Self.turn(random.uniform())
            let radius = Self.radius(random.uniform())
            normal = radius * cosine
            spare = radius * sine
        }
        return .nanoseconds(max(0, profile.delay.nanoseconds + Int64(Double(profile.jitter.nanoseconds) * normal)))
    }
}
