/// How often something succeeded and failed.
package struct SuccessCounts: Equatable, Sendable {
    package var ok = 0
    package var failed = 0

    package init(ok: Int = 0, failed: Int = 0) {
        self.ok = ok
        self.failed = failed
    }

    /// 0...1; nil when nothing happened, which is neither success nor failure.
    package var rate: Double? {
        let total = ok + failed
        return total > 0 ? Double(ok) / Double(total) : nil
    }

    package static func += (left: inout SuccessCounts, right: SuccessCounts) {
        left.ok += right.ok
        left.failed += right.failed
    }
}

/// Attempts (one try on one carrier) and tasks (what the user wanted, after retries), counted apart.
package struct SuccessTally: Equatable, Sendable {
    package var attempts = SuccessCounts()
    package var tasks = SuccessCounts()

    package init() {}

    package static func += (left: inout SuccessTally, right: SuccessTally) {
        left.attempts += right.attempts
        left.tasks += right.tasks
    }
}
