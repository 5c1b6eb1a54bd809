import GodwitMetrics
import GodwitSession
import GodwitTransport
import GodwitWire
import Logging
import NIOCore

/// The datagram carriers of a loop: from its socket to the transport's connections and back.
extension EdgeLoop {
    /// One datagram, from this loop's socket or handed over by another loop.
    func receive(_ datagram: ByteBuffer, from source: SocketAddress, mark: ECNCodepoint = .notCapable) {
        // Nothing can be sent to port 0: the kernel refuses it, and the channel would close over that.
        guard let remote = Address(source), remote.port != 0 else { return }
        let now = turnTime()
        let size = datagram.readableBytes
        metrics.datagramsReceived.add()
        metrics.datagramBytesReceived.add(size)
        metrics.marked(mark)
        switch endpoint.receive(datagram, from: remote, mark: mark, now: now) {
        case .connection(let handle):
            if let carrier = datagramCarriers[handle] {
                touch(carrier)
            } else if let served = endpoint.connection(handle) {
                let id = makeCarrierID()
                let carrier = DatagramCarrier(
                    id: id, handle: handle, served: served, destination: source, remote: remote)
                datagramCarriers[handle] = carrier
                datagramNumbers[id.number] = handle
                touch(carrier)
            }
        case .loop(let owner, let datagram):
            // A datagram that was handed over already does not travel on.
            // Copied: a slice would keep the socket's whole receive buffer from being used again.
            if owner != index { outbox.add(.datagram(ByteBuffer(buffer: datagram), from: source), to: owner) }
        case .reply(let reply):
            socket?.write(reply, to: source)
            metrics.datagramsSent.add()
            metrics.datagramBytesSent.add(reply.readableBytes)
        case .dropped:
            break
        }
    }

    /// Takes what arrived out of a connection.
    func takeEvents(of carrier: DatagramCarrier, now: NIODeadline) {
        let connection = carrier.connection
        while let event = connection.pollEvent() {
            switch event {
            case .established:
                carrier.isEstablished = true
                handshakeEnded(.datagram, .ok, now: now)
                countHandshake(connection.statistics)
                for envelope in carrier.takeHeldBack() { receive(envelope, on: carrier, now: now) }
            case .message(let envelope):
                receive(envelope, on: carrier, now: now)
            case .datagram(let envelope):
                receiveUnreliable(envelope, on: carrier, now: now)
            case .earlyMessage(let envelope):
                // It may be a copy of what was said at another time: only what may be done twice is done now.
                if carrier.hasHeldBack || !Envelope.isReplaySafe(envelope) {
                    carrier.holdBack(envelope)
                } else {
                    receive(envelope, on: carrier, now: now)
                }
            case .ticket, .messageLate:
                break
            case .messageAcknowledged:
                if let closure = carrier.closesWhenHeard { shut(carrier, closure, now: now) }
            case .remoteAddressChanged(_, let cause):
                metrics.shared.migrations.child(cause.name).increment()
            case .closed(let reason):
                connectionEnded(carrier, reason, now: now)
            }
        }
        guard carrier.room != .media else { return }
        let room = connection.leastUrgentWithRoom(for: DatagramCarrier.lowWaterBytes)
        guard room != carrier.room else { return }
        carrier.room = room
        carrierHasRoom(carrier.binding, carrier.id, room)
    }

