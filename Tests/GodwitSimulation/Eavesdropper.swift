import GodwitWire
import NIOCore

/// Someone on the path who hears everything and can send anything, but knows no keys.
struct Eavesdropper {
    struct Overheard {
        let datagram: ByteBuffer
        let source: Address
        let destination: Address
    }

    private var overheard: [Overheard] = []
    private var next = 0

    /// How many datagrams are remembered.
    private static let memory = 32

    /// 198.51.100.66, from the block for documentation (RFC 5737).
    static let address = Address(ipv4: 0xc633_6442, port: 6_666)

    mutating func hear(_ datagram: ByteBuffer, from source: Address, to destination: Address) {
        let heard = Overheard(datagram: datagram, source: source, destination: destination)
        if overheard.count < Self.memory {
            overheard.append(heard)
        } else {
            overheard[next] = heard
            next = (next + 1) % Self.memory
        }
    }

    /// What was heard last, oldest first.
    func recall() -> [Overheard] { Array(overheard[next...] + overheard[..<next]) }
}
