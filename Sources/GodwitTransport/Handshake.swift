import GodwitTLS
import GodwitWire
import NIOCore

/// The TLS handshake of one connection: records in and out, then packet keys. Lets go of the TLS engine when it is done, a client
/// only when it has a ticket as well.
struct Handshake {
    let role: TLSRole
    private var engine: TLSEngine?
    var stream = HandshakeStream()
    private(set) var isComplete = false
    private(set) var isResumed = false
    /// Bytes of our records up to the end of the handshake; a server's ticket comes behind them.
    private var flightBytes = 0

    init(
        role: TLSRole, tls: TLSContext, serverName: String?, resumption: TLSResumption? = nil
    ) throws(TLSError) {
        self.role = role
        let engine = try TLSEngine(
            context: tls, role: role, serverName: serverName, resumption: resumption, earlyData: true)
        self.engine = engine
        if role == .client {
            try engine.start()
            takeOutput()
        }
    }

    /// A server's that is over, with nothing left to send.
    init(completedByServer isResumed: Bool) {
        role = .server
        isComplete = true
        self.isResumed = isResumed
    }

    /// Feeds what has arrived to TLS. After an error the stream may still hold an alert for the peer.
    mutating func advance(now: NIODeadline) throws(TLSError) {
        guard let engine, let records = stream.takeNext() else { return }
        defer { takeOutput() }
        try engine.receive(records, now: now)
        if engine.isHandshakeComplete, !isComplete {
            isComplete = true
            isResumed = engine.isResumed
            if role == .server { flightBytes = stream.producedBytes }
        }
    }

    /// The peer's Finished shows that it has all of our flight.
    mutating func acknowledgeFlight() { stream.acknowledge(offset: 0, count: flightBytes) }

    /// Client: a ticket for the next connection, once one has come behind the handshake.
    mutating func takeTicket() throws(TLSError) -> ResumptionTicket? {
        guard isComplete, role == .client, let engine else { return nil }
        try engine.readTickets()
        guard let ticket = engine.takeTicket() else { return nil }
        releaseEngine()
        return ticket
    }

    /// What became of early data, once the handshake is complete.
    var isEarlyDataAccepted: Bool { engine?.isEarlyDataAccepted ?? false }

    /// The secret of zero round trip packets; nil without a ticket, or when the server has not accepted it.
    func earlySecret(clientChosenID: ConnectionID) -> [UInt8]? {
        engine?.exportEarlyKeyingMaterial(
            label: ProtocolLimits.exporterLabelEarly, context: Self.earlyBinding(clientChosenID: clientChosenID),
            length: ProtocolLimits.packetSecretLength)
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

    /// Server: the records are of no use either once all have arrived.
    mutating func releaseStream() {
        guard isComplete, engine == nil, !stream.isEmpty, stream.isAcknowledged else { return }
        stream = HandshakeStream()
    }

    private mutating func takeOutput() {
        if let records = engine?.takeOutput() { stream.append(records) }
    }

    /// What the packet secrets are bound to: version and both IDs, so that a change of them on the way leaves the two ends with
    /// different keys.
    static func binding(clientChosenID: ConnectionID, serverIssuedID: ConnectionID) -> [UInt8] {
        earlyBinding(clientChosenID: clientChosenID) + [UInt8(serverIssuedID.count)] + serverIssuedID.bytes
    }

    /// The same before the server has issued an ID.
    static func earlyBinding(clientChosenID: ConnectionID) -> [UInt8] {
        [ProtocolLimits.version, UInt8(clientChosenID.count)] + clientChosenID.bytes
    }
}
