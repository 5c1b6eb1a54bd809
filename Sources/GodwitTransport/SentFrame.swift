/// What a packet carried that must arrive: enough to send it again in another packet.
enum SentFrame: Equatable {
    case handshake(offset: Int, count: Int)
    /// A copy is not sent again when it is lost: the transmission that it repeats answers for the message.
    case message(id: UInt64, offset: Int, count: Int, isCopy: Bool = false)
    case handshakeDone
    case maxData
    case maxMessages
}

extension SentFrame {
    var isCopy: Bool {
        if case .message(_, _, _, let isCopy) = self { isCopy } else { false }
    }
}
