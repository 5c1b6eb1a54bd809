import NIOCore

/// One timer on one event loop. Moving the deadline later costs nothing: the timer fires early and asks again.
package final class LoopTimer {
    private let eventLoop: any EventLoop
    private let onFire: () -> Void
    private var scheduled: Scheduled<Void>?
    private var scheduledFor = NIODeadline.distantFuture
    private var deadline: NIODeadline?

    package init(eventLoop: any EventLoop, onFire: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.onFire = onFire
    }

    package func set(_ new: NIODeadline?) {
        deadline = new
        guard let new else { return }
        if scheduled != nil, scheduledFor <= new { return }
        scheduled?.cancel()
        scheduledFor = new
        scheduled = eventLoop.assumeIsolated().scheduleTask(deadline: new) { [weak self] in self?.fire() }
    }

    /// Ends the timer for good.
    package func cancel() {
        deadline = nil
        scheduled?.cancel()
        scheduled = nil
    }

    private func fire() {
        scheduled = nil
        guard let deadline else { return }
        if deadline > .now() {
            set(deadline)
        } else {
            self.deadline = nil
            onFire()
        }
    }
}
