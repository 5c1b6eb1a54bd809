/// The session lane of a conversation: a stable hash of the peer's name, so that messages to one peer keep their order
/// and do not wait for those to another.
enum Lane {
    /// FNV-1a, 64 bits.
    static func key(of peer: String) -> UInt64 {
        peer.utf8.reduce(0xcbf2_9ce4_8422_2325) { hash, byte in (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
