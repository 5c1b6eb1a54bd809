import IMRouting
import IMSync
import ShardedStore

/// Who hears of a user's timeline.
extension Core {
    func attach(_ session: SessionAddress, _ principal: Principal) {
        shard(of: principal.user).step { [self] memory in attach(session, principal, memory) }
    }

    func attach(_ session: SessionAddress, _ principal: Principal, _ memory: ShardMemory) {
        if case .attached = memory.registry.attach(session, as: principal) {
            meters.sessionsAttached.add(1)
        }
    }

    func detach(_ session: SessionAddress, _ principal: Principal) {
        let shard = shard(of: principal.user)
        shard.step { [self] memory in
            guard memory.registry.detach(session, of: principal.user) else { return }
            meters.sessionsAttached.add(-1)
            if let position = memory.positions.take(principal) { writePositions([principal: position], on: shard) }
        }
    }

    /// The device has no login any more: its sessions are told.
    func expel(_ principal: Principal, _ memory: ShardMemory?) {
        guard let memory else { return }
        for session in memory.registry.detachAll(principal) {
            meters.sessionsAttached.add(-1)
            emit(.loggedOut(session), memory)
        }
    }
}
