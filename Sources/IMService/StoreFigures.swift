import Bitcask
import ShardedStore

/// The store's figures, summed over the shards, each as of its latest group of writes.
package struct StoreFigures: Equatable, Sendable {
    package var keys = 0
    package var liveBytes = 0
    package var deadBytes = 0
    package var corruptRecords = 0
    package var syncs = 0

    mutating func add(_ shard: BitcaskStatistics) {
        keys += shard.keys
        liveBytes += Int(clamping: shard.liveBytes)
        deadBytes += Int(clamping: shard.deadBytes)
        corruptRecords += shard.corruptRecords
        syncs += Int(clamping: shard.syncs)
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
