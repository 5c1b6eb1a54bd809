import GodwitTLS

/// The two TLS contexts of all simulated worlds. They come from a fixed seed and a fixed date, so that a seed replays in another
/// process too.
package enum SimulatedTLS {
    package static let identity = Result { () throws(TLSError) in
        try DeterministicOpenSSL.run(seed: 0x676f_6477_6974) { () throws(TLSError) in
            // 2027-01-15
            try ServerIdentity.generate(commonName: "simulated.godwit", now: 1_800_000_000)
        }
    }

    package static let server = Result { () throws(TLSError) in
        try TLSContext.server(identity: identity.get(), alpn: ["godwit/1"])
    }

    package static let client = Result { () throws(TLSError) in
        try TLSContext.client(pins: [identity.get().pin], alpn: ["godwit/1"])
    }
}
