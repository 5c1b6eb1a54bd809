import Testing

@Suite("Crashes", .timeLimit(.minutes(2)))
struct CrashTests {
    @Test("a server killed in the middle loses, doubles and reorders nothing", arguments: ["datagram", "stream"])
    func serverKilled(carrier: String) async throws {
        let directory = try TemporaryDirectory()
        var server = try await ServerProcess.start(data: directory.file("data"))
        let talk = try await Conversation(
            ada: ClientProcess(server, carrier: carrier), bob: ClientProcess(server, carrier: carrier))
        // Twice: while messages are under way, and while the queues of the first time drain.
        try talk.write(1...60)
        try await talk.received(10)
        try await server.kill()
        try talk.write(61...120)
        server = try await server.again()
        try await talk.received(70)
        try await server.kill()
        try talk.write(121...150)
        server = try await server.again()
        try await talk.expectWhole(150)
        #expect(try await server.terminate() == 0)
    }

    @Test("a client killed in the middle sends what it had queued once each, in order, when it is back")
    func clientKilled() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let state = directory.file("state")
        let bob = try ClientProcess(server)
        _ = try await bob.logIn("bob")

        var ada = try ClientProcess(server, state: state)
        _ = try await ada.logIn("ada")
        for number in 1...100 { try ada.send("m\(number)", to: "bob", "line \(number)") }
        let queued = try await ada.first(100, "queued")
        #expect(queued.map(\.id) == (1...100).map { "m\($0)" })
        try await ada.kill()

        // The second life is killed early as well, with lines of its own.
        ada = try ClientProcess(server, state: state)
        _ = try await ada.logIn("ada", password: nil)
        for number in 101...130 { try ada.send("m\(number)", to: "bob", "line \(number)") }
        _ = try await ada.first("queued") { $0.id == "m130" }
        try await ada.kill()

        ada = try ClientProcess(server, state: state)
        _ = try await bob.first(130, "message")
        // A program that does not know what came of its lines may repeat them all.
        _ = try await ada.logIn("ada", password: nil)
        for number in 1...130 { try ada.send("m\(number)", to: "bob", "line \(number)") }
        try ada.send("end", to: "bob", "end")
        _ = try await bob.first("message") { $0.body == "end" }
        #expect(
            bob.lines.filter { $0.event == "message" }.map(\.body) == (1...130).map { "line \($0)" } + ["end"])
        try await ada.quit()
        try await bob.quit()
    }

    @Test("lines written while the server is away are kept by a client that dies before it comes back")
    func bothKilled() async throws {
        let directory = try TemporaryDirectory()
        var server = try await ServerProcess.start(data: directory.file("data"))
        let state = directory.file("state")
        // On stream, so that it notices at once: an idle datagram client learns of the crash by its heartbeat.
        let bob = try ClientProcess(server, carrier: "stream")
        _ = try await bob.logIn("bob")
        var ada = try ClientProcess(server, state: state)
        _ = try await ada.logIn("ada")
        try await server.kill()
        for number in 1...20 { try ada.send("m\(number)", to: "bob", "line \(number)") }
        _ = try await ada.first(20, "queued")
        try await ada.kill()

        ada = try ClientProcess(server, state: state)
        server = try await server.again()
        _ = try await ada.first(20, "sent")
        #expect(try await bob.first(20, "message").map(\.body) == (1...20).map { "line \($0)" })
        try await ada.quit()
        try await bob.quit()
        #expect(bob.lines.filter { $0.event == "message" }.count == 20)
    }

    @Test("SIGTERM ends a server with clients attached at once, and they come back to the next one by themselves")
    func graceful() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let talk = try await Conversation(
            ada: ClientProcess(server, carrier: "datagram"), bob: ClientProcess(server, carrier: "stream"))
        try talk.write(1...20)
        try await talk.received(20)
        // The configuration lets it wait 10 s for work that was begun; there is none.
        #expect(try await server.terminate(seconds: 9) == 0)
        #expect(server.child.errors.elements.contains { $0.hasSuffix("stopped") })
        try talk.write(21...30)
        let next = try await server.again()
        try await talk.expectWhole(30)
        #expect(try await next.terminate(seconds: 9) == 0)
    }
}
