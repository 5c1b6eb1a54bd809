import GodwitTLS
import GodwitWire
import NIOCore

extension Connection {
    /// A datagram that this end's keys vouch for, whatever is in it: what a hostile peer sends after its handshake, or under a ticket before
    /// it is through. For fuzzing; this end does not remember it.
    ///
    /// - Parameters:
    ///   - payload: frames, or not; at most 1,100 bytes.
    ///   - ahead: how many packet numbers are left out before it.
    /// - Returns: nil before there are keys.
    package func forge(_ payload: [UInt8], ahead: UInt64) -> ByteBuffer? {
        let header: PacketWriter.Header
        let keys: PacketKeys
        if let application = application.keys, handshake.isComplete {
            header = .short(destination: peerID, phase: application.phaseBit)
            keys = application
        } else if let early = early.keys {
            header = .zeroRTT(destination: peerID, source: localID)
            keys = early
        } else {
            return nil
        }
        var datagram = ByteBuffer()
        let writer = PacketWriter(
            header, number: application.sent.nextNumber + ahead, largestAcknowledged: nil, limit: 1_252, reusing: [],
            in: &datagram)
        guard let writer else { return nil }
        datagram.writeBytes(payload.prefix(1_100))
        return (try? writer.finish(&datagram, keys: keys, datagramMinimum: 0)).map { _ in datagram }
    }
}
