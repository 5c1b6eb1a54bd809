import Foundation
import GodwitTLS
import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

/// The vectors of docs/protocol.md, read from docs/vectors/transport.json: a second implementation can check itself with the same
/// file.
@Suite("Transport vectors")
struct TransportVectorTests {
    private struct Vectors: Decodable {
        struct Bytes: Decodable {
            let name: String
            let hex: String
        }
        struct NumberLength: Decodable {
            let number: UInt64
            let largestAcknowledged: UInt64?
            let length: Int
        }
        struct Expansion: Decodable {
            let truncated: UInt32
            let length: Int
            let largestReceived: UInt64?
            let number: UInt64
        }
        struct Secrets: Decodable {
            let clientChosenID: String
            let clientSecret: String
            let serverSecret: String
            let clientKey: String
            let clientIV: String
            let clientHP: String
        }
        struct Binding: Decodable {
            let clientChosenID: String
            let serverIssuedID: String
            let context: String
        }
        struct Packet: Decodable {
            let name: String
            let secret: String
            let packetNumber: UInt64
            let destination: String
            /// Bytes from the end of the header to the packet number are one field; nil for a short header.
            let isInitial: Bool
            let payload: String
            let packet: String
        }
        struct KeyUpdate: Decodable {
            let name: String
            let secret: String
            /// The update's number, counted from 1.
            let update: Int
            let nextSecret: String
            let nextKey: String
            let nextIV: String
            let packetNumber: UInt64
            let destination: String
            let payload: String
            let packet: String
        }
        struct RepairSymbol: Decodable {
            let name: String
            let message: String
            let symbolBytes: Int
            let first: Int
            let count: Int
            let index: UInt8
            let symbol: String
        }
        let repairSymbols: [RepairSymbol]
        let packetNumberLengths: [NumberLength]
        let packetNumberExpansions: [Expansion]
        let headers: [Bytes]
        let frames: [Bytes]
        let refusedFrames: [Bytes]
        let initialSecrets: Secrets
        let exporterContext: Binding
        let packets: [Packet]
        let keyUpdates: [KeyUpdate]
    }

    private let vectors: Vectors

