import Testing

@Suite("Talking", .timeLimit(.minutes(2)))
struct MessagingTests {
    @Test("a message reaches every device of its recipient and the sender's others, and is marked as read")
    func devices() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let (ada, adaElsewhere) = (try ClientProcess(server), try ClientProcess(server, carrier: "stream"))
        let (bob, bobElsewhere) = (try ClientProcess(server), try ClientProcess(server, carrier: "stream"))
        #expect(try await ada.logIn("ada").created == true)
        #expect(try await adaElsewhere.logIn("ada").created != true)
        #expect(try await bob.logIn("bob").created == true)
        _ = try await bobElsewhere.logIn("bob")

        try ada.send("m1", to: "bob", "你好, \"bob\"\n\u{2028}🐦")
        #expect(try await ada.first("queued").id == "m1")
        let sent = try await ada.first("sent")
        for device in [bob, bobElsewhere, adaElsewhere] {
            let message = try await device.first("message")
            #expect(message.from == "ada")
            #expect(message.to == "bob")
            #expect(message.body == "你好, \"bob\"\n\u{2028}🐦")
            #expect(message.serverId == sent.serverId)
        }

        let received = try await bob.first("message")
        try bob.write(["op": "read", "id": "r1", "from": "ada", "seq": received.seq])
        #expect(try await bob.first("ok").id == "r1")
        for device in [ada, adaElsewhere] {
            let read = try await device.first("read")
            #expect(read.by == "bob")
            #expect(read.serverId == sent.serverId)
        }
        try ada.write(["op": "history", "with": "bob"])
        #expect(try await ada.first("history").messages?.map(\.mark) == ["read"])

        // The same id again sends nothing.
        try ada.send("m1", to: "bob", "once more")
        #expect(try await ada.first(2, "sent").map(\.serverId) == [sent.serverId, sent.serverId])
        try ada.send("m2", to: "bob", "last")
        #expect(try await bob.first(2, "message").map(\.body).last == "last")
        for client in [ada, adaElsewhere, bob, bobElsewhere] { try await client.quit() }
    }

    @Test("a message to oneself arrives on every device of one's own, once")
    func toOneself() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let devices = [try ClientProcess(server), try ClientProcess(server)]
        for device in devices { _ = try await device.logIn("ada") }
        for number in 1...3 { try devices[0].send("n\(number)", to: "ada", "note \(number)") }
        for device in devices {
            let notes = try await device.first(3, "message")
            #expect(notes.map(\.body) == ["note 1", "note 2", "note 3"])
            #expect(notes.allSatisfy { $0.from == "ada" })
        }
        for device in devices {
            try await device.quit()
            #expect(device.lines.filter { $0.event == "message" }.count == 3)
        }
    }

    @Test("a message waits for a recipient who is away, and a restarted client needs no password")
    func away() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let state = directory.file("bob")
        let bob = try ClientProcess(server, state: state)
        let device = try await bob.logIn("bob").device
        try await bob.quit()

        let ada = try ClientProcess(server)
        _ = try await ada.logIn("ada")
        for number in 1...5 { try ada.send("m\(number)", to: "bob", "while away \(number)") }
        _ = try await ada.first(5, "sent")

        let again = try ClientProcess(server, state: state)
        let login = try await again.logIn("bob", password: nil)
        #expect(login.device == device)
        #expect(try await again.first(5, "message").map(\.body) == (1...5).map { "while away \($0)" })
        // A login is not even asked for: the answer to the first run's is kept.
        try again.send("b1", to: "ada", "back")
        #expect(try await ada.first("message").body == "back")
        try await again.quit()

        let third = try ClientProcess(server, state: state)
        try third.write(["op": "sync"])
        _ = try await third.first("synced")
        try third.write(["op": "history", "with": "ada"])
        #expect(try await third.first("history").messages?.count == 6)
        try await third.quit()
        #expect(!third.lines.contains { $0.event == "message" }, "printed by the process before")
        try await ada.quit()
    }

    @Test("quit waits for the login, the messages and the answers that are under way")
    func quitAtOnce() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let client = try ClientProcess(server)
        try client.write(["op": "login", "user": "ada", "password": "secret"])
        try client.write(["op": "quit"])
        #expect(try await client.child.exitCode() == 0)
        #expect(try await client.first("login").created == true)
        let other = try ClientProcess(server)
        try other.write(["op": "login", "user": "bob", "password": "secret"])
        try other.send("m1", to: "ada", "x")
        try other.write(["op": "request", "id": "e1", "cmd": "echo", "body": "y"])
        try other.child.endInput()
        #expect(try await other.child.exitCode() == 0)
        #expect(try await other.first("sent").id == "m1")
        #expect(try await other.first("reply").id == "e1")
        #expect(try await other.first("bye").unsent == 0)
    }

    @Test("what cannot be done is refused by name, and the client goes on")
    func refusals() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let client = try ClientProcess(server)

        // No login is needed for an echo; everything else says so.
        #expect(try await client.echo("e0", "no login").body == "no login")
        try client.send("early", to: "bob", "x")
        #expect(try await client.first("error") { $0.id == "early" }.code == "not_logged_in")
        try client.write(["op": "login", "user": "ada"])
        #expect(try await client.first(2, "error").last?.code == "not_logged_in")
        _ = try await client.logIn("ada")

        try client.send("nobody", to: "nobody-of-that-name", "x")
        let unknown = try await client.first("error") { $0.id == "nobody" }
        #expect(unknown.code == "unknown_recipient")
        #expect(unknown.message?.contains("nobody-of-that-name") == true)
        try client.send("big", to: "ada", String(repeating: "x", count: 65_537))
        let large = try await client.first("error") { $0.id == "big" }
        #expect(large.code == "too_large")
        #expect(large.message?.contains("65537") == true)
        try client.send("largest", to: "ada", String(repeating: "y", count: 65_536))
        _ = try await client.first("sent") { $0.id == "largest" }
        try client.send("empty", to: "ada", "")
        #expect(try await client.first("error") { $0.id == "empty" }.code == "empty_body")

        try client.write("{\"op\":")
        let bad = try await client.first("error") { $0.code == "bad_line" }
        #expect(bad.line == 9)
        try client.write(["op": "fly"])
        #expect(try await client.first("error") { $0.line == 10 }.message?.contains("fly") == true)
        try client.write(["op": "request", "id": "r1", "cmd": "frob", "body": ""])
        #expect(try await client.first("error") { $0.id == "r1" }.message?.contains("frob") == true)
        try client.write(["op": "request", "id": "r2", "cmd": 9_999, "body": ""])
        #expect(try await client.first("error") { $0.id == "r2" }.code == "unknown_command")
        try client.write(["op": "request", "id": "r3", "cmd": "send", "body": "no protobuf"])
        #expect(try await client.first("error") { $0.id == "r3" }.code == "bad_request")

        let stranger = try ClientProcess(server)
        try stranger.write(["op": "login", "user": "ada", "password": "guess"])
        #expect(try await stranger.first("error").code == "wrong_password")
        try stranger.write(["op": "login", "user": "carol", "password": "x", "create": false])
        _ = try await stranger.first(2, "error")
        #expect(!stranger.lines.contains { $0.event == "login" })

        #expect(try await client.echo("e1", "still here").body == "still here")
        let metrics = try await server.metrics()
        #expect(metrics.value("godwit_tasks_total", ["result": "refused"]) >= 4)
        #expect(metrics.value("godwit_tasks_total", ["result": "failed"]) == 0)
        try await client.quit()
        try await stranger.quit()
    }
}
