import IMMessages
import IMRouting
import IMSync
import ShardedStore

/// One send under way.
struct SendJob: Sendable {
    let origin: RequestOrigin
    let sender: Principal
    let request: IMSendRequest
}

/// Send: the sender's shard is the place of order. It remembers the client message id, writes the sender's item and
/// owes the recipient's; the reply leaves when both are on disk.
extension Core {
    static let bodyBytesMax = 65_536
    /// Each job keeps a copy of the transaction to go back to, so a transaction must stay small.
    private static let answeredTogetherMax = 32

    private enum SendOutcome: Sendable {
        case posted(Posted, StoredSent)
        case repeated(StoredSent)
        /// Waits for the recipient's shard to say whether there is such a user; `ask` when nobody has asked yet.
        case waits(ask: Bool)
        case refused(Refusal)
    }

    func send(_ job: SendJob) {
        if let refusal = Self.check(job.request) { return refuse(job.origin, refusal, nil) }
        let shard = shard(of: job.sender.user)
        shard.run { [self] transaction, memory in
            attempt(job, isAnswered: false, on: shard, in: &transaction, memory)
        } completion: { [self] result, memory in
            guard let memory else { return refuse(job.origin, Refusal(result), nil) }
            finish((try? result.get()) ?? .refused(Refusal(result)), job, on: shard, memory)
        }
    }

    private static func check(_ request: IMSendRequest) -> Refusal? {
        guard Names.isClientMessageID(request.clientMessageID) else {
            return Refusal(.badRequest, "client_message_id is 1 to \(Names.clientMessageIDBytesMax) bytes")
        }
        guard request.afterClientMessageID.isEmpty || Names.isClientMessageID(request.afterClientMessageID) else {
            return Refusal(
                .badRequest, "after_client_message_id is at most \(Names.clientMessageIDBytesMax) bytes")
        }
        guard !request.body.isEmpty else { return Refusal(.badRequest, "the body is empty") }
        guard request.body.utf8.count <= bodyBytesMax else {
            return Refusal(.tooLarge, "the body is \(request.body.utf8.count) bytes; at most \(bodyBytesMax) go")
        }
        guard Names.isUser(request.to) else {
            return Refusal(
                .unknownRecipient,
                "there is no user of this name: a name is 1 to 64 bytes of letters, digits, '.', '_', '-'")
        }
        return nil
    }

    /// A failure is this job's alone, also when it runs together with others: it leaves the transaction as it was.
    private func attempt(
        _ job: SendJob, isAnswered: Bool, on shard: CoreShard, in transaction: inout ShardTransaction,
        _ memory: ShardMemory
    ) -> SendOutcome {
        let before = transaction
        do {
            return try execute(job, isAnswered: isAnswered, on: shard, in: &transaction, memory)
        } catch {
            transaction = before
            return .refused(Refusal(.body(error)))
        }
    }

    /// - Parameter isAnswered: the recipient is known to exist, or to have been asked for just now.
    private func execute(
        _ job: SendJob, isAnswered: Bool, on shard: CoreShard, in transaction: inout ShardTransaction,
        _ memory: ShardMemory
    ) throws(SyncError) -> SendOutcome {
        let request = job.request
        let sent = SentMessages(user: job.sender.user, device: job.sender.device)
        if let known = try sent.find(request.clientMessageID, in: transaction) { return .repeated(known) }
        let target = store.shard(for: request.to)
        if target == shard.index {
            guard try transaction.exists(.account(request.to)) else { return .refused(Self.unknown(request.to)) }
        } else if !isAnswered {
            guard memory.links[target.value].stop == nil else { return .refused(.unavailable) }
            guard !memory.links[target.value].isFull else { return .refused(.overloaded) }
            switch memory.lookups.admit(job, for: request.to) {
            case .known: break
            case .ask: return .waits(ask: true)
            case .waits: return .waits(ask: false)
            case .full: return .refused(.overloaded)
            }
        }
        if !request.afterClientMessageID.isEmpty,
            try sent.find(request.afterClientMessageID, in: transaction) == nil
        {
            return .refused(
                Refusal(.conflict, "the message before this one has not arrived; send that one first, then this"))
        }
        let posted = try post(Self.item(job), on: shard, in: &transaction, memory)
        var memo = StoredSent()
        memo.serverID = posted.own.item.serverID
        memo.serverTimeMs = posted.own.item.serverTimeMs
        memo.seq = posted.own.item.seq
        try sent.record(request.clientMessageID, memo, in: &transaction)
        return .posted(posted, memo)
    }

