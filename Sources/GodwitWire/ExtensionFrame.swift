import NIOCore

/// A frame of a later version that this one may skip: it says how long it is.
///
///     0x35...0x3f  length(varint)  body
package struct ExtensionFrame: Hashable, Sendable {
    package let kind: UInt8
    package let body: ByteBuffer

    /// nil unless `kind` is in the extensions' range.
    package init?(kind: UInt8, body: ByteBuffer) {
        guard Frame.Kind.extensions.contains(kind) else { return nil }
        self.kind = kind
        self.body = body
    }

    /// Reads from the byte after the type, which is `kind`.
    package init(decoding buffer: inout ByteBuffer, kind: UInt8) throws(WireError) {
        self.kind = kind
        body = try buffer.readVarintPrefixedSlice(limit: buffer.readableBytes)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(kind)
        buffer.writeVarint(UInt64(body.readableBytes))
        buffer.writeImmutableBuffer(body)
    }
}
