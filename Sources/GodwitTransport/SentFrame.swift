/// What a packet carried that must arrive: enough to send it again in another packet.
enum SentFrame: Equatable {
    case handshake(offset: Int, count: Int)
    /// A copy is not sent again when it is lost: the transmission that it repeats answers for the message.
    case message(number: UInt64, offset: Int, count: Int, isCopy: Bool = false)
    case handshakeDone
    case maxData
    case maxMessages
    /// A large message's permit, by the peer's number.
    case maxMessageData(UInt64)
    case resetMessage(UInt64)
    case keepAlive
    /// By sequence number.
    case newConnectionID(UInt64)
    case retireConnectionID(UInt64)
    /// Padding to a size that is being tried; its loss says that the size is too large, perhaps.
    case mtuProbe(bytes: Int)
    /// Sent once: nobody waits for it.
    case datagram
    /// A repair symbol; another one follows if it is lost and still needed.
    case repair(message: UInt64)
    case recovered(message: UInt64)
}

extension SentFrame {
    /// Its loss costs nothing that this packet answers for: no probe asks for it, and it is not sent again.
    var isExpendable: Bool { self == .datagram || isCopy || isRepair }

    var isRepair: Bool {
        if case .repair = self { true } else { false }
    }

    var isCopy: Bool {
        if case .message(_, _, _, let isCopy) = self { isCopy } else { false }
    }
}
