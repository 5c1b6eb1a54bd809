import NIOCore

/// Notices that packets above the base size vanish while smaller ones arrive (RFC 8899 §4.3): a route has changed to a smaller MTU.
struct BlackHole: Equatable {
    /// Large packets lost in a row with later, smaller ones acknowledged. At 20 % of random loss that happens to six in a row once in
    /// 15,000 times, and costs a search then.
    static let lossesInARow = 6
    /// With nothing acknowledged at all the base size is used from this probe timeout on.
    static let timeouts = 2

    private var largestArrived: UInt64 = 0
    private var lost = 0

    var isFound: Bool { lost >= Self.lossesInARow }

    /// - Parameter number: of a large packet that has arrived.
    mutating func arrived(_ number: UInt64) {
        guard number >= largestArrived else { return }
        largestArrived = number
        lost = 0
    }

    /// - Parameters:
    ///   - count: of large packets declared lost.
    ///   - lowest: the lowest number of them.
    mutating func lost(_ count: Int, lowest: UInt64) {
        if lowest > largestArrived { lost += count }
    }
}
