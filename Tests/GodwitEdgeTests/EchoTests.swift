import GodwitSession
import GodwitWire
import NIOCore
import Testing

@testable import GodwitEdge

@Suite("Echo on real sockets", .timeLimit(.minutes(1)))
struct EchoTests {
    @Test("an echo comes back on either carrier", arguments: [CarrierKind.datagram, .stream])
    func echo(carrier: CarrierKind) async throws {
        try await EdgeFixture.serving { edge in
            let client = try await TestClient(edge)
            #expect(try await client.connect(carrier) == .new)
            let response = try await client.request(.echo, "hello, 你好")
            #expect(response.status == .ok)
            #expect(response.text == "hello, 你好")
            #expect(await edge.sample(#"godwit_tasks_total{result="ok",command_class="system"}"#) == 1)
            let attempts = "godwit_attempts_total{carrier=\"\(carrier.name)\",phase=\"request\",result=\"ok\"}"
            #expect(await edge.sample(attempts) == 1)
            try await client.leave()
        }
    }

    @Test(
        "bodies of any size up to the limit come back whole, a larger one is refused",
        arguments: [CarrierKind.datagram, .stream])
    func sizes(carrier: CarrierKind) async throws {
        try await EdgeFixture.serving { edge in
            let client = try await TestClient(edge)
            try await client.connect(carrier)
            for size in [0, 1, 1_200, 16_384, LoopLimits.echoBytesMax] {
                let body = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                #expect(try await client.request(Command.echo.rawValue, body).body == body)
            }
            await #expect(throws: SessionSendError.self) {
                try await client.request(
                    Command.echo.rawValue, ByteBuffer(repeating: 7, count: LoopLimits.echoBytesMax + 1))
            }
            try await client.leave()
        }
    }

    @Test("many requests at a time are each answered with their own body")
    func many() async throws {
        try await EdgeFixture.serving { edge in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let client = try await TestClient(edge)
                        try await client.connect(number.isMultiple(of: 2) ? .datagram : .stream)
                        let sent = (0..<100).map { index in
                            client.send(Command.echo.rawValue, ByteBuffer(string: "\(number)/\(index)"))
                        }
                        for (index, response) in sent.enumerated() {
                            #expect(try await response.get().text == "\(number)/\(index)")
                        }
                        try await client.leave()
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("a command that nobody answers is refused by its number, and is not the service's failure")
    func unknownCommand() async throws {
        try await EdgeFixture.serving { edge in
            let client = try await TestClient(edge)
            try await client.connect(.datagram)
            let response = try await client.request(4_711, ByteBuffer())
            #expect(response.status == .unknownCommand)
            #expect(response.text.contains("4711"))
            #expect(await edge.sample(#"godwit_tasks_total{result="refused",command_class="other"}"#) == 1)
            try await client.leave()
        }
    }

    @Test("echo can be switched off")
    func off() async throws {
        try await EdgeFixture.serving({ $0.upstreams.echo = .off }) { edge in
            let client = try await TestClient(edge)
            try await client.connect(.datagram)
            #expect(try await client.request(.echo, "anyone?").status == .unknownCommand)
            try await client.leave()
        }
    }
}
