import DequeModule
import GodwitWire
import NIOCore

/// Small frames that are owed to the peer and are not part of a message or the handshake.
struct ControlFrames {
    var handshakeDone = false
    var maxData = false
    var maxMessages = false
    var pathResponse: UInt64?
    var keepAlive = false
    private var recovered: Deque<UInt64> = []

    /// More are not remembered: of such a message the peer sends again what it misses an acknowledgement for.
    static let maximumRecovered = 64

    var isDue: Bool {
        handshakeDone || maxData || maxMessages || pathResponse != nil || keepAlive || !recovered.isEmpty
    }

    mutating func tell(recovered message: UInt64) {
        recovered.append(message)
        if recovered.count > Self.maximumRecovered { recovered.removeFirst() }
    }

    /// - Parameters:
    ///   - issuer: a server's, which HANDSHAKE_DONE needs.
    ///   - keepAliveSeconds: of KEEP_ALIVE.
    mutating func write(
        into packet: inout ByteBuffer, writer: inout PacketWriter, incoming: inout IncomingMessages,
        localID: ConnectionID, issuer: ConnectionIDIssuer?, keepAliveSeconds: UInt64
    ) {
        if let token = pathResponse, fits(packet, writer) {
            Frame.pathResponse(token).encode(into: &packet)
            writer.isEliciting = true
            pathResponse = nil
        }
        if handshakeDone, let issuer, writer.space(in: packet) >= Frame.handshakeDoneLength {
            Frame.handshakeDone(issuer.resetToken(for: localID)).encode(into: &packet)
            writer.add(.handshakeDone)
            handshakeDone = false
        }
        if maxData, fits(packet, writer) {
            Frame.maxData(incoming.maxData).encode(into: &packet)
            writer.add(.maxData)
            maxData = false
        }
        if maxMessages, fits(packet, writer) {
            Frame.maxMessages(incoming.maxMessages).encode(into: &packet)
            writer.add(.maxMessages)
            maxMessages = false
        }
        if keepAlive, fits(packet, writer) {
            Frame.keepAlive(seconds: keepAliveSeconds).encode(into: &packet)
            writer.add(.keepAlive)
            keepAlive = false
        }
        while let message = recovered.first, fits(packet, writer) {
            recovered.removeFirst()
            RecoveredFrame(message: message).encode(into: &packet)
            writer.add(.recovered(message: message))
        }
        while incoming.hasPermitDue, writer.space(in: packet) >= MaxMessageDataFrame.maximumLength,
            let permit = incoming.popPermit()
        {
            permit.encode(into: &packet)
            writer.add(.maxMessageData(permit.message))
        }
    }

    private func fits(_ packet: ByteBuffer, _ writer: PacketWriter) -> Bool {
        writer.space(in: packet) >= Frame.maximumControlLength
    }
}
