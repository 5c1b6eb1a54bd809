import GodwitWire
import NIOCore

/// How large a datagram may be on the present path: packetization layer path MTU discovery (RFC 8899, RFC 9000 §14.3).
///
/// It starts at what every path carries and tries the most that Ethernet does, then halves the interval in between. It only tries while
/// there is bulk to be sent: larger datagrams spare a chat nothing.
struct MTUDiscovery: Equatable {
    /// UDP payload of a 1,500-byte packet, of IPv4 and IPv6.
    static let largestIPv4 = 1472
    static let largestIPv6 = 1452
    /// The search ends when the answer is known to so many bytes.
    static let resolution = 24
    /// RFC 8899 §5.1.2, MAX_PROBES.
    static let probesOfSize = 3
    /// RFC 8899 §5.1.1, PMTU_RAISE_TIMER.
    static let searchInterval = TimeAmount.minutes(10)
    /// Bytes that must wait to be sent before a probe is worth its own.
    static let spareBytes = 64 * 1024
    /// A probe that is lost looks like loss on the path to the peer, so that they are seldom.
    static let packetsBetweenProbes: UInt64 = 128

    /// The base: nothing smaller is ever assumed.
    private let base: Int
    /// The largest that is ever tried; the base when nothing is.
    private let largest: Int
    /// Confirmed.
    private(set) var current: Int
    /// The smallest that failed, or beyond the largest.
    private var tooLarge: Int
    private var isProbing = false
    private var failures = 0
    private var nextProbe: UInt64 = 0
    private var searchAgain: NIODeadline?

    /// - Parameter isWanted: false without a socket that never fragments: a datagram that arrives in pieces proves nothing.
    init(base: Int, remote: Address, isWanted: Bool) {
        self.base = base
        largest = isWanted ? max(base, remote.ipv4 == nil ? Self.largestIPv6 : Self.largestIPv4) : base
        current = base
        tooLarge = largest + 1
    }

    private var isSearching: Bool { tooLarge - current > Self.resolution }

    /// The size of the probe to send now, if any.
    ///
    /// - Parameters:
    ///   - waiting: bytes that wait to be sent.
    ///   - number: of the next packet.
    mutating func probeSize(waiting: Int, number: UInt64, now: NIODeadline) -> Int? {
        guard largest > base, !isProbing, waiting >= Self.spareBytes, number >= nextProbe else { return nil }
        if let searchAgain, searchAgain <= now {
            self.searchAgain = nil
            tooLarge = largest + 1
        }
        guard isSearching else {
            if current < largest, searchAgain == nil { searchAgain = now + Self.searchInterval }
            return nil
        }
        return tooLarge > largest ? largest : (current + tooLarge) / 2
    }

    mutating func probeSent(number: UInt64) {
        isProbing = true
        nextProbe = number + Self.packetsBetweenProbes
    }

    mutating func probeArrived(bytes: Int) {
        isProbing = false
        failures = 0
        guard bytes > current, bytes < tooLarge else { return }
        current = bytes
    }

    mutating func probeLost(bytes: Int) {
        isProbing = false
        failures += 1
        guard failures >= Self.probesOfSize else { return }
        failures = 0
        if bytes > current { tooLarge = min(tooLarge, bytes) }
    }

    /// What was confirmed no longer arrives: back to the base, and not up again for a while.
    mutating func fallBack(now: NIODeadline) {
        current = base
        tooLarge = base + 1
        searchAgain = now + Self.searchInterval
    }
}

extension MTUDiscovery {
    init(_ configuration: TransportConfiguration, remote: Address) {
        self.init(base: configuration.maximumDatagramBytes, remote: remote, isWanted: configuration.discoversMTU)
    }
}
