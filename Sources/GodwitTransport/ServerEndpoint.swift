import GodwitTLS
import GodwitWire
import NIOCore

/// The server side of one event loop: finds the connection that a datagram is for, or makes it. Bounded tables; counts drops.
package final class ServerEndpoint {
    /// Datagrams without effect, those that reached a connection included.
    package private(set) var drops = DropCounters()
    package var connectionCount: Int { table.count }
    package private(set) var halfOpenCount = 0
    /// Stateless resets sent.
    package private(set) var resetCount: UInt64 = 0
    /// Retries sent, and those that were answered from the address that they were sent to.
    package private(set) var retryCount: UInt64 = 0
    package private(set) var retryAnswerCount: UInt64 = 0

    private let tls: TLSContext
    private let loopIndex: UInt8
    private let limits: EndpointLimits
    private let tokens: AddressTokens
    private let lender: ConnectionLender
    private var table = ConnectionTable()
    private var resets: RateLimit

    /// - Parameter identity: what this server had in its last life, so that clients of that hear that it is over.
    package init(
        configuration: TransportConfiguration, tls: TLSContext, loopIndex: UInt8, limits: EndpointLimits,
        identity: EndpointIdentity? = nil, random: RandomSource
    ) throws(TransportError) {
        try configuration.validate()
        self.tls = tls
        self.loopIndex = loopIndex
        self.limits = limits
        resets = RateLimit(perSecond: limits.statelessResetsPerSecond)
        let identity = identity ?? .ephemeral(random)
        lender = ConnectionLender(
            configuration: configuration, random: random,
            issuer: try ConnectionIDIssuer(loopIndex: loopIndex, identity: identity, random: random))
        do throws(TLSError) {
            tokens = try AddressTokens(identity: identity, random: random)
        } catch {
            throw .tls(error)
        }
    }

    /// - Parameter mark: of the datagram's IP header.
    package func receive(
        _ datagram: consuming ByteBuffer, from source: Address, mark: ECNCodepoint = .notCapable, now: NIODeadline
    ) -> Routing {
        let destination: ConnectionID
        var isShort = false
        do throws(WireError) {
            var reading = copy datagram
            let header = try PacketHeader.decode(
                from: &reading, shortDestinationLength: lender.issuer.idLength)
            switch header {
            case .short(let id):
                destination = id
                isShort = true
            // Behind the first datagram, or ahead of it: then it comes again.
            case .zeroRTT(let header): destination = header.destination
            case .initial(let header):
                destination = header.destination
                if table[destination] == nil, destination.count != lender.issuer.idLength {
                    return accept(header, datagram, number: reading.readerIndex, from: source, mark: mark, now: now)
                }
            // Servers send it; they have no use for it.
            case .versionNegotiation, .retry: return drop(.malformed)
            }
        } catch {
            if case .unsupportedVersion = error { return negotiate(datagram) }
            return drop(DropReason(error))
        }
        guard let handle = table[destination], let served = table[handle] else {
            return route(datagram, to: destination, isShort: isShort, now: now)
        }
        deliver(datagram, to: served.connection, handle, from: source, mark: mark, now: now)
        return .connection(handle)
    }

    package func connection(_ handle: ConnectionHandle) -> ServedConnection? { table[handle] }

    /// Lays a connection to rest if it has been silent for long enough, see `ServedConnection`. By then no copy of its client's first packets
    /// is still to come, so that they need not be known as such.
    ///
    /// - Returns: what it has counted since it woke; nil when it did not go to rest.
    package func rest(_ handle: ConnectionHandle) -> ConnectionStatistics? {
        guard let served = table[handle], let figures = served.rest() else { return nil }
        if let id = served.giveUpChosenID() { table.remove(id) }
        return figures
    }

    /// IDs that lead to a connection; for tests.
    var knownIDCount: Int { table.idCount }

    /// Forgets a connection; its IDs become unknown.
    package func remove(_ handle: ConnectionHandle) {
        guard let connection = table.remove(handle)?.awake else { return }
        if connection.isCountedHalfOpen { halfOpenCount -= 1 }
    }

    private func drop(_ reason: DropReason) -> Routing {
        drops.count(reason)
        return .dropped(reason)
    }

    private func deliver(
        _ datagram: consuming ByteBuffer, to connection: Connection, _ handle: ConnectionHandle, from source: Address,
        mark: ECNCodepoint, now: NIODeadline
    ) {
        if let reason = connection.take(datagram, from: source, mark: mark, now: now) { drops.count(reason) }
        if connection.isCountedHalfOpen, connection.state != .handshaking {
            connection.isCountedHalfOpen = false
            halfOpenCount -= 1
        }
        if connection.state == .established, let ids = connection.localIDs, ids.isUnsettled { settle(ids, of: handle) }
    }

    /// Forgets the IDs that the client has given up, and makes as many new ones.
    private func settle(_ ids: LocalIDs, of handle: ConnectionHandle) {
        for id in ids.takeRetired() { table.remove(id) }
        while ids.needsMore {
            let id = makeID()
            table.add(id, for: handle)
            ids.add(id)
        }
    }

    private func makeID() -> ConnectionID {
        var id = lender.issuer.makeID()
        while table[id] != nil { id = lender.issuer.makeID() }
        return id
    }

    /// A client's first datagram, or a repetition that overtook nothing.
    private func accept(
        _ header: InitialHeader, _ datagram: consuming ByteBuffer, number: Int, from source: Address,
        mark: ECNCodepoint, now: NIODeadline
    ) -> Routing {
        guard datagram.readableBytes >= ProtocolLimits.minimumInitialDatagramBytes else {
            return drop(.initialTooSmall)
        }
        guard table.count < limits.maximumConnections else { return drop(.connectionLimit) }
        guard halfOpenCount < limits.maximumHalfOpen else { return drop(.halfOpenLimit) }
        let isValidated = tokens.accept(header.destination, from: source, now: now)
        guard isValidated || halfOpenCount < limits.retryAbove else { return retry(header, to: source, now: now) }
        let connection: Connection
        do throws(TLSError) {
            let keys = try PacketKeys.initial(role: .server, clientChosenID: header.destination)
            // A TLS engine is dear, so the packet must be authentic first. It is opened again by the connection.
            let bounds = PacketKeys.Bounds(start: datagram.readerIndex, number: number, end: number + header.length)
            guard keys.open(datagram, bounds, largestReceived: nil, into: &lender.workspace.plaintext) != nil else {
                return drop(.authenticationFailed)
            }
            connection = Connection(
                role: .server, configuration: lender.configuration,
                handshake: try Handshake(role: .server, tls: tls, serverName: nil), initialKeys: keys,
                clientChosenID: header.destination, localID: makeID(), peerID: header.source, remote: source,
                random: lender.random, workspace: lender.workspace, issuer: lender.issuer, now: now)
        } catch {
            return drop(.tlsSetup)
        }
        if isValidated {
            retryAnswerCount += 1
            connection.path.amplification.validate()
        }
        let handle = table.insert(ServedConnection(connection, lender: lender))
        connection.isCountedHalfOpen = true
        halfOpenCount += 1
        deliver(datagram, to: connection, handle, from: source, mark: mark, now: now)
        return .connection(handle)
    }

    /// A datagram that is for no connection of this loop.
    private func route(
        _ datagram: consuming ByteBuffer, to destination: ConnectionID, isShort: Bool, now: NIODeadline
    ) -> Routing {
        let routing: Routing
        switch lender.issuer.home(of: destination) {
        case .loop(let owner) where owner != loopIndex && owner < limits.loopCount: return .loop(owner, datagram)
        // Its tokens are made with another secret.
        case .otherServer: return drop(.otherServer)
        case .loop(let owner): routing = drop(owner == loopIndex ? .unknownConnection : .unknownLoop)
        case .unknown: routing = drop(.unknownConnection)
        }
        guard isShort, let reset = makeReset(for: destination, datagram, now: now) else { return routing }
        return .reply(reset)
    }

    /// Only packets behind the handshake are answered: a client has no token before.
    private func makeReset(for id: ConnectionID, _ datagram: ByteBuffer, now: NIODeadline) -> ByteBuffer? {
        guard datagram.readableBytes > StatelessReset.minimumBytes, resets.take(now: now) else { return nil }
        resetCount += 1
        return StatelessReset.make(
            lender.issuer.resetToken(for: id), answering: datagram.readableBytes, random: lender.random)
    }

    /// Costs no memory and little time, and is far smaller than the datagram that it answers.
    private func retry(_ header: InitialHeader, to source: Address, now: NIODeadline) -> Routing {
        guard let token = tokens.make(for: source, now: now) else { return drop(.tlsSetup) }
        retryCount += 1
        var reply = ByteBufferAllocator().buffer(capacity: 64)
        RetryPacket(destination: header.source, source: header.destination, token: token).encode(into: &reply)
        return .reply(reply)
    }

    /// Answers a client of another version; only to what could be a first datagram, so that the answer is never the larger one.
    private func negotiate(_ datagram: consuming ByteBuffer) -> Routing {
        drops.count(.unsupportedVersion)
        guard datagram.readableBytes >= ProtocolLimits.minimumInitialDatagramBytes else {
            return .dropped(.unsupportedVersion)
        }
        var reading = copy datagram
        reading.moveReaderIndex(forwardBy: 1)
        guard let invariant = try? LongInvariant(decoding: &reading) else { return .dropped(.unsupportedVersion) }
        var reply = ByteBufferAllocator().buffer(capacity: 64)
        VersionNegotiation(
            destination: invariant.source, source: invariant.destination, versions: ProtocolLimits.supportedVersions
        ).encode(into: &reply)
        return .reply(reply)
    }
}
