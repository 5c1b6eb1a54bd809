import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore

/// A server endpoint that strangers' datagrams are given to. Each input meets a fresh endpoint: a finding replays alone.
enum EndpointUnderFuzz {
    private static let stranger = Address(ipv4: 0x7f00_0001, port: 9)
    private static let clientChosen = ConnectionID([UInt8](0..<16))

    /// Protects `payload` as a client's first packet would be, which anyone can: the keys come from its connection ID.
    static func initial(payload: [UInt8]) {
        guard let clientChosen, let secrets = try? InitialSecrets.derive(connectionID: clientChosen.bytes),
            let protection = try? PacketProtection(secret: secrets.client)
        else { preconditionFailure("no keys") }
        // Padded to the smallest first datagram that a server takes, cut to the largest.
        let body = payload.prefix(1100) + [UInt8](repeating: 0, count: max(0, 480 - payload.count))
        var packet = ByteBuffer()
        InitialHeader(
            destination: clientChosen, source: .empty, length: 1 + body.count + PacketProtection.tagLength
        ).encode(into: &packet, numberLength: 1)
        let numberAt = packet.writerIndex
        packet.writeInteger(0 as UInt8)
        packet.writeBytes(body)
        do {
            try protection.seal(&packet, headerStart: 0, payloadStart: numberAt + 1, packetNumber: 0)
        } catch {
            preconditionFailure("\(error)")
        }
        if let mask = protection.headerMask(sampleAt: numberAt + 4, in: packet),
            let first = packet.getInteger(at: 0, as: UInt8.self)
        {
            packet.setInteger(first ^ (mask.0 & PacketHeader.longProtectedBits), at: 0)
            packet.setInteger(mask.1, at: numberAt)
        }
        receive(packet)
    }

    static func datagram(_ bytes: [UInt8]) { receive(ByteBuffer(bytes: bytes)) }

    private static func receive(_ datagram: ByteBuffer) {
        guard let tls = FuzzIdentity.server else { preconditionFailure("no identity") }
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        let made = try? ServerEndpoint(
            configuration: .server, tls: tls, loopIndex: 0, limits: EndpointLimits(), random: .seeded(1))
        guard let endpoint = made else { preconditionFailure("no endpoint") }
        let sentBytes = datagram.readableBytes
        guard case .connection(let handle) = endpoint.receive(datagram, from: stranger, now: now),
            let connection = endpoint.connection(handle)?.connection
        else { return }
        var answered = 0
        // As long as the server talks to nobody, it must stay inside three times what it got (RFC 9000 §8.1) and give up in the end.
        for _ in 0..<200 {
            var scratch = ByteBuffer()
            while connection.pollTransmit(now: now, into: &scratch) != nil { answered += scratch.readableBytes }
            while connection.pollEvent() != nil {}
            guard connection.state != .closed, let next = connection.pollTimeout() else { break }
            now = max(next, now)
            connection.handleTimeout(now: now)
        }
        precondition(answered <= 3 * sentBytes, "\(answered) bytes for \(sentBytes)")
    }
}
