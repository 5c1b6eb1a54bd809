import Testing

/// Everything here runs the real program: `godwit serve` and `godwit client` as child processes.
@Suite("Starting a server", .timeLimit(.minutes(2)))
struct FirstStartTests {
    @Test("the first start prints what a client needs, and the second keeps key, accounts and messages")
    func restart() async throws {
        let directory = try TemporaryDirectory()
        let first = try await ServerProcess.start(data: directory.file("data"))
        #expect(first.address.hasPrefix("127.0.0.1:"))
        #expect(first.banner["metrics"] == "http://127.0.0.1:\(first.adminPort)/metrics")
        #expect(first.banner["page"] == "http://127.0.0.1:\(first.adminPort)/")
        #expect(first.banner["next"] == "godwit chat alice --server \(first.address) --pin \(first.pin)")
        #expect(try await AdminPage.get("/livez", port: first.adminPort).hasPrefix("ok"))

        let pin = try await ChildProcess.run(["pin", "--data", directory.file("data")])
        #expect(pin.code == 0)
        #expect(pin.output == first.pin)

        let writer = try ClientProcess(first)
        #expect(try await writer.logIn("ada").created == true)
        let reader = try ClientProcess(first)
        _ = try await reader.logIn("bob")
        try await reader.quit()
        try writer.send("m1", to: "bob", "kept")
        _ = try await writer.first("sent")
        try await writer.quit()
        #expect(try await first.terminate() == 0)

        let second = try await first.again()
        #expect(second.pin == first.pin)
        #expect(second.address == first.address)
        let returned = try ClientProcess(second)
        #expect(try await returned.logIn("bob").created != true)
        #expect(try await returned.first("message").body == "kept")
        try await returned.quit()
        #expect(try await second.terminate() == 0)
    }
}
