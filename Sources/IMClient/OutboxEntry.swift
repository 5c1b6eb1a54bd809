import NIOCore

/// A message that waits for the server's receipt.
struct OutboxEntry: Equatable, Sendable {
    /// Counts this device's messages; the order of sending.
    let number: UInt64
    /// The client message id.
    let id: String
    let to: String
    let body: String
    /// When the user sent it, in milliseconds since 1970.
    let timeMilliseconds: Int64

    // On disk: version u8 = 1, time i64, then id, to and body, each with its length (u32) before it.

    func encoded() -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt8(1))
        buffer.writeInteger(timeMilliseconds)
        for text in [id, to, body] { buffer.writeSizedText(text) }
        return Array(buffer.readableBytesView)
    }

    init(number: UInt64, id: String, to: String, body: String, timeMilliseconds: Int64) {
        self.number = number
        self.id = id
        self.to = to
        self.body = body
        self.timeMilliseconds = timeMilliseconds
    }

    init?(number: UInt64, decoding bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        guard buffer.readInteger(as: UInt8.self) == 1, let time = buffer.readInteger(as: Int64.self),
            let id = buffer.readSizedText(), let to = buffer.readSizedText(), let body = buffer.readSizedText()
        else { return nil }
        self.init(number: number, id: id, to: to, body: body, timeMilliseconds: time)
    }
}

extension ByteBuffer {
    mutating func writeSizedText(_ text: String) {
        writeInteger(UInt32(clamping: text.utf8.count))
        writeString(text)
    }

    mutating func readSizedText() -> String? {
        guard let length = readInteger(as: UInt32.self), length <= readableBytes else { return nil }
        return readString(length: Int(length))
    }
}
