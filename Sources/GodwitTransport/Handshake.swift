import GodwitTLS
import GodwitWire
import NIOCore

/// The TLS handshake of one connection: records in and out, then packet keys. Lets go of the TLS engine when it is done.
struct Handshake {
    let role: TLSRole
    private var engine: TLSEngine?
    var stream = HandshakeStream()
    private(set) var isComplete = false

    init(role: TLSRole, tls: TLSContext, serverName: String?) throws(TLSError) {
        self.role = role
        let engine = try TLSEngine(context: tls, role: role, serverName: serverName)
        self.engine = engine
        if role == .client {
            try engine.start()
            takeOutput()
        }
    }

    /// Feeds what has arrived to TLS. After an error the stream may still hold an alert for the peer.
    mutating func advance() throws(TLSError) {
        guard let engine, let records = stream.takeNext() else { return }
        defer { takeOutput() }
        try engine.receive(records)
        if engine.isHandshakeComplete { isComplete = true }
    }

    /// The secrets of application packets, nil before TLS can tell. `binding` is what both ends must agree on besides.
    func packetSecrets(binding: [UInt8]) throws(TLSError) -> (client: [UInt8], server: [UInt8])? {
        guard let engine, engine.canExport else { return nil }
        let length = ProtocolLimits.packetSecretLength
        return (
            client: try engine.exportKeyingMaterial(
                label: ProtocolLimits.exporterLabelClient, context: binding, length: length),
            server: try engine.exportKeyingMaterial(
                label: ProtocolLimits.exporterLabelServer, context: binding, length: length)
        )
    }

    /// The engine holds tens of kilobytes and is of no use once the packet keys are out.
    mutating func releaseEngine() { engine = nil }

    private mutating func takeOutput() {
        if let records = engine?.takeOutput() { stream.append(records) }
    }

    /// What the packet secrets are bound to: version and both IDs, so that a change of them on the way leaves the two ends with
    /// different keys.
    static func binding(clientChosenID: ConnectionID, serverIssuedID: ConnectionID) -> [UInt8] {
        [ProtocolLimits.version, UInt8(clientChosenID.count)] + clientChosenID.bytes
            + [UInt8(serverIssuedID.count)] + serverIssuedID.bytes
    }
}
