import NIOCore

/// The simulator's time: it stands still until someone advances it, and never goes back.
package struct VirtualClock: Sendable {
    package private(set) var now: NIODeadline
    package let start: NIODeadline

    /// Starts at an hour of uptime: not zero, so that arithmetic which confuses instants and durations shows.
    package init() {
        start = .uptimeNanoseconds(3_600_000_000_000)
        now = start
    }

    /// Virtual time since the start.
    package var elapsed: TimeAmount { now - start }

    /// Goes forward to `instant`; an instant in the past changes nothing, as with timers that are late.
    package mutating func advance(to instant: NIODeadline) {
        now = max(now, instant)
    }

    package mutating func advance(by amount: TimeAmount) {
        advance(to: now + amount)
    }
}
