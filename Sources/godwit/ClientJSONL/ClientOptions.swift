import ArgumentParser
import Foundation
import GodwitClient
import GodwitEdge
import GodwitTLS

/// Where a client command finds its server. What is not given comes from the environment, and on the server's own
/// machine from its data directory, so that the next command to type is short.
struct ClientOptions: ParsableArguments {
    @Option(help: "The server, HOST:PORT. Default: $GODWIT_SERVER, else 127.0.0.1:7400 beside a ./data directory.")
    var server: String?

    // Base64url: one pin in 64 begins with a dash.
    @Option(
        parsing: .unconditionalSingleValue,
        help: "The server's public-key pin, as 'godwit pin' prints it. Default: $GODWIT_PIN, else that of ./data.")
    var pin: [String] = []

    @Option(help: "auto (UDP first, TCP when that is slow), datagram (UDP) or stream (TLS on TCP).")
    var carrier: CarrierPreference = .auto

    private static let localData = "data"
    private static let localServer = "127.0.0.1:7400"

    func connection() throws -> ClientConfiguration {
        let environment = ProcessInfo.processInfo.environment
        let localPin = Self.localPin()
        guard let server = server ?? environment["GODWIT_SERVER"] ?? (localPin == nil ? nil : Self.localServer) else {
            throw ValidationError("which server? Give --server HOST:PORT or set GODWIT_SERVER.")
        }
        var pins = pin
        if pins.isEmpty, let given = environment["GODWIT_PIN"] { pins = [given] }
        if pins.isEmpty, let localPin { pins = [localPin] }
        guard !pins.isEmpty else {
            throw ValidationError(
                "which key has the server? Give --pin PIN or set GODWIT_PIN; 'godwit pin --data DIR' prints it there.")
        }
        do {
            for pin in pins { _ = try PublicKeyPin(parsing: pin) }
            var configuration = ClientConfiguration(server: try ServerEndpointName(parsing: server), pins: pins)
            configuration.carriers = carrier
            return configuration
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// The pin of a server whose data directory is here, if there is one and we may read it.
    private static func localPin() -> String? {
        try? IdentityFiles(dataDirectory: localData).load()?.pin.description
    }
}

extension CarrierPreference: ExpressibleByArgument {}
