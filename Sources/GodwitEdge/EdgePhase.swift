import Synchronization

/// How far an edge is in its life. Only forward.
final class EdgePhase: Sendable {
    enum Step: Int, Comparable {
        case starting, serving, draining, stopped

        static func < (left: Step, right: Step) -> Bool { left.rawValue < right.rawValue }
    }

    private let step = Mutex(Step.starting)

    var current: Step { step.withLock { $0 } }

    /// False when that step, or a later one, was reached before.
    @discardableResult
    func enter(_ next: Step) -> Bool {
        step.withLock { step in
            guard step < next else { return false }
            step = next
            return true
        }
    }
}
