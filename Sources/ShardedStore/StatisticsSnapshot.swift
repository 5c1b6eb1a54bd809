import Bitcask
import Synchronization

/// The writer's latest figures for readers on other threads.
final class StatisticsSnapshot: Sendable {
    private let latest: Mutex<(statistics: BitcaskStatistics, mergeFailures: Int)>

    init(_ statistics: BitcaskStatistics) {
        latest = Mutex((statistics, 0))
    }

    var value: BitcaskStatistics {
        get { latest.withLock { $0.statistics } }
        set { latest.withLock { $0.statistics = newValue } }
    }

    /// Merges given up because the disk refused.
    var mergeFailures: Int {
        get { latest.withLock { $0.mergeFailures } }
        set { latest.withLock { $0.mergeFailures = newValue } }
    }
}
