import GodwitWire

/// Whether marks survive the path (RFC 9000 §13.4.2). A few packets go first; only when the peer has counted them do all of a bulk's.
///
/// Bulk alone is marked. A chat fills no queues, and its acknowledgements stay short.
struct ECNValidation: Equatable {
    /// RFC 9000 appendix A.4 tests with ten.
    static let testPackets: UInt64 = 10

    private(set) var isFailed = false
    private(set) var isCapable = false
    /// Paths of this connection on which marks were found to arrive, and on which not.
    private(set) var pathsCapable: UInt64 = 0
    private(set) var pathsFailed: UInt64 = 0
    /// This path is one of `pathsCapable`.
    private var isCounted = false
    /// Marked packets of this test, and the first of them.
    private var tested: UInt64 = 0
    private var firstNumber: UInt64?
    /// Marked packets acknowledged in a row without any count.
    private var uncounted: UInt64 = 0
    /// As the peer's counts, over all paths.
    private var sent: UInt64 = 0
    private var arrived: UInt64 = 0
    private var reported = ECNCounts()

    /// The next packet of bulk should be marked.
    var wantsMark: Bool { !isFailed && (isCapable || tested < Self.testPackets) }

    mutating func sentMarked(_ number: UInt64) {
        sent += 1
        tested += 1
        firstNumber = firstNumber ?? number
    }

    /// Nothing is answered, and the marks may be why: they are tested anew when something is.
    mutating func doubt() {
        guard isCapable else { return }
        isCapable = false
        tested = 0
        firstNumber = nil
    }

    /// Packets now take another path. The peer goes on counting, so what it has counted is where this path begins.
    mutating func pathChanged() {
        isFailed = false
        isCapable = false
        isCounted = false
        tested = 0
        firstNumber = nil
        uncounted = 0
        arrived = reported.capable0 + reported.congestionExperienced
        sent = max(sent, arrived)
    }

    /// An acknowledgement of a larger packet number than any before.
    ///
    /// - Parameters:
    ///   - marked: packets with a mark that it acknowledges for the first time.
    ///   - largest: number of the latest of them.
    ///   - counts: what it says of marks, if anything.
    /// - Returns: whether a router has met congestion since the last one.
    mutating func acknowledged(marked: Int, largest: UInt64?, _ counts: ECNCounts?) -> Bool {
        arrived += UInt64(marked)
        guard sent > 0 else { return false }
        guard let counts else {
            // What is reported late may be missing once; what was never reported is gone.
            uncounted += UInt64(marked)
            if !isFailed, uncounted >= Self.testPackets { fail() }
            return false
        }
        uncounted = 0
        let (total, overflow) = counts.capable0.addingReportingOverflow(counts.congestionExperienced)
        guard !overflow else {
            if !isFailed { fail() }
            return false
        }
        let before = reported
        reported = counts
        guard !isFailed else { return false }
        // Fewer marks than packets: somebody removes them. Others than ours, or fewer than before: somebody invents them.
        guard total >= arrived, total <= sent, counts.capable1 == before.capable1,
            counts.congestionExperienced >= before.congestionExperienced
        else {
            fail()
            return false
        }
        if !isCapable, let largest, let firstNumber, largest >= firstNumber {
            isCapable = true
            if !isCounted { pathsCapable += 1 }
            isCounted = true
        }
        return counts.congestionExperienced > before.congestionExperienced
    }

    /// The same, with its paths counted by others.
    var withoutFigures: ECNValidation {
        var copy = self
        copy.pathsCapable = 0
        copy.pathsFailed = 0
        return copy
    }

    private mutating func fail() {
        isFailed = true
        isCapable = false
        pathsFailed += 1
    }
}
