import Synchronization

/// A double that many threads add to without a lock: its bits in one relaxed atomic word.
package struct AtomicDouble: ~Copyable, Sendable {
    private let bits: Atomic<UInt64>

    package init(_ value: Double = 0) {
        bits = Atomic(value.bitPattern)
    }

    package var value: Double {
        Double(bitPattern: bits.load(ordering: .relaxed))
    }

    package func store(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    package func add(_ amount: Double) {
        var seen = bits.load(ordering: .relaxed)
        while true {
            let sum = Double(bitPattern: seen) + amount
            let (exchanged, original) = bits.weakCompareExchange(
                expected: seen, desired: sum.bitPattern, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }
}
