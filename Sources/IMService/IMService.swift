import IMRouting
import ShardedStore

/// The instant-messaging core: accounts, sending, timelines and notifies on a sharded store.
///
/// No call blocks: each is posted to the thread that owns what it touches. Outputs come from those threads.
package final class IMService: Sendable {
    /// Opens the store and begins to deliver what a crash left undelivered.
    ///
    /// - Parameter output: called on the core's threads with what is to be done, in order for each session; must not block.
    package init(
        configuration: IMServiceConfiguration, output: @escaping @Sendable ([CoreOutput]) -> Void
    ) throws(IMServiceError) {
        fatalError()
    }

    /// One request. `command` as in `docs/im.proto`; `origin.principal` is what the last login's reply gave.
    package func handle(_ origin: RequestOrigin, command: UInt32, body: [UInt8]) {
    }

    /// Notifies for `principal.user` go to this session as well. A login does it by itself; this is for a session that
    /// comes back with its login after `detach`.
    package func attach(_ session: SessionAddress, principal: Principal) {
    }

    /// The session is gone: no more notifies to it.
    package func detach(_ session: SessionAddress, principal: Principal) {
    }

    /// Waits for what is under way, then closes the store. Requests that come later are answered `unavailable`.
    package func shutdown() {
    }

    /// Figures since the start, for the metrics page.
    package var counters: IMServiceCounters { IMServiceCounters() }
}
