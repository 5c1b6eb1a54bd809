import Foundation
import Testing

@Suite("What goes first, and what goes no more", .timeLimit(.minutes(1)))
struct EndingTests {
    @Test(
        "a small request overtakes a large one, and one that is late or cancelled ends as such, once",
        arguments: ["datagram", "stream"])
    func endings(carrier: String) async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let client = try ClientProcess(server, carrier: carrier, arguments: ["--no-connect"])
        let image = String(repeating: "x", count: 250_000)
        for number in 1...4 {
            try client.write(["op": "request", "id": "image \(number)", "cmd": "echo", "body": image])
        }
        try client.write(["op": "request", "id": "late", "cmd": "echo", "body": "typing", "deadline_ms": 20])
        try client.write(["op": "request", "id": "stopped", "cmd": "echo", "body": "never mind"])
        try client.write(["op": "cancel", "id": "stopped"])
        try client.write(["op": "cancel", "id": "nothing"])
        let errors = try await client.first(2, "error")
        #expect(Set(errors.map { "\($0.id ?? "") \($0.code ?? "")" }) == ["late late", "stopped cancelled"])

        try client.write(["op": "request", "id": "text", "cmd": "echo", "body": "hello"])
        try client.write(["op": "request", "id": "first", "cmd": "echo", "body": "now", "urgency": "control"])
        try client.write(["op": "cancel", "id": "image 2"])
        try client.write(["op": "connect"])
        let replies = try await client.first(5, "reply")
        #expect(replies.prefix(2).map(\.id) == ["first", "text"])
        #expect(Set(replies.dropFirst(2).map(\.id)) == ["image 1", "image 3", "image 4"])
        #expect(try await client.first(3, "error").last?.code == "cancelled")
        try await client.quit()
        #expect(client.lines.count { $0.event == "error" } == 3)
    }
}
