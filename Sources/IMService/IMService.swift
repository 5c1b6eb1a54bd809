import IMMessages
import IMRouting
import ShardedStore
import SwiftProtobuf

/// The instant-messaging core: accounts, sending, timelines and notifies on a sharded store.
///
/// No call blocks: each is posted to the thread that owns what it touches. Outputs come from those threads.
package final class IMService: Sendable {
    let core: Core

    /// Opens the store and begins to deliver what a crash left undelivered.
    ///
    /// - Parameter output: called with what is to be done, the pushes of each session in order. It comes from the core's
    ///   threads, and from the caller's of `handle` when a request is refused at the door; it must not block.
    package init(
        configuration: IMServiceConfiguration, output: @escaping @Sendable ([CoreOutput]) -> Void
    ) throws(IMServiceError) {
        guard configuration.passwordCost.isValid else { throw .invalidPasswordCost(configuration.passwordCost) }
        // Each request under way has one transaction waiting at a time, and each pair of shards one batch.
        let mailboxLimit = 2 * max(1, configuration.requestsMax) + 4_096
        let store: ShardedStore
        do {
            store = try ShardedStore(
                directory: configuration.directory, shardCount: configuration.shardCount,
                options: .init(mailboxLimit: mailboxLimit))
        } catch {
            throw .store(error)
        }
        do throws(IMServiceError) {
            core = Core(
                configuration: configuration, store: store, signer: try Core.loadSigner(store), output: output)
            try core.recover()
        } catch {
            store.close()
            throw error
        }
    }

    /// One request. `command` as in `docs/im.proto`; `origin.principal` is what the last login's reply gave.
    package func handle(_ origin: RequestOrigin, command: UInt32, body: [UInt8]) {
        if let refusal = core.admit() { return core.turnAway(origin, refusal) }
        switch IMCommand(rawValue: Int(command)) {
        case .login?: decoded(origin, body) { core.login(origin, $0) }
        case .send?:
            decoded(origin, body) { request in
                withPrincipal(origin) { core.send(SendJob(origin: origin, sender: $0, request: request)) }
            }
        case .sync?: decoded(origin, body) { request in withPrincipal(origin) { core.sync(origin, $0, request) } }
        case .read?: decoded(origin, body) { request in withPrincipal(origin) { core.read(origin, $0, request) } }
        case .logout?: withPrincipal(origin) { core.logout(origin, $0) }
        default:
            core.refuse(origin, Refusal(.unknownCommand, "the core has no command \(command)"), nil)
        }
    }

    private func decoded<Request: Message>(
        _ origin: RequestOrigin, _ body: [UInt8], _ next: (Request) -> Void
    ) {
        guard let request = try? Request(serializedBytes: body) else { return core.refuse(origin, .malformed, nil) }
        next(request)
    }

    private func withPrincipal(_ origin: RequestOrigin, _ next: (Principal) -> Void) {
        guard let principal = origin.principal else { return core.refuse(origin, .loginFirst, nil) }
        next(principal)
    }

    /// Notifies for `principal.user` go to this session as well. A login does it by itself; this is for a session that
    /// comes back with its login after `detach`.
    package func attach(_ session: SessionAddress, principal: Principal) {
        core.attach(session, principal)
    }

    /// The session is gone: no more notifies to it.
    package func detach(_ session: SessionAddress, principal: Principal) {
        core.detach(session, principal)
    }

    /// Waits for what is under way, 10 s at most, then closes the store. Blocks; requests that come later are answered
    /// `unavailable`.
    package func shutdown() {
        core.stop()
    }

    /// Figures since the start, for the metrics page.
    package var counters: IMServiceCounters { core.meters.snapshot }
}
