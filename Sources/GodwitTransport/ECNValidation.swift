import GodwitWire

/// Whether marks survive the path (RFC 9000 §13.4.2). A few packets go first; only when the peer has counted them do all of a bulk's.
///
/// Bulk alone is marked. A chat fills no queues, and its acknowledgements stay short.
struct ECNValidation {
    /// RFC 9000 appendix A.4 tests with ten.
    static let testPackets: UInt64 = 10

    private(set) var isFailed = false
    private(set) var isCapable = false
    private var sent: UInt64 = 0
    private var arrived: UInt64 = 0
    private var reported = ECNCounts()

    /// The next packet of bulk should be marked.
    var wantsMark: Bool { !isFailed && (isCapable || sent < Self.testPackets) }

    mutating func sentMarked() { sent += 1 }

    /// An acknowledgement of a larger packet number than any before.
    ///
    /// - Parameters:
    ///   - marked: packets with a mark that it acknowledges for the first time.
    ///   - counts: what it says of marks, if anything.
    /// - Returns: whether a router has met congestion since the last one.
    mutating func acknowledged(marked: Int, _ counts: ECNCounts?) -> Bool {
        arrived += UInt64(marked)
        guard !isFailed, sent > 0 else { return false }
        guard let counts else {
            // What is reported late may be missing once; what was never reported is gone.
            if !isCapable, arrived >= Self.testPackets { isFailed = true }
            return false
        }
        let (total, overflow) = counts.capable0.addingReportingOverflow(counts.congestionExperienced)
        // Fewer marks than packets: somebody removes them. Others than ours, or fewer than before: somebody invents them.
        guard !overflow, total >= arrived, total <= sent, counts.capable1 == 0,
            counts.congestionExperienced >= reported.congestionExperienced
        else {
            isFailed = true
            isCapable = false
            return false
        }
        let isCongested = counts.congestionExperienced > reported.congestionExperienced
        reported = counts
        isCapable = true
        return isCongested
    }
}
