import IMMessages
import IMRouting
import IMSync
import Logging
import ShardedStore

/// Sync: a window of the timeline behind the presented key.
extension Core {
    func sync(_ origin: RequestOrigin, _ reader: Principal, _ request: IMSyncRequest) {
        let resync = Refusal(.resync, "the sync key is not this timeline's; start from an empty key")
        guard case .position(let position) = positions.read(request.key, user: reader.user) else {
            meters.resyncs.add(1)
            return refuse(origin, resync, nil)
        }
        let window = request.window == 0 ? Timeline.windowItemsMax : Int(clamping: request.window)
        let itemsMax = min(window, Timeline.windowItemsMax)
        let shard = shard(of: reader.user)
        shard.run { transaction, _ in
            let timeline = Timeline(of: reader.user)
            // A key of the future comes from a store that has lost its end, or from another one.
            guard position <= (try timeline.head(in: transaction)) else { throw resync }
            return try timeline.window(after: position, itemsMax: itemsMax, in: transaction)
        } completion: { [self] result, memory in
            guard case .success(let window) = result else {
                let refusal = Refusal(result)
                if refusal.status == .resync { meters.resyncs.add(1) }
                return refuse(origin, refusal, memory)
            }
            meters.syncs.add(1)
            if window.damaged > 0 {
                logger.critical(
                    "\(window.damaged) items of a timeline on \(shard.index) are damaged: a sync left them out")
            }
            reply(origin, syncReply(window, user: reader.user), memory)
            if let memory, memory.positions.note(reader, position) {
                writePositions(memory.positions.takeAll(), on: shard)
            }
        }
    }

    private func syncReply(_ window: Timeline.Window, user: String) -> Result<IMSyncReply, Refusal> {
        var reply = IMSyncReply()
        reply.items = window.items
        reply.more = window.more
        guard let key = positions.bytes(user: user, seq: window.end) else { return .failure(.internal) }
        reply.nextKey = key
        return .success(reply)
    }

    /// Nobody waits for this: a lost position costs nothing but knowledge of how far a device has read.
    func writePositions(
        _ positions: [Principal: UInt64], on shard: CoreShard, then: @escaping @Sendable () -> Void = {}
    ) {
        guard !positions.isEmpty else { return then() }
        shard.run { transaction, _ in
            for (principal, seq) in positions {
                var devices = try DeviceList(of: principal.user, in: transaction)
                devices.acknowledge(principal.device, seq)
                try devices.save(in: &transaction)
            }
        } completion: { _, _ in
            then()
        }
    }
}
