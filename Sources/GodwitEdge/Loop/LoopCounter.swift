import GodwitMetrics

/// A shared counter's share of one event loop: a plain integer, added to the shared one at a scrape.
struct LoopCounter {
    private let shared: Counter
    private var pending = 0

    init(_ shared: Counter) {
        self.shared = shared
    }

    mutating func add(_ amount: Int = 1) {
        pending &+= amount
    }

    mutating func publish() {
        guard pending != 0 else { return }
        shared.increment(by: pending)
        pending = 0
    }
}
