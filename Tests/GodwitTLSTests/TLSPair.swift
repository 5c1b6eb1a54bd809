import GodwitTLS
import NIOCore

/// Two engines that talk to each other in memory.
struct TLSPair {
    /// One identity for all tests: making it costs more than a handshake.
    static let identity = Result { () throws(TLSError) in try ServerIdentity.generate(commonName: "godwit.test") }

    let client: TLSEngine
    let server: TLSEngine

    init(
        identity: ServerIdentity? = nil, pins: [PublicKeyPin]? = nil, clientProtocols: [String] = ["godwit/1"],
        serverProtocols: [String] = ["godwit/1"], middleboxCompatibility: Bool = false
    ) throws {
        let identity = try identity ?? Self.identity.get()
        server = try TLSEngine(
            context: .server(identity: identity, alpn: serverProtocols), role: .server, serverName: nil,
            middleboxCompatibility: middleboxCompatibility)
        client = try TLSEngine(
            context: .client(pins: pins ?? [identity.pin], alpn: clientProtocols), role: .client,
            serverName: "godwit.test", middleboxCompatibility: middleboxCompatibility)
    }

    /// Carries bytes both ways until neither side has any, and returns how many flights there were.
    @discardableResult
    func exchange() throws -> Int {
        var flights = 0
        while true {
            var idle = true
            if let up = client.takeOutput() {
                flights += 1
                idle = false
                try server.receive(up)
            }
            if let down = server.takeOutput() {
                flights += 1
                idle = false
                try client.receive(down)
            }
            if idle { return flights }
        }
    }

    static func connected() throws -> TLSPair {
        let pair = try TLSPair()
        try pair.client.start()
        try pair.exchange()
        return pair
    }
}

extension ByteBuffer {
    /// A copy with one bit turned over.
    func flippingBit(_ bit: Int) -> ByteBuffer {
        var copy = self
        let index = readerIndex + bit / 8
        if let byte = copy.getInteger(at: index, as: UInt8.self) {
            copy.setInteger(byte ^ (1 << UInt8(bit % 8)), at: index)
        }
        return copy
    }
}

/// The bytes of a hexadecimal text; spaces are skipped.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

extension TLSEngine {
    /// Time matters to tickets only.
    func receive(_ records: ByteBuffer) throws(TLSError) { try receive(records, now: .distantPast) }
}
