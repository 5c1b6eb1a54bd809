import Synchronization

/// Where pure code gets its random numbers: the system's generator in a process, a seeded one in the simulator.
package struct RandomSource: Sendable {
    private let generate: @Sendable () -> UInt64

    package init(_ next: @escaping @Sendable () -> UInt64) {
        generate = next
    }

    /// The operating system's generator; fit for connection IDs, keys and tickets.
    package static let system = RandomSource { UInt64.random(in: .min ... .max) }

    /// A generator that gives the same numbers for the same seed (SplitMix64); never for secrets outside a test.
    package static func seeded(_ seed: UInt64) -> RandomSource {
        let state = SplitMix64(seed)
        return RandomSource { state.next() }
    }

    package func next() -> UInt64 { generate() }

    package func bytes(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            let word = generate()
            for shift in stride(from: UInt64(0), to: 64, by: 8) where result.count < count {
                result.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return result
    }

    /// A number in 0..<1 with 53 random bits.
    package func uniform() -> Double {
        Double(generate() >> 11) * 0x1p-53
    }
}

/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014.
private final class SplitMix64: Sendable {
    private let state: Mutex<UInt64>

    init(_ seed: UInt64) {
        state = Mutex(seed)
    }

    func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }
}
