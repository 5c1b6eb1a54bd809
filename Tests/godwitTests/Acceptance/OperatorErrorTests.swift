import NIOCore
import NIOPosix
import Testing

@Suite("Errors for operators", .timeLimit(.minutes(2)))
struct OperatorErrorTests {
    /// Runs `godwit serve` that must not start, and gives what it says.
    private func refusal(_ arguments: [String], environment: [String: String] = [:]) async throws -> String {
        let result = try await ChildProcess.run(["serve"] + arguments, environment: environment)
        #expect(result.code == 1)
        #expect(!result.output.contains("ready"))
        #expect(!result.errors.contains("Fatal error"))
        return result.errors
    }

    private func serve(_ directory: TemporaryDirectory, listen: String = "127.0.0.1:0") -> [String] {
        ["--data", directory.file("other"), "--listen", listen, "--admin", "127.0.0.1:0"]
    }

    @Test("every mistake in a configuration is told with its place and what would be right")
    func configuration() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "godwit.yaml",
            """
            listen: 127.0.0.1:0
            limits:
              sesions: 5
            timeouts:
              idle: 30

            """)
        let errors = try await refusal(["--config", file], environment: ["GODWIT_STORE_SHARDS": "many"])
        #expect(errors.contains("godwit.yaml:3: unknown key \"limits.sesions\"; did you mean \"limits.sessions\"?"))
        #expect(errors.contains("godwit.yaml:5: timeouts.idle cannot be \"30\"; expected a duration"))
        #expect(errors.contains("GODWIT_STORE_SHARDS"))

        let broken = try directory.write("broken.yaml", "listen: [\n")
        #expect(try await refusal(["--config", broken]).contains("broken.yaml:"))
        let missing = try await refusal(["--config", directory.file("missing.yaml")])
        #expect(missing.contains("missing.yaml: No such file"))
        #expect(try await refusal(["--listen", "frob"]).contains("expected HOST:PORT"))
    }

    @Test("a port or a data directory that somebody has is named, with what to do")
    func inUse() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let tcp = try await refusal(serve(directory, listen: server.address))
        #expect(tcp.contains("cannot listen on tcp \(server.address): address in use"))
        #expect(tcp.contains("--listen"))

        let socket = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let address = "127.0.0.1:\(try #require(socket.localAddress?.port))"
        #expect(try await refusal(serve(directory, listen: address)).contains("cannot listen on udp \(address)"))
        try await socket.close()

        let admin = "127.0.0.1:\(server.adminPort)"
        let errors = try await refusal(
            ["--data", directory.file("other"), "--listen", "127.0.0.1:0", "--admin", admin])
        #expect(errors.contains("\(admin) is in use"))

        let locked = try await refusal(
            ["--data", directory.file("data"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        #expect(locked.contains("in use by process \(server.child.identifier)"))
        let pin = try await ChildProcess.run(["pin", "--data", directory.file("nothing")])
        #expect(pin.code == 1)
        #expect(pin.errors.contains("godwit serve"))
    }

    @Test("a client with the wrong pin says whose key it met and ends with code 2", arguments: ["datagram", "stream"])
    func wrongPin(carrier: String) async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let pin = String(repeating: "A", count: 43)
        let client = try ClientProcess(server: server.address, pin: pin, carrier: carrier)
        let error = try await client.first("error")
        #expect(error.code == "wrong_pin")
        #expect(error.message?.contains(server.pin) == true)
        #expect(try await client.child.exitCode() == 2)
        #expect(client.lines.last?.event == "bye")
        try await server.poll("the failed attempt") {
            $0.value("godwit_attempts_total", ["carrier": carrier, "phase": "connect", "result": "failed"]) == 1
        }
    }

    @Test("arguments that cannot be used are refused before anything is tried")
    func arguments() async throws {
        let pin = String(repeating: "A", count: 43)
        for arguments in [
            ["--pin", "xx", "--server", "127.0.0.1:1"], ["--pin", pin, "--server", "127.0.0.1"],
            ["--pin", pin, "--server", "127.0.0.1:1", "--carrier", "pigeon"],
        ] {
            let result = try await ChildProcess.run(["client", "--jsonl"] + arguments)
            #expect(result.code == 64)
            #expect(!result.errors.isEmpty)
        }
        // A state directory has one client at a time.
        let directory = try TemporaryDirectory()
        let holder = try ClientProcess(
            server: "127.0.0.1:1", pin: pin, carrier: "stream", state: directory.file("state"))
        try holder.write(["op": "status"])
        _ = try await holder.first("status")
        let second = try await ChildProcess.run(
            ["client", "--jsonl", "--server", "127.0.0.1:1", "--pin", pin, "--state", directory.file("state")])
        #expect(second.code == 1)
        #expect(second.errors.contains("\(holder.child.identifier)"))
    }
}
