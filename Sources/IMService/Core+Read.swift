import IMMessages
import IMRouting
import IMSync
import ShardedStore

/// Read receipts: an item for the peer, and one for the reader's other devices. They only move forward.
extension Core {
    func read(_ origin: RequestOrigin, _ reader: Principal, _ request: IMReadRequest) {
        guard Names.isUser(request.peer), request.upToSeq > 0 else {
            return refuse(
                origin, Refusal(.badRequest, "read needs a peer and the seq of a message from that peer"), nil)
        }
        let shard = shard(of: reader.user)
        shard.run { [self] transaction, memory in
            try mark(reader, request, on: shard, in: &transaction, memory)
        } completion: { [self] result, memory in
            guard case .success(let posted) = result, let memory else { return refuse(origin, Refusal(result), memory) }
            if let posted {
                meters.readReceipts.add(1)
                _ = self.posted(posted, origin: origin, on: shard, memory)
                if case .owed(let target, _) = posted.copy { pump(from: shard, to: target, memory) }
            }
            reply(origin, .success(IMReadReply()), memory)
        }
    }

    /// Nil when this was read already.
    private func mark(
        _ reader: Principal, _ request: IMReadRequest, on shard: CoreShard,
        in transaction: inout ShardTransaction, _ memory: ShardMemory
    ) throws -> Posted? {
        let message = try Timeline(of: reader.user).item(at: request.upToSeq, in: transaction)
        guard let message, message.kind == .message, message.from == request.peer else {
            throw Refusal(.badRequest, "there is no message from \(request.peer) at \(request.upToSeq)")
        }
        guard request.peer != reader.user else { return nil }
        let key = StoreKey.readMark(reader.user, request.peer)
        guard message.serverID > (try transaction.number(key) ?? 0) else { return nil }
        // A receipt may be given again, so it is not worth waiting for a way that stands still.
        let target = store.shard(for: request.peer)
        if target != shard.index {
            guard memory.links[target.value].stop == nil else { throw Refusal.unavailable }
            guard !memory.links[target.value].isFull else { throw Refusal.overloaded }
        }
        var item = IMItem()
        item.kind = .readReceipt
        item.from = reader.user
        item.fromDevice = reader.device
        item.to = request.peer
        item.readUpToServerID = message.serverID
        let posted = try post(item, on: shard, in: &transaction, memory)
        transaction.put(key, number: message.serverID)
        return posted
    }
}