    init() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("docs/vectors/transport.json")
        vectors = try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
    }

    @Test("packet numbers are cut and completed as written")
    func packetNumbers() {
        for vector in vectors.packetNumberLengths {
            let length = PacketNumber.length(of: vector.number, largestAcknowledged: vector.largestAcknowledged)
            #expect(length == vector.length)
        }
        for vector in vectors.packetNumberExpansions {
            let number = PacketNumber.expand(
                vector.truncated, length: vector.length, largestReceived: vector.largestReceived)
            #expect(number == vector.number)
        }
    }

    private static let chosen = ConnectionID(0..<16) ?? .empty
    private static let issued = ConnectionID([0x02, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7]) ?? .empty

    private static let headers: [String: PacketHeader] = [
        "initial, from client": .initial(InitialHeader(destination: chosen, source: .empty, length: 20)),
        "initial, from server": .initial(InitialHeader(destination: .empty, source: issued, length: 20)),
        "zero round trip": .zeroRTT(InitialHeader(destination: chosen, source: .empty, length: 20)),
        "short, to server": .short(destination: issued),
        "retry": .retry(RetryPacket(destination: .empty, source: chosen, token: issued)),
        "version negotiation": .versionNegotiation(
            VersionNegotiation(destination: .empty, source: chosen, versions: [1])),
    ]

    @Test("headers read as written")
    func headers() throws {
        #expect(Set(vectors.headers.map(\.name)) == Set(Self.headers.keys))
        for vector in vectors.headers {
            var buffer = try bytes(vector.hex)
            let expected = try #require(Self.headers[vector.name])
            #expect(try PacketHeader.decode(from: &buffer, shortDestinationLength: 8) == expected, "\(vector.name)")
        }
    }

    private static let text = ByteBuffer(string: "hi")
    private static let frames: [String: [Frame]] = [
        "padding": [.padding(3)],
        "ping": [.ping],
        "ack, nothing missing": [.ack(AckFrame(delay: 10, first: 0...7))],
        "ack, with gaps": [.ack(AckFrame(delay: 39, first: 998...1000, lower: [990...996, 17...17]))],
        "ack with ECN counts": [
            .ack(AckFrame(delay: 10, first: 0...7, ecn: ECNCounts(capable0: 7, congestionExperienced: 1)))
        ],
        "handshake": [.handshake(HandshakeFrame(offset: 300, data: text))],
        "handshake done": [
            .handshakeDone(StatelessResetToken(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f))
        ],
        "close by transport": [.close(CloseFrame(byApplication: false, code: 0x100, reason: "TLS failure"))],
        "close by application": [.close(CloseFrame(byApplication: true, code: 0, reason: ""))],
        "max data": [.maxData(1_572_864)],
        "max messages": [.maxMessages(1536)],
        "max message data": [.maxMessageData(MaxMessageDataFrame(message: 5, limit: 262_144))],
        "reset message": [.resetMessage(ResetMessageFrame(message: 5, reason: .late, size: 200_000))],
        "path challenge": [.pathChallenge(0x0102_0304_0506_0708)],
        "path response": [.pathResponse(0x0102_0304_0506_0708)],
        "new connection id": [
            .newConnectionID(
                NewConnectionIDFrame(
                    sequence: 300, retirePriorTo: 2, id: issued,
                    token: StatelessResetToken(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f)))
        ],
        "retire connection id": [.retireConnectionID(300)],
        "message, whole, to the packet's end": [
            .message(MessageFrame(message: 7, offset: 0, isLast: true, data: text))
        ],
        "message, whole, with length, and ping": [
            .message(MessageFrame(message: 7, offset: 0, isLast: true, data: text)), .ping,
        ],
        "message, middle piece, with length": [
            .message(MessageFrame(message: 70, offset: 1160, isLast: false, data: text))
        ],
        "keep-alive": [.keepAlive(seconds: 175)],
        "loss report": [.lossReport(LossReport(loss: 51, repeatedLoss: 178))],
        "datagram": [.datagram(DatagramFrame(data: text))],
        "datagram copy, of the packet before the last, its second datagram":
            DatagramCopyFrame(distance: 2, index: 1, data: text).map { [.datagramCopy($0)] } ?? [],
        "repair": RepairFrame(
            message: 7, messageBytes: 1001, first: 200, count: 128, index: 5, symbol: ByteBuffer(bytes: [1, 2, 3])
        ).map { [.repair($0)] } ?? [],
        "recovered": [.recovered(RecoveredFrame(message: 70))],
        "extension": ExtensionFrame(kind: 0x3f, body: text).map { [.extension($0)] } ?? [],
    ]

    @Test("frames read as written")
    func frames() throws {
        #expect(Set(vectors.frames.map(\.name)) == Set(Self.frames.keys))
        for vector in vectors.frames {
            var buffer = try bytes(vector.hex)
            #expect(try Frame.decodeAll(from: &buffer) == Self.frames[vector.name], "\(vector.name)")
        }
    }

    @Test("what must be refused is refused")
    func refusedFrames() throws {
        #expect(vectors.refusedFrames.count >= 5)
        for vector in vectors.refusedFrames {
            var buffer = try bytes(vector.hex)
            #expect(throws: WireError.self, "\(vector.name)") { try Frame.decodeAll(from: &buffer) }
        }
    }

    @Test("the first packets' keys come from the client's connection ID")
    func initialSecrets() throws {
        let vector = vectors.initialSecrets
        let secrets = try InitialSecrets.derive(connectionID: Array(try bytes(vector.clientChosenID).readableBytesView))
        #expect(hex(secrets.client) == vector.clientSecret)
        #expect(hex(secrets.server) == vector.serverSecret)
        for (label, length, expected) in [
            ("godwit key", 16, vector.clientKey), ("godwit iv", 12, vector.clientIV),
            ("godwit hp", 16, vector.clientHP),
        ] {
            let derived = try KeyDerivation.hkdfExpandLabel(secret: secrets.client, label: label, length: length)
            #expect(hex(derived) == expected, "\(label)")
        }
    }

    @Test("the exporter's context binds version and connection IDs")
    func exporterContext() throws {
        let vector = vectors.exporterContext
        let context = Handshake.binding(
            clientChosenID: try id(vector.clientChosenID), serverIssuedID: try id(vector.serverIssuedID))
        #expect(hex(context) == vector.context)
    }

    @Test("packets are protected and opened as written")
    func packets() throws {
        for vector in vectors.packets {
            let secret = Array(try bytes(vector.secret).readableBytesView)
            let keys = try PacketKeys(role: .client, client: secret, server: secret)
            let destination = try id(vector.destination)
            var sealed = ByteBuffer()
            let header: PacketWriter.Header =
                vector.isInitial
                ? .initial(destination: destination, source: .empty) : .short(destination: destination, phase: 0)
            let writer = try #require(
                PacketWriter(
                    header, number: vector.packetNumber, largestAcknowledged: nil, limit: 1200, reusing: [], in: &sealed
                ))
            var payload = try bytes(vector.payload)
            sealed.writeBuffer(&payload)
            _ = try writer.finish(&sealed, keys: keys, datagramMinimum: 0)
            #expect(hex(Array(sealed.readableBytesView)) == vector.packet, "\(vector.name)")

            var reading = sealed
            _ = try PacketHeader.decode(from: &reading, shortDestinationLength: destination.count)
            let bounds = PacketKeys.Bounds(start: 0, number: reading.readerIndex, end: sealed.writerIndex)
            var plaintext = ByteBuffer()
            let opened = try #require(keys.open(sealed, bounds, largestReceived: nil, into: &plaintext))
            #expect(opened.number == vector.packetNumber)
            #expect(hex(Array(plaintext.readableBytesView)) == vector.payload)
        }
        #expect(vectors.packets.count >= 3)
    }

    @Test("keys are updated as written, and packets of the new phase protected")
    func keyUpdates() throws {
        #expect(vectors.keyUpdates.count >= 2)
        for vector in vectors.keyUpdates {
            let secret = Array(try bytes(vector.secret).readableBytesView)
            var next = secret
            let keys = try PacketKeys(role: .client, client: secret, server: secret, isUpdatable: true)
            for _ in 0..<vector.update {
                next = try KeyDerivation.hkdfExpandLabel(secret: next, label: "godwit ku", length: 32)
                try keys.update()
                try keys.forgetPrevious()
            }
            #expect(hex(next) == vector.nextSecret)
            #expect(
                hex(try KeyDerivation.hkdfExpandLabel(secret: next, label: "godwit key", length: 16)) == vector.nextKey)
            #expect(
                hex(try KeyDerivation.hkdfExpandLabel(secret: next, label: "godwit iv", length: 12)) == vector.nextIV)
            #expect(keys.phaseBit == (vector.update % 2 == 1 ? 0x40 : 0))
            let destination = try id(vector.destination)
            var sealed = ByteBuffer()
            let writer = try #require(
                PacketWriter(
                    .short(destination: destination, phase: keys.phaseBit), number: vector.packetNumber,
                    largestAcknowledged: nil, limit: 1200, reusing: [], in: &sealed))
            var payload = try bytes(vector.payload)
            sealed.writeBuffer(&payload)
            _ = try writer.finish(&sealed, keys: keys, datagramMinimum: 0)
            #expect(hex(Array(sealed.readableBytesView)) == vector.packet, "\(vector.name)")
        }
    }

    @Test("repair symbols are the sums that are written")
    func repairSymbols() throws {
        #expect(vectors.repairSymbols.count >= 3)
        for vector in vectors.repairSymbols {
            var symbol = ByteBuffer()
            RepairCode.writeSymbol(
                of: try bytes(vector.message).readableBytesView, symbolBytes: vector.symbolBytes,
                window: vector.first..<(vector.first + vector.count), index: vector.index, into: &symbol)
            #expect(hex(Array(symbol.readableBytesView)) == vector.symbol, "\(vector.name)")
        }
    }

    private func bytes(_ hex: String) throws -> ByteBuffer {
        try ByteBuffer(plainHexEncodedBytes: hex)
    }

    private func id(_ hex: String) throws -> ConnectionID {
        try #require(ConnectionID(Array(try bytes(hex).readableBytesView)))
    }

    private func hex(_ bytes: [UInt8]) -> String {
        ByteBuffer(bytes: bytes).hexDump(format: .compact)
    }
}
