import NIOCore

/// Decides how many bytes may be on their way, and how fast they leave. Stored by its own type, never as an existential: it is asked
/// for each packet.
protocol CongestionController: Sendable {
    /// Bytes that may be on their way.
    var windowBytes: Int { get }

    /// Bytes a second at which packets leave, nil while window and round trip decide.
    var pacingRate: Double? { get }

    mutating func acknowledged(_ news: Acknowledgement)

    /// - Parameter latestSent: when the latest of the lost packets was sent.
    mutating func lost(bytes: Int, latestSent: NIODeadline, now: NIODeadline)

    /// A router has marked packets instead of dropping them (RFC 3168).
    ///
    /// - Parameters:
    ///   - sentAt: when the latest packet was sent whose acknowledgement told.
    ///   - inFlight: bytes still on their way.
    mutating func experienced(sentAt: NIODeadline, inFlight: Int, now: NIODeadline)

    /// Packets now take another path, of which nothing is known.
    mutating func pathChanged()

    /// What is kept of it while nothing is on its way for long.
    associatedtype Resting: Sendable
    var resting: Resting { get }
    /// A new controller goes on from there.
    mutating func wake(_ resting: Resting)
}

/// What a controller learns from an acknowledgement.
struct Acknowledgement {
    /// Newly acknowledged.
    var bytes: Int
    /// When the latest of those packets was sent.
    var sentAt: NIODeadline
    /// The window, not the application, was what kept more from being sent.
    var wasLimited: Bool
    var rate: DeliveryRate.Sample?
    /// The round trip of the latest packet, if this acknowledgement measured one.
    var roundTrip: TimeAmount?
    /// Still on their way.
    var inFlight: Int
    /// Share of our packets that the path loses, as the peer reports it.
    var loss: Double
    var now: NIODeadline
}
