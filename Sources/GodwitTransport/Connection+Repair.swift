import GodwitTLS
import GodwitWire
import NIOCore

extension Connection {
    /// Symbols are as long as fits a packet with REPAIR's own fields.
    private var symbolBytes: Int { mtu.current - peerID.count - Self.symbolMargin }

    /// Header with the longest packet number but without connection ID, tag, and the fields of REPAIR.
    private static let symbolMargin = 1 + 4 + PacketProtection.tagLength + RepairFrame.overhead

    /// Where pieces of messages are cut. On a path without losses as well: it costs nothing, and the first losses come unannounced.
    var pieceAlignment: Int? { configuration.redundancyShare > 0 ? symbolBytes : nil }

    private var isRepairing: Bool { recovery.loss.forward >= RedundancyPolicy.lossWithoutRedundancy }

    /// A piece of a message was written: if it was the last, repair may follow.
    func noticeEnd(of id: UInt64) {
        guard isRepairing, let symbolBytes = pieceAlignment, let bytes = outgoing.pendingBytes(of: id),
            bytes > configuration.maximumDatagramBytes / 2, outgoing.isAllSent(id)
        else { return }
        repairs.keep { outgoing.pendingBytes(of: $0) != nil }
        repairs.reachedEnd(of: id, symbolBytes: symbolBytes)
    }

    /// The repair symbol to write when nothing else wants to leave.
    var dueRepair: Repairs.Order? {
        guard !repairs.isEmpty, isRepairing, !hasSendable else { return nil }
        return repairs.next(recovery.loss) { number, bytes in
            outgoing.awaitedSymbols(of: number, symbolBytes: bytes)
        }
    }

    func writeRepair(_ order: Repairs.Order, into datagram: inout ByteBuffer, _ writer: inout PacketWriter) {
        guard writer.space(in: datagram) >= order.symbolBytes + RepairFrame.overhead else { return }
        guard repetitions.spend(order.symbolBytes) else { return repairs.forget(order.message) }
        guard outgoing.writeRepair(order, into: &datagram) else { return }
        repairs.sent(order)
        writer.add(.repair(message: order.message))
        counters.repairsSent += 1
        counters.repairBytesSent += UInt64(order.symbolBytes)
    }

    /// The peer has solved for what was lost.
    func receive(_ frame: RecoveredFrame) throws(ProtocolError) {
        guard outgoing.isBegunInFull(frame.message) else { throw .recoveredUnsentMessage(frame.message) }
        guard let bytes = outgoing.pendingBytes(of: frame.message) else { return }
        counters.messagesSavedByRepair += 1
        messageArrived(frame.message, offset: 0, count: bytes, isCopy: false)
    }

    /// What repair has completed here is told to the peer.
    func tellRecovered() {
        while let message = incoming.takeRecovered() { control.tell(recovered: message) }
    }
}
