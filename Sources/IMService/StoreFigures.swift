import Bitcask
import ShardedStore

/// The store's figures, summed over the shards.
package struct StoreFigures: Equatable, Sendable {
    package var keys = 0
    package var liveBytes = 0
    package var deadBytes = 0
    package var corruptRecords = 0
    package var syncs = 0
    package var files = 0
    package var merges = 0
    package var mergeFailures = 0
    package var mergedBytes = 0
    package var scrubbedBytes = 0
    package var scrubFindings = 0

    mutating func add(_ shard: BitcaskStatistics) {
        keys += shard.keys
        liveBytes += Int(clamping: shard.liveBytes)
        deadBytes += Int(clamping: shard.deadBytes)
        corruptRecords += shard.corruptRecords
        syncs += Int(clamping: shard.syncs)
        files += shard.files
        merges += Int(clamping: shard.merges)
        mergeFailures += Int(clamping: shard.mergeFailures)
        mergedBytes += Int(clamping: shard.mergeWrittenBytes)
        scrubbedBytes += Int(clamping: shard.scrubbedBytes)
        scrubFindings += Int(clamping: shard.scrubFindings)
    }
}

extension IMService {
    /// For the metrics page.
    package var storeFigures: StoreFigures {
        var sum = StoreFigures()
        for index in 0..<core.store.shardCount { sum.add(core.store.statistics(of: ShardIndex(index))) }
        return sum
    }
}
