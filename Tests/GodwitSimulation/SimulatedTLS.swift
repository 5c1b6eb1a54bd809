import GodwitTLS
import GodwitWire

/// The TLS identity and the client's context of all simulated worlds. They come from a fixed seed and a fixed date, so that a seed
/// replays in another process too.
package enum SimulatedTLS {
    package static let identity = Result { () throws(TLSError) in
        try DeterministicOpenSSL.run(seed: 0x676f_6477_6974) { () throws(TLSError) in
            // 2027-01-15
            try ServerIdentity.generate(commonName: "simulated.godwit", now: 1_800_000_000)
        }
    }

    /// A server process has its own: tickets and what is remembered of them die with it.
    package static func server(random: RandomSource) throws(TLSError) -> TLSContext {
        let tickets = TicketIssuer(TicketIssuer.Configuration(secret: random.bytes(32)))
        return try TLSContext.server(identity: identity.get(), alpn: ["godwit/1"], tickets: tickets)
    }

    package static let client = Result { () throws(TLSError) in
        try TLSContext.client(pins: [identity.get().pin], alpn: ["godwit/1"])
    }
}
