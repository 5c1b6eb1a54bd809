import NIOCore

/// Decides how many bytes may be on their way. Stored by its own type, never as an existential: it is asked for each packet.
protocol CongestionController: Sendable {
    init(maximumDatagramBytes: Int)

    var windowBytes: Int { get }

    /// - Parameter wasLimited: the window, not the application, was what kept more from being sent.
    mutating func acknowledged(bytes: Int, sentAt: NIODeadline, wasLimited: Bool, now: NIODeadline)

    /// - Parameter latestSent: when the latest of the lost packets was sent.
    mutating func lost(bytes: Int, latestSent: NIODeadline, now: NIODeadline)

    /// Packets now take another path, of which nothing is known.
    mutating func pathChanged()
}
