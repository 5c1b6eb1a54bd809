import IMRouting
import IMSync

/// What the core keeps in memory for one shard. Only the shard's writer thread touches it (see ``CoreShard``).
final class ShardMemory {
    var registry: SessionRegistry
    var ids: ServerIDAllocator
    var lookups = RecipientLookups<SendJob>()
    /// The ways to the other shards, by their number.
    var links: [DeliveryLink<SendWaiter>]
    /// Deliveries that are done and whose outbox records may go, with the next write.
    var settled: [UInt64] = []
    var positions = AcknowledgedPositions<Principal>(capacity: 1_024)
    var notifies = NotifyCollector()
    /// What waits for the end of the group.
    var outputs: [CoreOutput] = []
    /// Transactions of the group under way that have run and are not completed.
    var openTransactions = 0

    /// The store said that the shard has stopped.
    var hasFailed = false

    init(shard: UInt8, shardCount: Int, configuration: IMServiceConfiguration) {
        registry = SessionRegistry(sessionsPerUserMax: configuration.sessionsPerUserMax)
        ids = ServerIDAllocator(shard: shard, reserved: 0)
        let link = DeliveryLink<SendWaiter>(capacity: max(1, configuration.requestsMax))
        links = Array(repeating: link, count: shardCount)
    }

    /// The link on which a delivery is still under way.
    func link(with serverID: UInt64) -> Int? {
        links.firstIndex { $0.isPending(serverID) }
    }
}
