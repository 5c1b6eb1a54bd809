import NIOCore

/// What one direction of a network does to datagrams; the simulator's `tc netem`.
package struct LinkProfile: Sendable, Hashable {
    /// How datagrams get lost.
    package enum Loss: Sendable, Hashable {
        /// Each with the same probability.
        case independent(Double)
        /// Gilbert and Elliott's two states: from good to bad and back with these probabilities a datagram, and lost with these
        /// in each state.
        case bursts(toBad: Double, toGood: Double, inBad: Double, inGood: Double)
    }

    package var loss: Loss
    /// The mean one-way delay.
    package var delay: TimeAmount
    /// The standard deviation of the delay. Each datagram draws its own, so datagrams overtake each other.
    package var jitter: TimeAmount
    /// The probability that a datagram arrives twice.
    package var duplication: Double
    /// The probability that a datagram arrives with one to eight flipped bits.
    package var corruption: Double
    /// Nil is without limit.
    package var bitsPerSecond: Int64?
    /// Datagrams that would have to wait longer than this for the link are dropped.
    package var maximumQueueDelay: TimeAmount
    /// The largest IP packet; larger ones vanish without a word, as where ICMP is filtered.
    package var mtu: Int

    package init(
        loss: Loss = .independent(0), delay: TimeAmount = .zero, jitter: TimeAmount = .zero, duplication: Double = 0,
        corruption: Double = 0, bitsPerSecond: Int64? = nil, maximumQueueDelay: TimeAmount = .seconds(2),
        mtu: Int = 1500
    ) {
        self.loss = loss
        self.delay = delay
        self.jitter = jitter
        self.duplication = duplication
        self.corruption = corruption
        self.bitsPerSecond = bitsPerSecond
        self.maximumQueueDelay = maximumQueueDelay
        self.mtu = mtu
    }
}

/// A network between a client and a server: both directions, and a name.
package struct NetworkProfile: Sendable, Hashable {
    package var name: String
    package var up: LinkProfile
    package var down: LinkProfile

    package init(name: String, up: LinkProfile, down: LinkProfile) {
        self.name = name
        self.up = up
        self.down = down
    }

    /// Fast and without faults.
    package static let clean = symmetric("clean", LinkProfile(delay: .milliseconds(10)))

    package static let mobile4G = NetworkProfile(
        name: "4g", up: lossy(35, 8, 0.01, 10_000_000), down: lossy(35, 8, 0.01, 20_000_000))
    package static let mobile3G = NetworkProfile(
        name: "3g", up: lossy(90, 30, 0.03, 384_000), down: lossy(90, 30, 0.03, 1_000_000))
    package static let mobile2G = NetworkProfile(
        name: "2g", up: lossy(300, 80, 0.05, 32_000), down: lossy(300, 80, 0.05, 64_000))
    package static let loss20 = symmetric("loss20", lossy(75, 20, 0.2, 2_000_000))
    package static let burst = symmetric(
        "burst",
        LinkProfile(
            loss: .bursts(toBad: 0.04, toGood: 0.2, inBad: 0.9, inGood: 0.01), delay: .milliseconds(60),
            jitter: .milliseconds(15), bitsPerSecond: 2_000_000))
    package static let loss40 = symmetric("loss40", lossy(100, 30, 0.4, 1_000_000))

    /// Every kind of fault at once.
    package static let hostile = symmetric(
        "hostile",
        LinkProfile(
            loss: .independent(0.15), delay: .milliseconds(60), jitter: .milliseconds(40), duplication: 0.1,
            corruption: 0.05, bitsPerSecond: 1_000_000))

    /// The lab's profiles, and those that only a simulator can have.
    package static let all = [clean, mobile4G, mobile3G, mobile2G, loss20, burst, loss40, hostile]

    private static func symmetric(_ name: String, _ link: LinkProfile) -> NetworkProfile {
        NetworkProfile(name: name, up: link, down: link)
    }

    private static func lossy(_ delay: Int64, _ jitter: Int64, _ loss: Double, _ rate: Int64) -> LinkProfile {
        LinkProfile(
            loss: .independent(loss), delay: .milliseconds(delay), jitter: .milliseconds(jitter), bitsPerSecond: rate)
    }
}
