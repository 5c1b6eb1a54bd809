/// Attempts and tasks of the last hour, by carrier, in a ring of 5-second buckets.
///
/// Each event loop owns one and writes plain integers. For a scrape each loop gives its ``figures(now:)`` for the
/// same `now`, and the figures are added. Times are nanoseconds of the monotonic clock
/// (`NIODeadline.uptimeNanoseconds`).
package struct SuccessWindow: Sendable {
    package enum Kind: Sendable { case attempt, task }
    package enum Outcome: Sendable { case ok, failed }

    static let bucketNanoseconds: UInt64 = 5_000_000_000
    static let bucketsPerMinute = 12
    static let bucketsPerHour = 720
    /// A full hour before the bucket that is being filled.
    private static let ringSize = bucketsPerHour + 1
    private static let cellsPerCarrier = 4
    private static let cellsPerBucket = MeasuredCarrier.allCases.count * cellsPerCarrier

    /// The bucket number since the clock's origin that a slot of the ring holds; -1 = none.
    private var epochs = [Int64](repeating: -1, count: ringSize)
    private var cells = [UInt32](repeating: 0, count: ringSize * cellsPerBucket)

    package init() {}

    /// Counts something that happened `age` ago, for reports that come after the fact.
    ///
    /// - Parameters:
    ///   - count: how often; nothing is counted for zero or less, and a cell saturates rather than wraps.
    ///   - ageSeconds: how long ago, 0...3,600.
    ///   - now: monotonic nanoseconds.
    /// - Returns: false when it is older than the hour that is kept, or than the clock itself.
    @discardableResult
    package mutating func record(
        _ kind: Kind, _ outcome: Outcome, carrier: MeasuredCarrier, count: Int = 1, ageSeconds: UInt64 = 0,
        now: UInt64
    ) -> Bool {
        guard count > 0 else { return true }
        let (ageNanoseconds, overflow) = ageSeconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow, ageNanoseconds <= now else { return false }
        let current = Self.bucket(at: now)
        let bucket = Self.bucket(at: now - ageNanoseconds)
        guard current - bucket <= Int64(Self.bucketsPerHour) else { return false }

        let slot = Int(bucket % Int64(Self.ringSize))
        guard epochs[slot] <= bucket else { return false }
        let start = slot * Self.cellsPerBucket
        if epochs[slot] != bucket {
            epochs[slot] = bucket
            for index in start..<(start + Self.cellsPerBucket) { cells[index] = 0 }
        }
        let index = start + carrier.index * Self.cellsPerCarrier + Self.cell(kind, outcome)
        let (sum, saturated) = cells[index].addingReportingOverflow(UInt32(clamping: count))
        cells[index] = saturated ? .max : sum
        return true
    }

    /// The hour up to `now`: the bucket that is being filled counts into the newest minute.
    package func figures(now: UInt64) -> SuccessFigures {
        var figures = SuccessFigures()
        let current = Self.bucket(at: now)
        for slot in epochs.indices {
            let age = current - epochs[slot]
            guard epochs[slot] >= 0, age >= 0, age <= Int64(Self.bucketsPerHour) else { continue }
            for carrier in MeasuredCarrier.allCases {
                figures.add(tally(slot, carrier), carrier: carrier, bucketAge: Int(age))
            }
        }
        return figures
    }

    private func tally(_ slot: Int, _ carrier: MeasuredCarrier) -> SuccessTally {
        let start = slot * Self.cellsPerBucket + carrier.index * Self.cellsPerCarrier
        var tally = SuccessTally()
        tally.attempts = SuccessCounts(ok: Int(cells[start]), failed: Int(cells[start + 1]))
        tally.tasks = SuccessCounts(ok: Int(cells[start + 2]), failed: Int(cells[start + 3]))
        return tally
    }

    private static func bucket(at nanoseconds: UInt64) -> Int64 {
        Int64(nanoseconds / bucketNanoseconds)
    }

    private static func cell(_ kind: Kind, _ outcome: Outcome) -> Int {
        switch (kind, outcome) {
        case (.attempt, .ok): 0
        case (.attempt, .failed): 1
        case (.task, .ok): 2
        case (.task, .failed): 3
        }
    }
}
