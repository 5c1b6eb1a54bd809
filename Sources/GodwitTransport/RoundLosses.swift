import NIOCore

/// What a round trip's packets lost. More than the path loses by itself is a queue that overflows.
struct RoundLosses {
    /// As BBR's later versions have it (draft-ietf-ccwg-bbr, `BBR.LossThresh`).
    static let tolerated = 0.02
    /// Standard deviations that a path's own losses may stray by chance.
    static let scatter = 3.0

    private var lost = 0
    private var acknowledged = 0
    /// When the latest of the lost was sent.
    private(set) var latestSent = NIODeadline.distantPast

    mutating func acknowledged(bytes: Int) { acknowledged += bytes }

    mutating func lost(bytes: Int, latestSent: NIODeadline) {
        lost += bytes
        self.latestSent = max(self.latestSent, latestSent)
    }

    /// - Parameter own: the share that the path loses by itself, 0...1.
    func exceed(own: Double, datagram: Int) -> Bool {
        let sent = Double(lost + acknowledged) / Double(datagram)
        let excess = Double(lost) / Double(datagram) - own * sent
        let deviation = (sent * own * (1 - own)).squareRoot()
        return excess > max(Self.tolerated * sent, Self.scatter * deviation)
    }
}
