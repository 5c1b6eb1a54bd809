import GodwitWire
import NIOCore

extension OutgoingMessages {
    /// How many symbols are not acknowledged in full.
    func awaitedSymbols(of id: UInt64, symbolBytes: Int) -> Int {
        guard let buffer = buffer(of: id) else { return 0 }
        var awaited = 0
        var next = 0
        for gap in buffer.unacknowledged {
            let first = max(gap.lowerBound / symbolBytes, next)
            next = (gap.upperBound + symbolBytes - 1) / symbolBytes
            awaited += max(0, next - first)
        }
        return awaited
    }

    /// Writes a REPAIR frame over what is not acknowledged, or the last part of it. The caller has made sure that there is room.
    func writeRepair(_ order: Repairs.Order, into packet: inout ByteBuffer) -> Bool {
        guard let buffer = buffer(of: order.message), let view = buffer.view(0..<buffer.count),
            let gap = buffer.unacknowledged.first
        else { return false }
        let end = RepairCode.symbolCount(messageBytes: buffer.count, symbolBytes: order.symbolBytes)
        let first = max(gap.lowerBound / order.symbolBytes, end - RepairFrame.maximumCount)
        RepairFrame.encodeHead(
            message: order.message, messageBytes: UInt64(buffer.count), first: UInt64(first), count: end - first,
            index: order.index, symbolBytes: order.symbolBytes, into: &packet)
        RepairCode.writeSymbol(
            of: view, symbolBytes: order.symbolBytes, window: first..<end, index: order.index, into: &packet)
        return true
    }
}
