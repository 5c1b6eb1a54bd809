/// The keys of the store, listed in docs/im-core.md: a kind, then the names, each behind its length, so that no name can
/// reach into another's keys. Numbers are big-endian, so that the bytes sort as the numbers do.
package struct StoreKey: Sendable, Hashable {
    /// The first byte of each key.
    package enum Kind: UInt8, Sendable {
        case account = 0x61  // a
        case deadLetter = 0x62  // b
        case tokenKey = 0x6b  // k
        case delivered = 0x64  // d
        case reservation = 0x67  // g
        case head = 0x68  // h
        case item = 0x69  // i
        case sentCount = 0x6e  // n
        case outbox = 0x6f  // o
        case readMark = 0x72  // r
        case sent = 0x73  // s
        case sentSlot = 0x74  // t
        case devices = 0x76  // v
    }

    package let kind: Kind
    package private(set) var bytes: [UInt8]

    /// A key with nothing behind its kind, which is also the prefix of all keys of the kind.
    package init(_ kind: Kind) {
        self.kind = kind
        bytes = [kind.rawValue]
    }

    /// Names are at most 255 bytes; the rules for names see to that long before.
    package init(_ kind: Kind, _ name: String, capacity: Int = 16) {
        self.init(kind)
        bytes.reserveCapacity(2 + name.utf8.count + capacity)
        append(name)
    }

    package static func account(_ user: String) -> StoreKey { StoreKey(.account, user) }
    package static func devices(_ user: String) -> StoreKey { StoreKey(.devices, user) }
    package static func head(_ user: String) -> StoreKey { StoreKey(.head, user) }

    package static func item(_ user: String, seq: UInt64) -> StoreKey {
        var key = StoreKey(.item, user)
        key.append(seq)
        return key
    }

    package static func sent(_ user: String, _ device: String, _ clientMessageID: String) -> StoreKey {
        var key = StoreKey(.sent, user, capacity: 160)
        key.append(device)
        key.append(clientMessageID)
        return key
    }

    package static func sentCount(_ user: String, _ device: String) -> StoreKey {
        var key = StoreKey(.sentCount, user, capacity: 80)
        key.append(device)
        return key
    }

    package static func sentSlot(_ user: String, _ device: String, _ slot: UInt64) -> StoreKey {
        var key = StoreKey(.sentSlot, user, capacity: 80)
        key.append(device)
        key.append(slot)
        return key
    }

    package static func readMark(_ reader: String, _ peer: String) -> StoreKey {
        var key = StoreKey(.readMark, reader, capacity: 80)
        key.append(peer)
        return key
    }

    package static func outbox(_ serverID: UInt64) -> StoreKey {
        var key = StoreKey(.outbox)
        key.append(serverID)
        return key
    }

    package static func deadLetter(_ serverID: UInt64) -> StoreKey {
        var key = StoreKey(.deadLetter)
        key.append(serverID)
        return key
    }

    package static func delivered(from shard: UInt8) -> StoreKey {
        var key = StoreKey(.delivered)
        key.bytes.append(shard)
        return key
    }

    package static func tokenKey(_ id: UInt32) -> StoreKey {
        var key = StoreKey(.tokenKey)
        for shift in stride(from: 24, through: 0, by: -8) { key.bytes.append(UInt8(truncatingIfNeeded: id >> shift)) }
        return key
    }

    private mutating func append(_ name: String) {
        bytes.append(UInt8(truncatingIfNeeded: name.utf8.count))
        bytes.append(contentsOf: name.utf8)
    }

    private mutating func append(_ number: UInt64) {
        bytes.append(contentsOf: BigEndian.bytes(number))
    }
}
