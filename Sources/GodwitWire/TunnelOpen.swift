import NIOCore

/// The body of a `tunnelOpen` request: a TCP connection that the edge is to make for the client.
///
///     version      u8       1
///     tunnel       varint   the client's number for it; never used again by the same client process
///     token        varint length ≤ 256, the secret that the edge's configuration asks for
///     target       varint length 1...260, UTF-8: a name that the edge knows, or HOST:PORT
///
/// The client may send `TunnelFrame`s right behind it, before the answer. The answer comes in the tunnel's lane: when it is
/// not `ok` the tunnel never was, and what was sent behind it is ignored.
package struct TunnelOpen: Hashable, Sendable {
    package static let version: UInt8 = 1
    package static let tokenLimit = 256
    /// A DNS name, a colon and a port.
    package static let targetLimit = 260

    package var tunnel: UInt64
    package var token: [UInt8]
    package var target: String

    package init(tunnel: UInt64, token: [UInt8], target: String) {
        self.tunnel = tunnel
        self.token = token
        self.target = target
    }

    package init(decoding bytes: ByteBuffer) throws(EnvelopeError) {
        var buffer = bytes
        let version: UInt8 = try buffer.readEnvelopeFixed("version")
        guard version == Self.version else { throw .invalid(field: "version", value: UInt64(version)) }
        tunnel = try buffer.readEnvelopeInteger("tunnel")
        let length = try buffer.readEnvelopeInteger("token length")
        guard length <= UInt64(Self.tokenLimit) else { throw .invalid(field: "token length", value: length) }
        guard let token = buffer.readBytes(length: Int(length)) else { throw .truncated(field: "token") }
        self.token = token
        let targetLength = try buffer.readEnvelopeInteger("target length")
        guard (1...UInt64(Self.targetLimit)).contains(targetLength) else {
            throw .invalid(field: "target length", value: targetLength)
        }
        guard let text = buffer.readBytes(length: Int(targetLength)) else { throw .truncated(field: "target") }
        // Not repaired as texts for people are: an allow-list is compared with it.
        guard let target = String(validating: text, as: UTF8.self) else {
            throw .invalid(field: "target's encoding", value: 0)
        }
        self.target = target
        try buffer.requireEnd()
    }

    /// Token and target must be within their limits.
    package func encode(into buffer: inout ByteBuffer) {
        precondition(token.count <= Self.tokenLimit)
        buffer.writeInteger(Self.version)
        buffer.writeEnvelopeInteger(tunnel)
        buffer.writeEnvelopeInteger(UInt64(token.count))
        buffer.writeBytes(token)
        buffer.writeEnvelopeText(target, limit: Self.targetLimit)
    }
}