    private static func item(_ job: SendJob) -> IMItem {
        var item = IMItem()
        item.kind = .message
        item.from = job.sender.user
        item.fromDevice = job.sender.device
        item.to = job.request.to
        item.body = job.request.body
        item.clientTimeMs = job.request.clientTimeMs
        item.clientMessageID = job.request.clientMessageID
        return item
    }

    private static func unknown(_ user: String) -> Refusal {
        Refusal(.unknownRecipient, "there is no user \(user)")
    }

    private func finish(
        _ outcome: SendOutcome, _ job: SendJob, on shard: CoreShard, _ memory: ShardMemory
    ) {
        switch outcome {
        case .posted(let posted, let sent):
            let waiter = Self.waiter(job, sent, isRepeat: false)
            guard !self.posted(posted, origin: job.origin, on: shard, memory) else {
                return acknowledge(waiter, memory)
            }
            join(waiter, serverID: sent.serverID, from: shard, memory)
        case .repeated(let sent):
            join(Self.waiter(job, sent, isRepeat: true), serverID: sent.serverID, from: shard, memory)
        case .waits(let ask):
            if ask { lookUp(job.request.to, from: shard) }
        case .refused(let refusal):
            refuse(job.origin, refusal, memory)
        }
    }

    private static func waiter(_ job: SendJob, _ sent: StoredSent, isRepeat: Bool) -> SendWaiter {
        var reply = IMSendReply()
        reply.serverID = sent.serverID
        reply.serverTimeMs = sent.serverTimeMs
        reply.seq = sent.seq
        reply.previousSeq = sent.seq - 1
        return SendWaiter(origin: job.origin, reply: reply, isRepeat: isRepeat)
    }

    /// The reply waits until the recipient's copy is durable.
    private func join(_ waiter: SendWaiter, serverID: UInt64, from shard: CoreShard, _ memory: ShardMemory) {
        guard let target = memory.link(with: serverID) else { return acknowledge(waiter, memory) }
        switch memory.links[target].join(serverID, waiter) {
        case .waits: pump(from: shard, to: target, memory)
        case .delivered: acknowledge(waiter, memory)
        case .full: refuse(waiter.origin, .overloaded, memory)
        case .stopped: refuse(waiter.origin, .unavailable, memory)
        }
    }

    // MARK: Is there such a user

    private func lookUp(_ user: String, from shard: CoreShard) {
        self.shard(of: user).run { transaction, _ in
            try transaction.exists(.account(user))
        } completion: { [self] result, _ in
            switch result {
            case .success(let exists): answer(user, exists: exists, on: shard)
            case .failure(let error):
                shard.step { [self] memory in
                    for job in memory.lookups.abandon(user) { refuse(job.origin, Refusal(error), memory) }
                }
            }
        }
    }

    /// All that waited for the answer go on in order and before any send that comes later, a bounded number of them in
    /// one transaction.
    private func answer(_ user: String, exists: Bool, on shard: CoreShard) {
        shard.run { [self] transaction, memory in
            let (jobs, more) = memory.lookups.resolve(user, exists: exists, max: Self.answeredTogetherMax)
            let outcomes = jobs.map { job in
                guard exists else { return SendOutcome.refused(Self.unknown(user)) }
                return attempt(job, isAnswered: true, on: shard, in: &transaction, memory)
            }
            return (outcomes: outcomes, more: more)
        } completion: { [self] result, memory in
            guard let memory else {
                return shard.step { [self] memory in
                    for job in memory.lookups.abandon(user) { refuse(job.origin, .overloaded, memory) }
                }
            }
            switch result {
            case .success(let answered):
                for (job, outcome) in zip(memory.lookups.take(user), answered.outcomes) {
                    finish(outcome, job, on: shard, memory)
                }
                if answered.more { answer(user, exists: exists, on: shard) }
            case .failure(let error):
                for job in memory.lookups.abandon(user) { refuse(job.origin, Refusal(error), memory) }
            }
        }
    }
}
