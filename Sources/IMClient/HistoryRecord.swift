import NIOCore

/// A message as the history keeps it, under `h` + peer + place in the timeline.
enum HistoryRecord {
    static let prefix = UInt8(ascii: "h")

    /// All keys of a conversation begin with this; the name's length keeps `bo` apart from `bob`.
    static func prefix(peer: String) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(prefix)
        buffer.writeSizedText(peer)
        return Array(buffer.readableBytesView)
    }

    static func key(peer: String, seq: UInt64) -> [UInt8] {
        var buffer = ByteBuffer(bytes: prefix(peer: peer))
        buffer.writeInteger(seq)
        return Array(buffer.readableBytesView)
    }

    // Version u8 = 1, seq u64, server id u64, time i64, then from, to, body and id, each with its length (u32).

    static func encode(_ message: ChatMessage) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt8(1))
        buffer.writeMultipleIntegers(message.seq, message.serverID, message.timeMilliseconds)
        for text in [message.from, message.to, message.body, message.id] { buffer.writeSizedText(text) }
        return Array(buffer.readableBytesView)
    }

    static func decode(_ bytes: [UInt8]) -> ChatMessage? {
        var buffer = ByteBuffer(bytes: bytes)
        guard buffer.readInteger(as: UInt8.self) == 1, let seq = buffer.readInteger(as: UInt64.self),
            let serverID = buffer.readInteger(as: UInt64.self), let time = buffer.readInteger(as: Int64.self),
            let from = buffer.readSizedText(), let to = buffer.readSizedText(), let body = buffer.readSizedText(),
            let id = buffer.readSizedText()
        else { return nil }
        return ChatMessage(
            from: from, to: to, body: body, seq: seq, serverID: serverID, timeMilliseconds: time, id: id)
    }
}
