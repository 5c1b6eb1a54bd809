import NIOCore

/// The end of a connection, with a code and a text for people.
///
///     0x06 (transport) or 0x07 (application)  code(varint)  reason length(varint)  reason(UTF-8)
package struct CloseFrame: Hashable, Sendable {
    /// A longer reason is cut when written and an error when read.
    package static let maximumReasonBytes = 256

    package let byApplication: Bool
    package let code: UInt64
    package let reason: String

    package init(byApplication: Bool, code: UInt64, reason: String) {
        self.byApplication = byApplication
        self.code = min(code, Varint.maximum)
        self.reason = Self.shortened(reason)
    }

    /// Reads from the byte after the type. A reason that is not UTF-8 is mended, not refused: the end is the end.
    package init(decoding buffer: inout ByteBuffer, byApplication: Bool) throws(WireError) {
        self.byApplication = byApplication
        code = try buffer.readVarint()
        let text = try buffer.readVarintPrefixedSlice(limit: Self.maximumReasonBytes)
        reason = String(decoding: text.readableBytesView, as: UTF8.self)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(byApplication ? Frame.Kind.applicationClose : Frame.Kind.transportClose)
        buffer.writeVarint(code)
        let text = Self.shortened(reason)
        buffer.writeVarint(UInt64(text.utf8.count))
        buffer.writeString(text)
    }

    private static func shortened(_ text: String) -> String {
        var text = Substring(text)
        while text.utf8.count > maximumReasonBytes { text = text.dropLast() }
        return String(text)
    }
}
