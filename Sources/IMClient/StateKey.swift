import NIOCore

/// The keys of a state directory besides the history's.
enum StateKey {
    static let device = Array("m/device".utf8)
    static let user = Array("m/user".utf8)
    static let token = Array("m/token".utf8)
    static let ticket = Array("m/ticket".utf8)
    static let failures = Array("m/failures".utf8)
    static let server = Array("m/server".utf8)
    static let syncKey = Array("m/sync".utf8)
    /// The number of the next message, so that numbers never repeat after the outbox was empty.
    static let nextNumber = Array("m/next".utf8)
    static let outboxPrefix = Array("o/".utf8)
    static let readPrefix = Array("r/".utf8)

    static func outbox(_ number: UInt64) -> [UInt8] { outboxPrefix + bytes(number) }

    static func read(by peer: String) -> [UInt8] { readPrefix + Array(peer.utf8) }

    static func bytes(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
    }

    static func number(_ bytes: some Collection<UInt8>) -> UInt64? {
        bytes.count == 8 ? bytes.reduce(0) { $0 << 8 | UInt64($1) } : nil
    }
}
