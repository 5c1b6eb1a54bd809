import NIOCore

/// Envelopes on a byte stream: each preceded by its length as a varint (RFC 9000 §16), 1...262,144.
package enum StreamFraming {
    package static func encode(_ envelope: ByteBuffer, into stream: inout ByteBuffer) {
        stream.writeEncodedInteger(envelope.readableBytes, strategy: .quic)
        stream.writeImmutableBuffer(envelope)
    }
}

/// Cuts a byte stream into envelopes. A length over the limit is refused when it is read, before its bytes are awaited.
package struct StreamFrameDecoder {
    private var pending = ByteBuffer()
    private let limit: Int

    package init(limit: Int = Envelope.maximumBytes) { self.limit = limit }

    /// Bytes received and not yet given out: at most one length and one envelope, once `next` has returned nil.
    package var bufferedBytes: Int { pending.readableBytes }

    /// Takes any piece of the stream.
    package mutating func receive(_ bytes: ByteBuffer) {
        if pending.readableBytes == 0 {
            pending = bytes
        } else {
            pending.discardReadBytes()
            pending.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole envelope; nil = more bytes are needed. After an error the stream has no meaning: close it.
    package mutating func next() throws(EnvelopeError) -> ByteBuffer? {
        var cursor = pending
        guard let length = cursor.readEncodedInteger(as: UInt64.self, strategy: .quic) else { return nil }
        guard length >= 1 else { throw .invalid(field: "frame length", value: length) }
        guard length <= UInt64(limit) else {
            throw .tooLarge(bytes: Int(clamping: length), limit: limit)
        }
        guard let envelope = cursor.readSlice(length: Int(length)) else { return nil }
        pending = cursor
        return envelope
    }
}
