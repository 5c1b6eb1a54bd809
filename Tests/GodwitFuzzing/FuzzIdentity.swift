import GodwitTLS

/// The server that all fuzzing meets, and a client that trusts it.
enum FuzzIdentity {
    private static let identity = try? ServerIdentity.generate(commonName: "fuzz")

    /// Made once: a key for each input would be most of the time.
    static let server: TLSContext? = {
        guard let identity else { return nil }
        let tickets = TicketIssuer(TicketIssuer.Configuration(secret: [UInt8](repeating: 1, count: 32)))
        return try? TLSContext.server(identity: identity, alpn: ["godwit/1"], tickets: tickets)
    }()

    static let client: TLSContext? = {
        guard let identity else { return nil }
        return try? TLSContext.client(pins: [identity.pin], alpn: ["godwit/1"])
    }()
}
