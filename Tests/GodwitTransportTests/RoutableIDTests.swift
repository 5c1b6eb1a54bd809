import GodwitTLS
import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Routable connection IDs")
struct RoutableIDTests {
    private func bytes(_ hex: String) throws -> [UInt8] {
        Array(try ByteBuffer(plainHexEncodedBytes: hex).readableBytesView)
    }

    struct Vector: CustomTestStringConvertible {
        let rotation: UInt8
        let serverID: String
        let nonce: String
        let id: String
        var isEncrypted = true
        var testDescription: String { id }
    }

    /// draft-ietf-quic-load-balancers-21, appendix B, but for one whose nonce has an odd number of digits there.
    private static let key = "8f95f09245765f80256934e50c66207f"
    static let vectors = [
        Vector(rotation: 0, serverID: "c4605e", nonce: "4504cc4f", id: "07c4605e4504cc4f", isEncrypted: false),
        Vector(rotation: 0, serverID: "ed793a", nonce: "ee080dbf", id: "0720b1d07b359d3c"),
        Vector(
            rotation: 1, serverID: "ed793a51d49b8f5fab65", nonce: "ee080dbf48",
            id: "2fcc381bc74cb4fbad2823a3d1f8fed2"),
        Vector(
            rotation: 2, serverID: "ed793a51d49b8f5f", nonce: "ee080dbf48c0d1e5",
            id: "504dd2d05a7b0de9b2b9907afb5ecf8cc3"),
        Vector(
            rotation: 3, serverID: "ed793a51d49b8f5fab", nonce: "ee080dbf48c0d1e55d",
            id: "125779c9cc86beb3a3a4a3ca96fce4bfe0cdbc"),
    ]

    @Test("the draft's test vectors", arguments: vectors)
    func draft(_ vector: Vector) throws {
        // The last one's table says configuration 3, and its ID 0.
        let id = try #require(ConnectionID(try bytes(vector.id)))
        let rotation = id.bytes[0] >> 5
        let (serverID, nonce) = (try bytes(vector.serverID), try bytes(vector.nonce))
        let codec = try #require(
            try RoutableID(
                rotation: rotation, serverIDLength: serverID.count, nonceLength: nonce.count,
                key: vector.isEncrypted ? try bytes(Self.key) : nil))
        let made = try #require(codec.encode(serverID: serverID, nonce: nonce))
        #expect(made.bytes.dropFirst() == id.bytes.dropFirst())
        let own = try #require(codec.decode(made))
        #expect(Array(own.serverID) == serverID)
        #expect(Array(own.nonce) == nonce)
    }

    @Test("the draft's worked example of four passes")
    func example() throws {
        let codec = try #require(
            try RoutableID(
                rotation: 0, serverIDLength: 3, nonceLength: 4, key: try bytes("fdf726a9893ec05c0632d3956680baf0")))
        let id = codec.encode(serverID: try bytes("31441a"), nonce: try bytes("9c69c275"))
        #expect(id?.bytes == (try bytes("0767947d29be054a")))
    }

    @Test("what is encoded is decoded, for every length, with and without a key")
    func roundTrip() throws {
        let random = RandomSource.seeded(11)
        for length in RoutableID.lengths {
            for serverIDLength in 0...(length - 4) {
                for key in [nil, random.bytes(16)] as [[UInt8]?] {
                    let rotation = UInt8(random.next() % 8)
                    let codec = try #require(
                        try RoutableID(
                            rotation: rotation, serverIDLength: serverIDLength, nonceLength: length - serverIDLength,
                            key: key))
                    let (serverID, nonce) = (random.bytes(serverIDLength), random.bytes(length - serverIDLength))
                    let id = try #require(codec.encode(serverID: serverID, nonce: nonce))
                    #expect(id.count == codec.idLength)
                    #expect(id.bytes[0] == rotation << 5 | UInt8(length))
                    let decoded = try #require(codec.decode(id))
                    #expect(Array(decoded.serverID) == serverID && Array(decoded.nonce) == nonce)
                }
            }
        }
    }

    @Test("IDs of another configuration or length are not read")
    func foreign() throws {
        let codec = try #require(
            try RoutableID(rotation: 2, serverIDLength: 2, nonceLength: 5, key: try bytes(Self.key)))
        let id = try #require(codec.encode(serverID: [1, 2], nonce: [1, 2, 3, 4, 5]))
        var other = id.bytes
        other[0] ^= 0x20
        #expect(codec.decode(try #require(ConnectionID(other))) == nil)
        #expect(codec.decode(try #require(ConnectionID(id.bytes.dropLast()))) == nil)
        #expect(codec.decode(.empty) == nil)
        #expect(codec.encode(serverID: [1], nonce: [1, 2, 3, 4, 5]) == nil)
        #expect(try RoutableID(rotation: 8, serverIDLength: 2, nonceLength: 5, key: nil) == nil)
        #expect(try RoutableID(rotation: 0, serverIDLength: 2, nonceLength: 3, key: nil) == nil)
        #expect(try RoutableID(rotation: 0, serverIDLength: 15, nonceLength: 5, key: nil) == nil)
    }

    @Test("under a key, IDs of one server and neighbouring nonces have nothing in common that shows")
    func unlinkable() throws {
        let codec = try #require(
            try RoutableID(rotation: 0, serverIDLength: 3, nonceLength: 4, key: try bytes(Self.key)))
        var differing = 0
        var last: [UInt8]?
        for number in 0..<1000 as Range<UInt32> {
            let nonce = withUnsafeBytes(of: number.bigEndian) { Array($0) }
            let id = try #require(codec.encode(serverID: [1, 2, 3], nonce: nonce)).bytes.dropFirst()
            if let last { differing += zip(last, id).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount } }
            last = Array(id)
        }
        // 28 of 56 bits on average; the standard error of the mean is a tenth of a bit.
        let mean = Double(differing) / 999
        #expect(abs(mean - 28) < 1)
    }
}
