/// What a packet carried that must arrive: enough to send it again in another packet.
enum SentFrame: Equatable {
    case handshake(offset: Int, count: Int)
    case message(id: UInt64, offset: Int, count: Int)
    case handshakeDone
    case maxData
    case maxMessages
}
