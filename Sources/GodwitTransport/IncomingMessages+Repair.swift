import DequeModule
import GodwitWire
import NIOCore

extension IncomingMessages {
    /// As many as one message may need: a path on which several lose so much at once is better served by sending again.
    package static let maximumRepairRows = RepairDecoder.maximumColumns

    /// Takes a repair symbol. One that cannot be used is dropped, as if it had been lost.
    package mutating func receive(_ frame: RepairFrame) throws(ProtocolError) {
        let number = frame.message
        guard number < maxMessages else { throw .messageLimit(maxMessages) }
        guard frame.messageBytes <= UInt64(maximumMessageBytes) else {
            throw .messageTooLarge(bytes: frame.messageBytes, limit: maximumMessageBytes)
        }
        guard !settled.contains(number) else { return }
        let length = Int(frame.messageBytes)
        if let known = partial[number], known.length.map({ $0 != length }) ?? (length < known.buffer.highest) {
            throw .inconsistentMessageEnd(message: number)
        }
        guard heldRepairs < Self.maximumRepairRows, partial[number]?.repair != nil || RepairDecoder(frame) != nil else {
            return
        }
        let known = partial.removeValue(forKey: number)
        var message = known ?? Partial()
        message.length = length
        var decoder = message.repair ?? RepairDecoder(frame)
        let before = decoder?.rowCount ?? 0
        if decoder?.add(frame, received: message.buffer) ?? false {
            repairsUsed += 1
        } else if known == nil {
            // Nothing else would bound how many messages are remembered of which nothing is here.
            return
        }
        message.repair = decoder
        try putBack(number, &message, rowsBefore: before)
    }

    /// Puts solved symbols into their places.
    mutating func insertSolutions(
        _ number: UInt64, _ message: inout Partial, rowsBefore: Int
    ) throws(ProtocolError) {
        while let solution = message.repair?.takeSolution() {
            try insert(ByteBuffer(bytes: solution.bytes), at: solution.offset, of: number, in: &message)
            message.isRepaired = true
        }
        heldRepairs += (message.repair?.rowCount ?? 0) - rowsBefore
    }

    mutating func noteRecovered(_ number: UInt64) {
        messagesRecovered += 1
        recovered.append(number)
    }

    /// A message that repair completed since the last call.
    package mutating func takeRecovered() -> UInt64? { recovered.popFirst() }
}
