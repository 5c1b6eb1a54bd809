/// A fast 64-bit hash of keys, seeded anew for each store, so that nobody outside can choose keys that collide.
///
/// Multiply and fold, eight bytes at a time (the construction of wyhash, Wang Yi 2019). It never reaches the disk.
struct KeyHash {
    private static let first: UInt64 = 0xa076_1d64_78bd_642f
    private static let second: UInt64 = 0xe703_7ed1_a0b4_28db

    let seed: UInt64

    @inline(__always)
    func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
        guard let base = key.baseAddress else { return Self.mix(seed ^ Self.first, Self.second) }
        let count = key.count
        var state = seed ^ UInt64(truncatingIfNeeded: count)
        var offset = 0
        while offset &+ 8 <= count {
            let word = (base + offset).loadUnaligned(as: UInt64.self)
            state = Self.mix(state ^ Self.first, word ^ Self.second)
            offset &+= 8
        }
        var rest: UInt64 = 0
        while offset < count {
            rest = rest << 8 | UInt64((base + offset).load(as: UInt8.self))
            offset &+= 1
        }
        return Self.mix(Self.mix(state ^ Self.second, rest ^ Self.first), Self.first)
    }

    @inline(__always)
    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
