import Dispatch
import IMMessages
import IMRouting
import IMSync
import Logging
import ShardedStore

/// Who waits for a delivery: a send, or a repeat of one.
struct SendWaiter: Sendable {
    let origin: RequestOrigin
    let reply: IMSendReply
    let isRepeat: Bool
}

/// From one timeline to another, across shards.
extension Core {
    /// A stalled link tries again after this.
    private static let stallDelay = DispatchTimeInterval.seconds(1)
    /// Outbox records that go with one write, and how many may lie there before they get a write of their own.
    private static let settledBatch = 64
    private static let settledMax = 256

    /// An item in the sender's timeline, and what there is to do for its recipient's copy.
    struct Posted: Sendable {
        enum Copy: Sendable {
            /// The sender is the recipient.
            case none
            case appended(Timeline.Appended)
            case owed(to: Int, Delivery)
        }
        let own: Timeline.Appended
        let copy: Copy
        let reservation: UInt64?
    }

    /// Writes `item` into the sender's timeline, and its copy into the recipient's when that is on this shard, else into
    /// the outbox; all in this one transaction..
    func post(
        _ item: IMItem, on shard: CoreShard, in transaction: inout ShardTransaction, _ memory: ShardMemory
    ) throws(SyncError) -> Posted {
        let allocation = memory.ids.next(now: now)
        var item = item
        item.serverID = allocation.id
        item.serverTimeMs = allocation.milliseconds
        let target = store.shard(for: item.to)
        var copy = Posted.Copy.none
        if item.to != item.from, target == shard.index {
            copy = .appended(try Timeline(of: item.to).append(item.recipientsCopy, to: &transaction))
        }
        let own = try Timeline(of: item.from).append(item, to: &transaction)
        if target != shard.index {
            try Outbox.put(sender: item.from, seq: own.item.seq, serverID: item.serverID, in: &transaction)
            let delivery = Delivery(serverID: item.serverID, recipient: item.to, item: item.recipientsCopy)
            copy = .owed(to: target.value, delivery)
        }
        if let reservation = allocation.reservation {
            transaction.put(StoreKey(.reservation), number: reservation)
        }
        deleteSettled(memory, in: &transaction)
        return Posted(own: own, copy: copy, reservation: allocation.reservation)
    }

    /// What was posted is durable. True when the recipient's copy is as well.
    func posted(_ posted: Posted, origin: RequestOrigin, on shard: CoreShard, _ memory: ShardMemory) -> Bool {
        if let reservation = posted.reservation { memory.ids.confirm(reservation: reservation) }
        memory.notifies.add(posted.own, origin: origin.session)
        switch posted.copy {
        case .none: return true
        case .appended(let appended):
            memory.notifies.add(appended, origin: nil)
            return true
        case .owed(let target, let delivery):
            memory.links[target].enqueue(delivery)
            return false
        }
    }

    /// Sends the next batch on its way, when none is.
    func pump(from shard: CoreShard, to target: Int, _ memory: ShardMemory) {
        let batch = memory.links[target].nextBatch()
        guard !batch.isEmpty else { return }
        shards[target].run { transaction, _ in
            try Inbox.receive(batch, from: shard.number, in: &transaction)
        } completion: { [self] result, targetMemory in
            if case .success(let receipt) = result, let targetMemory {
                for appended in receipt.appended { targetMemory.notifies.add(appended, origin: nil) }
            }
            shard.step { [self] memory in
                switch result {
                case .success(let receipt): settle(receipt, from: shard, to: target, memory)
                case .failure(let error): stall(error, from: shard, to: target, memory)
                }
            }
        }
    }

    private func settle(_ receipt: Inbox.Receipt, from shard: CoreShard, to target: Int, _ memory: ShardMemory) {
        for (serverID, waiters) in memory.links[target].delivered() {
            memory.settled.append(serverID)
            let isDead = receipt.deadLetters.contains(serverID)
            if isDead {
                meters.deadLetters.add(1)
                logger.critical("a recipient's timeline on shard \(target) is damaged: item \(serverID) is kept aside")
            }
            for waiter in waiters {
                if isDead { refuse(waiter.origin, .internal, memory) } else { acknowledge(waiter, memory) }
            }
        }
        pump(from: shard, to: target, memory)
        if memory.settled.count >= Self.settledMax {
            shard.run({ [self] transaction, memory in
                while !memory.settled.isEmpty { deleteSettled(memory, in: &transaction) }
            }) { _, _ in }
        }
    }

    /// The items stay in the outbox; their senders are told that it takes longer.
    private func stall(_ error: StoreError, from shard: CoreShard, to target: Int, _ memory: ShardMemory) {
        let isClosed =
            switch error {
            case .shardClosed, .closed: true
            default: false
            }
        logger.error("deliveries from \(shard.index) to shard \(target) stand still: \(error)")
        for waiter in memory.links[target].failed(isClosed ? .broken : .stalled) {
            refuse(waiter.origin, .unavailable, memory)
        }
        guard !isClosed else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.stallDelay) { [self] in
            shard.step { [self] memory in
                memory.links[target].resume()
                pump(from: shard, to: target, memory)
            }
        }
    }

    func acknowledge(_ waiter: SendWaiter, _ memory: ShardMemory?) {
        (waiter.isRepeat ? meters.duplicates : meters.messagesAcknowledged).add(1)
        reply(waiter.origin, .success(waiter.reply), memory)
    }

    /// If the transaction fails they stay in the outbox until the next start, and are dropped by the mark then.
    private func deleteSettled(_ memory: ShardMemory, in transaction: inout ShardTransaction) {
        for serverID in memory.settled.prefix(Self.settledBatch) { Outbox.delete(serverID, in: &transaction) }
        memory.settled.removeFirst(min(Self.settledBatch, memory.settled.count))
    }
}