    /// Writes what a connection has to send, as far as the socket takes it.
    func transmit(_ carrier: DatagramCarrier, now: NIODeadline) {
        guard let socket else { return }
        let connection = carrier.connection
        while socket.isWritable {
            var datagram = datagramBuffers.take()
            guard let remote = connection.pollTransmit(now: now, into: &datagram) else {
                datagramBuffers.putBack(datagram)
                break
            }
            if remote != carrier.remote {
                carrier.remote = remote
                carrier.destination = nil
            }
            guard let destination = carrier.destination ?? SocketAddress(remote, isIPv6: socket.isIPv6) else {
                continue
            }
            carrier.destination = destination
            metrics.datagramsSent.add()
            metrics.datagramBytesSent.add(datagram.readableBytes)
            let mark = connection.transmitMark
            if sendsBatches {
                socket.join(
                    datagram, to: destination, remote: carrier.remote, mark: mark,
                    mayJoin: datagram.readableBytes <= connection.datagramLimit)
            } else {
                socket.write(datagram, to: destination, mark: mark)
            }
            datagramBuffers.keep(datagram)
        }
        socket.endBatch()
        if !socket.isWritable { waitingForSocket.append(carrier) }
        if connection.state == .closed {
            forget(carrier)
        } else {
            rest(carrier)
            arm(carrier)
        }
    }

    /// Gives back most of what a silent connection holds.
    func rest(_ carrier: DatagramCarrier) {
        guard let figures = endpoint.rest(carrier.handle) else { return }
        restedTransports.add(figures)
        carrier.destination = nil
        if case .local(let bound) = carrier.binding { bound.rest() }
    }

    /// The kernel takes datagrams again.
    func socketBecameWritable() {
        for carrier in waitingForSocket { touch(carrier) }
        waitingForSocket.removeAll(keepingCapacity: true)
        endTurn()
    }

    /// Takes an envelope for the client.
    ///
    /// - Returns: the connection's name for the envelope, nil when it is over: the session keeps its copy. And the least urgent envelopes
    ///   that it takes from now on; nil = none.
    func send(
        _ envelope: SessionEnvelope, on carrier: DatagramCarrier, now: NIODeadline
    ) -> (name: UInt64?, room: Urgency?) {
        touch(carrier)
        let name: UInt64
        do throws(SendError) {
            name = try carrier.connection.send(
                envelope.bytes, urgency: envelope.urgency, deadline: envelope.deadline, now: now)
        } catch {
            // The session believes that it is under way, so this carrier must end for the session to send it again.
            if error != .closed { close(carrier, .overloaded, now: now) }
            return (nil, nil)
        }
        carrier.room = carrier.connection.leastUrgentWithRoom(for: DatagramCarrier.lowWaterBytes)
        return (name, carrier.room)
    }

    /// The envelope of this name need not arrive any more.
    func giveUp(_ name: UInt64, on carrier: DatagramCarrier) {
        carrier.connection.giveUp(name)
        touch(carrier)
    }

    /// Tells the peer and ends the connection; its session waits for another carrier.
    func close(_ carrier: DatagramCarrier, _ closure: CarrierClosure, now: NIODeadline) {
        if case .over = carrier.binding { return }
        unbind(.datagram(carrier), now: now)
        shut(carrier, closure, now: now)
    }

    /// The same for a carrier that has been parted from its session.
    func shut(_ carrier: DatagramCarrier, _ closure: CarrierClosure, now: NIODeadline) {
        carrier.binding = .over
        carrier.connection.close(code: closure.code, reason: closure.reason, now: now)
        touch(carrier)
    }

    private func countHandshake(_ figures: ConnectionStatistics) {
        if figures.isResumed { metrics.shared.resumptions.child("datagram").increment() }
    }

    private func connectionEnded(_ carrier: DatagramCarrier, _ reason: CloseReason, now: NIODeadline) {
        if !carrier.isEstablished { handshakeEnded(.datagram, .failed, now: now) }
        unbind(.datagram(carrier), now: now)
        shared.logger.debug(
            "datagram connection ended", metadata: ["peer": "\(carrier.remote)", "reason": "\(reason)"])
    }

    private func forget(_ carrier: DatagramCarrier) {
        restedTransports.add(carrier.connection.statistics)
        unbind(.datagram(carrier), now: turnTime())
        datagramCarriers[carrier.handle] = nil
        datagramNumbers[carrier.id.number] = nil
        endpoint.remove(carrier.handle)
    }
}
