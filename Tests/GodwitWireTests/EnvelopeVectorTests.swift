import Foundation
import GodwitWire
import NIOCore
import Testing

/// The vectors of docs/protocol.md, read from docs/vectors/session.json: a second implementation can check itself
/// with the same file.
@Suite("Session vectors")
struct EnvelopeVectorTests {
    private struct Vectors: Decodable {
        struct Good: Decodable {
            let name: String
            let hex: String
        }
        struct Bad: Decodable {
            let name: String
            let hex: String
        }
        struct Expansion: Decodable {
            let low: UInt16
            let expected: UInt64
            let sequence: UInt64
        }
        let envelopes: [Good]
        let refused: [Bad]
        let expansions: [Expansion]
        let stream: Good
        let report: Good
    }

    private let vectors: Vectors

    init() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("docs/vectors/session.json")
        vectors = try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
    }

    private static let ticket = SessionTicket(
        id: SessionID(rawValue: 0x0311_2233_4455_6677),
        secret: TicketSecret(high: 0x8899_aabb_ccdd_eeff, low: 0x0011_2233_4455_6677))

    private static let expected: [String: Envelope] = [
        "open, no ticket": .open(
            OpenEnvelope(
                incarnation: 0x0102_0304_0506_0708, attempt: 1, newestDictionary: 1, resumption: nil)),
        "open, resuming": .open(
            OpenEnvelope(
                incarnation: 0x0102_0304_0506_0708, attempt: 2, newestDictionary: 1,
                resumption: .init(ticket: ticket, received: AckState(cumulative: 5, ranges: [7...8, 300...300])))),
        "open, with an early message": .open(
            OpenEnvelope(
                incarnation: 0x0102_0304_0506_0708, attempt: 1, newestDictionary: 1, resumption: nil,
                early: .init(
                    isFresh: true,
                    messages: [
                        DataEnvelope(
                            kind: .request(command: 1), sequence: 1, acknowledgement: nil,
                            body: ByteBuffer(string: "hi"))
                    ]))),
        "opened, restarted, early message taken": .opened(
            OpenedEnvelope(outcome: .restarted, newestDictionary: 0, earlyReceived: 1)),
        "opened, new": .opened(OpenedEnvelope(outcome: .new(ticket), newestDictionary: 1)),
        "opened, resumed": .opened(
            OpenedEnvelope(outcome: .resumed(received: AckState(cumulative: 9)), newestDictionary: 1)),
        "opened, restarted": .opened(OpenedEnvelope(outcome: .restarted, newestDictionary: 0)),
        "rejected": .rejected(
            RejectedEnvelope(reason: .overloaded, retryAfterMilliseconds: 1_500, text: "full")),
        "ack": .acknowledgement(0x1170),
        "ping": .ping(7),
        "pong": .pong(7),
        "close": .close(CloseEnvelope(code: 0, text: "bye")),
        "datagram": .datagram(DatagramEnvelope(command: 1, body: ByteBuffer(string: "hi"))),
        "request": .data(
            DataEnvelope(
                kind: .request(command: 1), sequence: 1, acknowledgement: nil, body: ByteBuffer(string: "hi"))),
        "request in a lane, with an acknowledgement": .data(
            DataEnvelope(
                kind: .request(command: 17), sequence: 0x1170, acknowledgement: 0x116f, after: 1,
                body: ByteBuffer(string: "hi"))),
        "response": .data(
            DataEnvelope(
                kind: .response(distance: 0, status: 0), sequence: 1, acknowledgement: 1, body: ByteBuffer(string: "hi")
            )),
        "response to a request that overtook others, refused": .data(
            DataEnvelope(
                kind: .response(distance: -2, status: 3), sequence: 2, acknowledgement: 4,
                body: ByteBuffer(string: "log in"))),
        "push, compressed": .data(
            DataEnvelope(
                kind: .push(command: 32), sequence: 3, acknowledgement: nil, dictionary: 1,
                body: ByteBuffer(bytes: [0x83, 0xab, 0x00, 0x00]))),
        "withdrawn, in a lane, with an acknowledgement": .data(
            DataEnvelope(kind: .withdrawn, sequence: 7, acknowledgement: 9, after: 2, body: ByteBuffer())),
    ]

    private func bytes(_ hex: String) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        for part in hex.split(separator: " ") { buffer.writeInteger(try #require(UInt8(part, radix: 16))) }
        return buffer
    }

    private func hex(_ buffer: ByteBuffer) -> String {
        buffer.readableBytesView.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }

    @Test("each vector is written and read as the file says")
    func envelopes() throws {
        #expect(Set(vectors.envelopes.map(\.name)) == Set(Self.expected.keys))
        for vector in vectors.envelopes {
            let envelope = try #require(Self.expected[vector.name])
            var buffer = ByteBuffer()
            envelope.encode(into: &buffer)
            #expect(hex(buffer) == vector.hex, "\(vector.name)")
            #expect(try Envelope(decoding: bytes(vector.hex)) == envelope, "\(vector.name)")
        }
    }

    @Test("each refused vector is refused")
    func refused() throws {
        for vector in vectors.refused {
            let buffer = try bytes(vector.hex)
            #expect(throws: EnvelopeError.self, "\(vector.name)") { try Envelope(decoding: buffer) }
        }
    }

    @Test("numbers expand as the file says")
    func expansions() {
        for vector in vectors.expansions {
            #expect(SequenceNumber.expand(vector.low, near: vector.expected) == vector.sequence)
        }
    }

    @Test("the stream and the report of the file are read and written")
    func streamAndReport() throws {
        var stream = ByteBuffer()
        StreamFraming.encode(ByteBuffer(bytes: [0x05, 0x00, 0x07]), into: &stream)
        StreamFraming.encode(ByteBuffer(repeating: 0x61, count: 64), into: &stream)
        #expect(hex(stream) == vectors.stream.hex)
        let report = ClientReport(entries: [
            .init(kind: .attempt, carrier: .datagram, phase: .connect, result: .udpTimedOut, count: 2, ageSeconds: 90)
        ])
        var buffer = ByteBuffer()
        report.encode(into: &buffer)
        #expect(hex(buffer) == vectors.report.hex)
        #expect(try ClientReport(decoding: bytes(vectors.report.hex)) == report)
    }
}
