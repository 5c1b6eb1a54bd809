import NIOCore

extension OpenEnvelope {
    /// The client's first messages, told with OPEN so that they need not wait a round trip for OPENED.
    ///
    ///     count        varint   1...64
    ///     length       varint   } of each
    ///     DATA                  } a request, without acknowledgement
    package struct Early: Hashable, Sendable {
        package static let maximumCount = 64

        /// The client's numbering has just begun; else it goes on where the session's ended, and means nothing to another session.
        package var isFresh: Bool
        package var messages: [DataEnvelope]

        package init(isFresh: Bool, messages: [DataEnvelope]) {
            self.isFresh = isFresh
            self.messages = messages
        }

        init(isFresh: Bool, decoding buffer: inout ByteBuffer) throws(EnvelopeError) {
            self.isFresh = isFresh
            messages = []
            let count = try buffer.readEnvelopeInteger("early count")
            guard (1...UInt64(Self.maximumCount)).contains(count) else {
                throw .invalid(field: "early count", value: count)
            }
            for _ in 0..<count {
                let length = try buffer.readEnvelopeInteger("early length")
                guard length <= UInt64(buffer.readableBytes), var bytes = buffer.readSlice(length: Int(length)) else {
                    throw .truncated(field: "early message")
                }
                let first: UInt8 = try bytes.readEnvelopeFixed("early message")
                guard first >= 0x80 else { throw .invalid(field: "early message", value: UInt64(first)) }
                let message = try DataEnvelope(first: first, decodingBody: &bytes)
                guard case .request = message.kind, message.acknowledgement == nil else {
                    throw .invalid(field: "early message", value: UInt64(first))
                }
                messages.append(message)
            }
        }

        func encode(into buffer: inout ByteBuffer) {
            buffer.writeEnvelopeInteger(UInt64(messages.count))
            for message in messages {
                var bytes = ByteBuffer()
                message.encode(into: &bytes)
                buffer.writeEnvelopeInteger(UInt64(bytes.readableBytes))
                buffer.writeBuffer(&bytes)
            }
        }

        /// Whether all of them may be done although they may be copies of what a client said at another time (RFC 8446 §8).
        package var isReplaySafe: Bool {
            messages.allSatisfy { message in
                guard case .request(let command) = message.kind else { return false }
                return Command(rawValue: command)?.isReplaySafe ?? false
            }
        }
    }
}
