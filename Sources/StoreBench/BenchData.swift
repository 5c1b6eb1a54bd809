/// The same keys and values for every store: 16-byte keys in random order, values that no compression makes smaller and
/// that begin with the key's number, so that every read can be checked.
package struct BenchData: Sendable {
    package static let keyBytes = 16
    /// What a value needs to hold its number.
    package static let smallestValue = 8
    private static let poolBytes = 1 << 20

    private let seed: UInt64
    private let valueBytes: Int
    private let pool: [UInt8]

    package init(seed: UInt64, valueBytes: Int) {
        self.seed = seed
        self.valueBytes = max(valueBytes, Self.smallestValue)
        var random = BenchRandom(seed: seed)
        var pool = [UInt8]()
        pool.reserveCapacity(Self.poolBytes)
        for _ in 0..<Self.poolBytes / 8 {
            withUnsafeBytes(of: random.next()) { pool.append(contentsOf: $0) }
        }
        self.pool = pool
    }

    /// Writes key `number` into 16 bytes: a bijection of the number, so that neighbours are far apart, then the number.
    @inline(__always)
    package func fill(_ key: UnsafeMutableRawBufferPointer, with number: Int) {
        key.storeBytes(of: BenchRandom.mix(UInt64(number) ^ seed).bigEndian, as: UInt64.self)
        key.storeBytes(of: UInt64(number).bigEndian, toByteOffset: 8, as: UInt64.self)
    }

    /// Calls `body` with the value of key `number`. `scratch` holds at least a value.
    @inline(__always)
    package func withValue<R>(
        of number: Int, scratch: UnsafeMutableRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> R
    ) rethrows -> R {
        try pool.withUnsafeBytes { pool in
            let start = (number &* 509) % (pool.count - valueBytes)
            let value = UnsafeMutableRawBufferPointer(rebasing: scratch[..<valueBytes])
            value.copyMemory(from: UnsafeRawBufferPointer(rebasing: pool[start..<start + valueBytes]))
            value.storeBytes(of: UInt64(number), as: UInt64.self)
            return try body(UnsafeRawBufferPointer(value))
        }
    }

    /// Whether these bytes are the value of key `number`: its length and its first eight bytes.
    @inline(__always)
    package func isValue(_ value: UnsafeRawBufferPointer, of number: Int) -> Bool {
        value.count == valueBytes && value.loadUnaligned(as: UInt64.self) == UInt64(number)
    }

    /// All entries from `range`, in the keys' random order.
    package func entries(_ range: Range<Int>) -> some Sequence<(key: [UInt8], value: [UInt8])> {
        range.lazy.map { number in
            var key = [UInt8](repeating: 0, count: Self.keyBytes)
            key.withUnsafeMutableBytes { fill($0, with: number) }
            var scratch = [UInt8](repeating: 0, count: valueBytes)
            scratch.withUnsafeMutableBytes { scratch in withValue(of: number, scratch: scratch) { _ in } }
            return (key, scratch)
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): fast, seeded, and good enough to choose keys.
package struct BenchRandom: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    @inline(__always)
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mix(state)
    }

    /// A number in `0..<bound`.
    @inline(__always)
    package mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A bijection of 64 bits.
    @inline(__always)
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
