import NIOCore

/// Reads the fields of an envelope; each throws instead of trapping, naming the field that was cut.
extension ByteBuffer {
    /// A variable-length integer, 0...2^62-1 (RFC 9000 §16).
    mutating func readEnvelopeInteger(_ field: String) throws(EnvelopeError) -> UInt64 {
        guard let value = readEncodedInteger(as: UInt64.self, strategy: .quic) else {
            throw .truncated(field: field)
        }
        return value
    }

    /// A variable-length integer that must fit 32 bits: commands and status codes.
    mutating func readEnvelopeInteger32(_ field: String) throws(EnvelopeError) -> UInt32 {
        let value = try readEnvelopeInteger(field)
        guard let narrow = UInt32(exactly: value) else { throw .invalid(field: field, value: value) }
        return narrow
    }

    /// A big-endian integer of fixed width.
    mutating func readEnvelopeFixed<T: FixedWidthInteger>(_ field: String, as: T.Type = T.self) throws(EnvelopeError)
        -> T
    {
        guard let value = readInteger(as: T.self) else { throw .truncated(field: field) }
        return value
    }

    /// A length and so many bytes of text for people. Invalid UTF-8 is repaired, because nothing depends on it.
    mutating func readEnvelopeText(_ field: String, limit: Int) throws(EnvelopeError) -> String {
        let length = try readEnvelopeInteger(field)
        guard length <= UInt64(limit) else { throw .invalid(field: field + " length", value: length) }
        guard let text = readString(length: Int(length)) else { throw .truncated(field: field) }
        return text
    }

    /// Writes `value` as a variable-length integer. Values of this end's own making are below 2^62.
    mutating func writeEnvelopeInteger(_ value: UInt64) {
        writeEncodedInteger(value, strategy: .quic)
    }

    /// Writes a length and the text, cut at a character boundary to `limit` bytes.
    mutating func writeEnvelopeText(_ text: String, limit: Int) {
        var kept = Substring(text)
        while kept.utf8.count > limit { kept.removeLast() }
        writeEnvelopeInteger(UInt64(kept.utf8.count))
        writeSubstring(kept)
    }

    /// Throws when anything is left behind an envelope that has a definite end.
    func requireEnd() throws(EnvelopeError) {
        guard readableBytes == 0 else { throw .trailingBytes(readableBytes) }
    }
}
