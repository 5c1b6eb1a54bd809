import NIOCore

/// Small packets into silence while somebody waits: a path that comes back after a tunnel or a lift is to be found within a fraction of
/// a round trip, for which a probe timer that backs off is too slow. A knock is a whole message that waits for its acknowledgement, so that
/// the first one that gets through is a delivery already, and each repeats another, so that the second is one too.
///
/// RFC 9002 §6.2.1 lets probes back off because silence may be congestion. What is sent here is bounded for that reason: a fraction of the
/// smallest congestion window in a round trip, for ten seconds and so many bytes at most, and only while a message waits.
struct Knocking {
    /// So many probes without an answer are silence: losses that come singly seldom take two of them with their copies.
    static let probesBeforeSilence = 2
    /// Longer darkness is a dead phone or a long tunnel, for which a radio must not be kept awake.
    static let patience = TimeAmount.seconds(10)
    /// In bytes of datagrams, a silence: what the knocks of `patience` share, so that the last second is knocked into as the first is.
    static let maximumBytes = 70_000
    /// Finer than this saves less than a radio's own schedule takes.
    static let minimumInterval = TimeAmount.milliseconds(25)
    /// On average the path's return is half of it away.
    static let roundTripFraction = 2.0 / 3
    /// In bytes of datagrams, a round trip: an eighth of the smallest window.
    static let bytesEachRoundTrip = 600

    /// What goes next.
    enum Knock: Equatable {
        /// By number; a whole one.
        case message(UInt64)
        /// Nothing small waits.
        case ping
    }

    private var first: NIODeadline?
    private var last: NIODeadline?
    private var bytesSent = 0
    private var bytesOfLast = 0
    /// The message that was repeated last.
    private(set) var lastMessage: UInt64?
    private(set) var due: Knock?

    /// Whether the path was given up on, so far as to knock.
    var hasBegun: Bool { first != nil }

    /// Two thirds of a round trip, less by the share of knocks that the path is known to lose, so that as many arrive; more for larger
    /// messages, and no less than makes the bytes last.
    func interval(roundTrip: TimeAmount, loss: Double) -> TimeAmount {
        let fraction = Double(roundTrip.nanoseconds) * Self.roundTripFraction * (1 - min(max(loss, 0), 0.5))
        let share = Double(roundTrip.nanoseconds) * Double(bytesOfLast) / Double(Self.bytesEachRoundTrip)
        let spread = Double(Self.patience.nanoseconds) * Double(bytesOfLast) / Double(Self.maximumBytes)
        return max(.nanoseconds(Int64(max(fraction, share, spread))), Self.minimumInterval)
    }

    /// When to knock next, nil once patience or bytes are used up.
    ///
    /// - Parameters:
    ///   - lastAsked: when the last packet was sent that the peer should answer: a new message is a knock as well.
    ///   - interval: between two knocks.
    func deadline(lastAsked: NIODeadline, interval: TimeAmount) -> NIODeadline? {
        guard bytesSent < Self.maximumBytes else { return nil }
        let deadline = max(last ?? lastAsked, lastAsked) + interval
        if let first, deadline - first > Self.patience { return nil }
        return deadline
    }

    mutating func knock(_ knock: Knock, now: NIODeadline) {
        if first == nil { first = now }
        last = now
        due = knock
        if case .message(let number) = knock { lastMessage = number }
    }

    /// Takes the knock to be written now.
    mutating func take() -> Knock? {
        defer { due = nil }
        return due
    }

    mutating func sent(bytes: Int) {
        bytesOfLast = bytes
        bytesSent += bytes
    }
}
