/// Which shard of a store.
package struct ShardIndex: Hashable, Sendable, CustomStringConvertible {
    package let value: Int

    package init(_ value: Int) {
        self.value = value
    }

    package var description: String { "shard-" + (value < 10 ? "0" : "") + String(value) }
}

/// The hash that places keys. It is part of the data's format: another hash would look for keys in other shards.
enum ShardHash {
    // FNV-1a, 64 bit (draft-eastlake-fnv §2), then MurmurHash3's finaliser, since FNV's low bits alone are weak.
    private static let offsetBasis: UInt64 = 0xcbf2_9ce4_8422_2325
    private static let prime: UInt64 = 0x0000_0100_0000_01b3

    static func hash(_ key: some Sequence<UInt8>) -> UInt64 {
        var hash = offsetBasis
        for byte in key { hash = (hash ^ UInt64(byte)) &* prime }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }
}
