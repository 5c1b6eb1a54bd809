import Foundation
import GodwitClient
import IMClient
import NIOCore
import Testing

@testable import godwit

@Suite("JSON lines in")
struct ClientOperationTests {
    @Test("each operation is read")
    func operations() throws {
        let cases: [(String, ClientOperation)] = [
            (#"{"op":"login","user":"u1","password":"p"}"#, .login(user: "u1", password: "p", create: true)),
            (#"{"op":"login","user":"u1","create":false}"#, .login(user: "u1", password: nil, create: false)),
            (#"{"op":"send","id":"c1","to":"u2","body":"你好 \"x\""}"#, .send(id: "c1", to: "u2", body: "你好 \"x\"")),
            (
                #"{"op":"request","id":"r1","cmd":"echo","body":"b"}"#,
                .request(id: "r1", command: 1, body: .text("b"), terms: .init())
            ),
            (
                #"{"op":"request","id":"r1","cmd":1,"urgency":"media","deadline_ms":9}"#,
                .request(
                    id: "r1", command: 1, body: .text(""), terms: .init(deadlineMilliseconds: 9, urgency: .media))
            ),
            (#"{"op":"cancel","id":"r1"}"#, .cancel(id: "r1")),
            (
                #"{"op":"request","id":"r1","cmd":99,"timeout_ms":5}"#,
                .request(id: "r1", command: 99, body: .text(""), terms: .init(timeoutMilliseconds: 5))
            ),
            (
                #"{"op":"request","id":"r1","cmd":1,"body_base64":"AP8="}"#,
                .request(id: "r1", command: 1, body: .bytes(Data([0, 255])), terms: .init())
            ),
            (#"{"op":"connect"}"#, .connect), (#"{"op":"disconnect"}"#, .disconnect(forget: false)),
            (#"{"op":"disconnect","forget":true}"#, .disconnect(forget: true)),
            (#"{"op":"network_changed"}"#, .networkChanged),
            (
                #"{"op":"datagram","cmd":"echo","body":"b"}"#,
                .datagram(command: 1, body: .text("b"), deadlineMilliseconds: 400)
            ),
            (
                #"{"op":"datagram","cmd":1,"body_base64":"AP8=","deadline_ms":50}"#,
                .datagram(command: 1, body: .bytes(Data([0, 255])), deadlineMilliseconds: 50)
            ),
            (#"{"op":"sync"}"#, .sync),
            (#"{"op":"history","with":"u1","limit":5000}"#, .history(peer: "u1", limit: 1_000)),
            (#"{"op":"read","from":"u1","seq":7}"#, .read(id: nil, from: "u1", seq: 7)),
            (#"{"op":"status"}"#, .status), (#"{"op":"quit","more":1}"#, .quit),
        ]
        for (line, operation) in cases {
            #expect(try ClientOperation(line: line) == operation)
        }
    }

    @Test(
        "a bad line says what is wrong and keeps its id",
        arguments: [
            ("{", nil, "not a JSON object"), ("[]", nil, "not a JSON object"), ("{}", nil, "needs 'op'"),
            (#"{"op":"send","id":"c1","to":"u2"}"#, "c1", "needs 'body'"),
            (#"{"op":"send","id":7,"to":"u2","body":"x"}"#, nil, "'id'"),
            (#"{"op":"request","id":"r","cmd":"frob"}"#, "r", "unknown cmd 'frob'"),
            (#"{"op":"request","id":"r","cmd":1,"timeout_ms":0}"#, "r", "timeout_ms"),
            (#"{"op":"request","id":"r","cmd":1,"deadline_ms":0}"#, "r", "deadline_ms"),
            (#"{"op":"request","id":"r","cmd":1,"urgency":"now"}"#, "r", "unknown urgency 'now'"),
            (#"{"op":"cancel"}"#, nil, "needs 'id'"),
            (#"{"op":"request","id":"r","cmd":1,"body_base64":"A"}"#, "r", "not Base64"),
            (#"{"op":"request","id":"r","cmd":1,"body":"A","body_base64":"QQ=="}"#, "r", "not both"),
            (#"{"op":"datagram","body":"A"}"#, nil, "needs 'cmd'"),
            (#"{"op":"datagram","cmd":1,"deadline_ms":0}"#, nil, "deadline_ms"),
            (#"{"op":"read","from":"u","seq":"x"}"#, nil, "'seq'"), (#"{"op":"fly"}"#, nil, "unknown op 'fly'"),
        ] as [(String, String?, String)])
    func problems(line: String, id: String?, words: String) throws {
        let problem = try #require(throws: ClientOperation.Problem.self) { try ClientOperation(line: line) }
        #expect(problem.id == id)
        #expect(problem.message.contains(words), "\(problem.message)")
    }

    @Test("lines are cut wherever the reads fall, and one over the limit is told from the others")
    func splitting() {
        let text = Array("one\r\n\n你好\n".utf8) + Array(repeating: UInt8(ascii: "x"), count: 30) + Array("\nlast".utf8)
        for size in 1...text.count {
            var splitter = LineSplitter(limit: 20)
            var lines: [String?] = []
            for start in stride(from: 0, to: text.count, by: size) {
                lines += splitter.receive(text[start..<min(start + size, text.count)])
            }
            lines += splitter.end()
            #expect(lines == ["one", "", "你好", nil, "last"])
        }
    }
}

@Suite("JSON lines out")
struct EventLineTests {
    private static func object(_ line: JSONLine) throws -> [String: any Sendable] {
        let decoded = try JSONSerialization.jsonObject(with: Data(line.line.utf8))
        return try #require(decoded as? [String: any Sendable])
    }

    @Test("any text comes back from a JSON reader as it was, on one line", arguments: 1...50 as ClosedRange<UInt64>)
    func escaping(seed: UInt64) throws {
        var state = seed
        var text = String.UnicodeScalarView()
        for _ in 0..<200 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let bound: UInt64 = state & 1 == 0 ? 0x80 : 0x3_0000
            text.append(Unicode.Scalar(UInt32((state >> 33) % bound)) ?? "\u{2028}")
        }
        var line = JSONLine(event: "x")
        line.add("body", String(text))
        #expect(line.line.unicodeScalars.filter { $0 == "\n" }.count == 1)
        #expect(try Self.object(line)["body"] as? String == String(text), "seed \(seed)")
    }

    @Test(
        "numbers have at most three decimals",
        arguments: [(1.5, "1.5"), (0, "0"), (-0.25, "-0.25"), (12.0004, "12"), (3.4567, "3.457")])
    func numbers(value: Double, text: String) {
        var line = JSONLine()
        line.add("n", value)
        #expect(line.line == "{\"n\":\(text)}\n")
    }

    @Test("a list keeps the place of a number that is missing")
    func missingNumbers() {
        var line = JSONLine()
        line.add("n", [1.5, nil, 2, .infinity])
        #expect(line.line == "{\"n\":[1.5,null,2,null]}\n")
    }

    @Test("a receipt carries its ids, its place and its latency")
    func receipt() throws {
        let receipt = SentReceipt(
            id: "c1", to: "u2", serverID: .max, seq: 4, timeMilliseconds: 5, latency: .microseconds(1_500))
        let object = try Self.object(EventLine.make(.sent(receipt)))
        #expect(object["event"] as? String == "sent")
        #expect(object["id"] as? String == "c1")
        #expect(object["server_id"] as? String == "18446744073709551615")
        #expect(object["seq"] as? Int == 4)
        #expect(object["latency_ms"] as? Double == 1.5)
        #expect(object["t_ms"] is Double)
    }

    @Test("a state tells the carrier, the round trip and what became of the session")
    func state() throws {
        var status = ConnectionStatus(state: .resumed, carrier: .stream, roundTrip: .milliseconds(80))
        status.start = .restarted
        status.connectTime = .microseconds(150_500)
        let object = try Self.object(EventLine.make(.connection(status)))
        #expect(object["state"] as? String == "resumed")
        #expect(object["carrier"] as? String == "stream")
        #expect(object["rtt_ms"] as? Double == 80)
        #expect(object["session"] as? String == "restarted")
        #expect(object["connect_ms"] as? Double == 150.5)
    }

    @Test("errors carry the id, a word for programs and a text for people")
    func errors() throws {
        let object = try Self.object(EventLine.make(.failed(id: "c9", .unknownRecipient("no user 'x'"))))
        #expect(object["event"] as? String == "error")
        #expect(object["id"] as? String == "c9")
        #expect(object["code"] as? String == "unknown_recipient")
        #expect(object["message"] as? String == "no user 'x'")
    }
}
