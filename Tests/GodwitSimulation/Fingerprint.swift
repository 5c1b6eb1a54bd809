import NIOCore

/// A running hash (FNV-1a) of what happened, the same in every process, unlike `Hasher`.
struct Fingerprint {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ datagram: ByteBuffer, at time: TimeAmount) {
        mix(UInt64(bitPattern: time.nanoseconds))
        mix(UInt64(datagram.readableBytes))
        // The first words hold the packet number and ciphertext: a difference anywhere changes the tag and so later packets.
        var rest = datagram
        for _ in 0..<4 { mix(rest.readInteger() ?? 0) }
        var tail = datagram.readableBytesView.suffix(8)
        while let byte = tail.popFirst() { mix(UInt64(byte)) }
    }

    private mutating func mix(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01b3
    }
}
