import Foundation
import GodwitClient
import NIOCore
import UnixSignals

/// Runs tunnels until a signal or a wrong pin, and says on standard error what people should know.
struct TunnelSession {
    let connection: ClientConfiguration
    let forwards: [TunnelForward]
    let token: [UInt8]
    let isVerbose: Bool

    /// The server's key is not the pinned one.
    private static let wrongPinCode: Int32 = 2

    /// Returns the exit code. Throws when a port cannot be had.
    func run() async throws -> Int32 {
        let (endings, end) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingOldest(1))
        let client = try GodwitClient(configuration: connection)
        let isVerbose = isVerbose
        let addresses = try await client.forward(forwards, token: token) { event in
            switch event {
            case .refused(let target, let reason): Self.say("no connection to \(target): \(reason)")
            case .closed(let target, let reset?) where reset != "broken" || isVerbose:
                Self.say("a connection to \(target) was broken off: \(Self.words(reset))")
            case .opened(let target) where isVerbose: Self.say("connected to \(target)")
            case .closed(let target, nil) where isVerbose: Self.say("a connection to \(target) has ended")
            case .opened, .closed: break
            }
        }
        for (forward, address) in zip(forwards, addresses) {
            var shown = forward
            shown.listenPort = address.port ?? forward.listenPort
            print("forward  \(shown)")
        }
        print("ready")
        fflush(nil)
        let watching = Task { for await event in client.events { Self.tell(event, end) } }
        let signals = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { end.yield(0) }
        }
        client.start()
        var code: Int32 = 0
        for await ending in endings {
            code = ending
            break
        }
        await client.shutdown()
        watching.cancel()
        signals.cancel()
        return code
    }

    private static func tell(_ event: ClientEvent, _ end: AsyncStream<Int32>.Continuation) {
        switch event {
        case .status(let status):
            guard status.state != .connecting else { return }
            say(status.state.rawValue + (status.carrier.map { " by \($0.rawValue)" } ?? ""))
        case .problem(.untrustedServer(let reason)):
            say("the server's key is not the pinned one: \(reason)")
            end.yield(wrongPinCode)
        case .problem(.refused(let reason)): say("the server refused the session: \(reason)")
        case .problem(.nameNotResolved(let name)): say("\(name) has no address")
        case .opened, .push, .datagram, .save: break
        }
    }

    private static func words(_ reset: String) -> String {
        switch reset {
        case "broken": "one of its ends was closed or failed"
        case "idle": "nothing moved on it for longer than the server allows"
        case "violation": "the two ends disagree on the protocol; update the older one"
        case "stopping": "the server or this client stops"
        case "session_lost": "the server restarted or forgot this session"
        default: reset
        }
    }

    private static func say(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data("godwit tunnel: \(text)\n".utf8))
    }
}
