import GodwitTLS
import GodwitWire

/// Connection IDs that tell a load balancer, and nobody else, which server they belong to
/// (draft-ietf-quic-load-balancers-21 §5).
///
///     rrrlllll  server ID, nonce (5...19 bytes together; in the clear, or encrypted under a key that balancers and servers share)
///
/// `r` names the configuration, `l` is the number of bytes behind the first.
struct RoutableID {
    /// Bytes of server ID and nonce.
    static let lengths = 5...19
    /// With so many there is one block of AES; with others a Feistel network of four rounds.
    private static let singlePassLength = BlockCipher.blockLength

    private let firstOctet: UInt8
    private let serverIDLength: Int
    private let length: Int
    private let cipher: BlockCipher?

    /// - Parameters:
    ///   - rotation: 0...6 for a configuration that balancers have, 7 for IDs that no balancer can read.
    ///   - key: 16 bytes, or nil for IDs in the clear.
    /// - Returns: nil when the lengths are out of range.
    init?(rotation: UInt8, serverIDLength: Int, nonceLength: Int, key: [UInt8]?) throws(TLSError) {
        length = serverIDLength + nonceLength
        guard rotation <= 7, serverIDLength >= 0, nonceLength >= 4, Self.lengths.contains(length) else { return nil }
        firstOctet = rotation << 5 | UInt8(length)
        self.serverIDLength = serverIDLength
        cipher = if let key { try BlockCipher(key: key) } else { nil }
    }

    /// Bytes of a whole ID.
    var idLength: Int { 1 + length }
    var isEncrypted: Bool { cipher != nil }

    /// - Returns: nil unless server ID and nonce have their lengths.
    func encode(serverID: [UInt8], nonce: [UInt8]) -> ConnectionID? {
        guard serverID.count == serverIDLength, serverID.count + nonce.count == length else { return nil }
        return encrypt(serverID + nonce).flatMap { ConnectionID([firstOctet] + $0) }
    }

    /// - Returns: nil for an ID of another configuration or length.
    func decode(_ id: ConnectionID) -> (serverID: ArraySlice<UInt8>, nonce: ArraySlice<UInt8>)? {
        let bytes = id.bytes
        guard bytes.count == idLength, bytes[0] == firstOctet, let block = decrypt(Array(bytes.dropFirst())) else {
            return nil
        }
        return (block[..<serverIDLength], block[serverIDLength...])
    }

    private func encrypt(_ block: [UInt8]) -> [UInt8]? {
        guard let cipher else { return block }
        guard length != Self.singlePassLength else { return cipher.encrypt(block) }
        var halves = Halves(block)
        guard halves.mixRight(1, cipher), halves.mixLeft(2, cipher), halves.mixRight(3, cipher),
            halves.mixLeft(4, cipher)
        else { return nil }
        return halves.joined
    }

    private func decrypt(_ block: [UInt8]) -> [UInt8]? {
        guard let cipher else { return block }
        guard length != Self.singlePassLength else { return cipher.decrypt(block) }
        var halves = Halves(block)
        guard halves.mixLeft(4, cipher), halves.mixRight(3, cipher), halves.mixLeft(2, cipher),
            halves.mixRight(1, cipher)
        else { return nil }
        return halves.joined
    }

    /// The two halves of a block in the four-pass algorithm (§5.5.2). When the block has an odd number of bytes, the middle one is split:
    /// its high bits end the left half and its low bits begin the right one.
    private struct Halves {
        private var left: [UInt8]
        private var right: [UInt8]
        private let length: Int
        private var isOdd: Bool { length % 2 == 1 }

        init(_ block: [UInt8]) {
            length = block.count
            let half = (length + 1) / 2
            left = Array(block.prefix(half))
            right = Array(block.suffix(half))
            clearSplit()
        }

        mutating func mixRight(_ pass: UInt8, _ cipher: BlockCipher) -> Bool {
            guard let mask = cipher.encrypt(expanded(left, pass)) else { return false }
            for index in right.indices { right[index] ^= mask[index] }
            clearSplit()
            return true
        }

        mutating func mixLeft(_ pass: UInt8, _ cipher: BlockCipher) -> Bool {
            guard let mask = cipher.encrypt(expanded(right, pass)) else { return false }
            for index in left.indices { left[index] ^= mask[index] }
            clearSplit()
            return true
        }

        var joined: [UInt8] {
            guard isOdd else { return left + right }
            return left.dropLast() + [left[left.count - 1] | right[0]] + right.dropFirst()
        }

        private mutating func clearSplit() {
            guard isOdd else { return }
            left[left.count - 1] &= 0xf0
            right[0] &= 0x0f
        }

        /// A half, zeros, the block's length and the pass: different for each use of the key.
        private func expanded(_ half: [UInt8], _ pass: UInt8) -> [UInt8] {
            half + [UInt8](repeating: 0, count: BlockCipher.blockLength - 2 - half.count) + [UInt8(length), pass]
        }
    }
}
