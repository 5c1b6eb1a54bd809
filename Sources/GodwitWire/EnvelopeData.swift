import NIOCore

/// One message.
///
///     first        u8       1 kk A O Z S X
///                             kk kind: 00 request, 01 response, 10 push, 11 withdrawn
///                             A  an acknowledgement follows; always set in a response
///                             O  `after` follows
///                             Z  the body is compressed, a dictionary number follows
///                             S  a status other than 0 follows; responses only
///                             X  an extension block follows: a varint length and so many bytes to skip
///     sequence     u16      low bits of the message's number
///     ack          u16      A: low bits of the sender's cumulative acknowledgement
///     after        varint   O: distance (≥ 1) back to the message that must be delivered before this one
///     command      varint   requests and pushes, ≤ 2^32-1
///     in reply to  varint   responses: zigzag(acknowledgement - the request's number)
///     status       varint   S
///     dictionary   u8       Z
///     extension             X
///     body                  the rest
///
/// Withdrawn is a message that its sender has given up: nothing of it will come, its number and its place in the lane are done with. It
/// has no command, Z or S and an empty body.
///
/// A request with an acknowledgement spends 6 bytes, 1-2 more with `after`, 1 more when compressed; a good response 6.
package struct DataEnvelope: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case request(command: UInt32)
        /// `distance` is the acknowledgement carried here minus the request's number: 0 or a little more as a rule,
        /// below 0 when the request overtook an earlier message.
        case response(distance: Int64, status: UInt32)
        case push(command: UInt32)
        /// Nothing will come under this number.
        case withdrawn
    }

    package var kind: Kind
    package var sequence: UInt16
    /// Never nil in a response.
    package var acknowledgement: UInt16?
    /// 0 = deliverable at once.
    package var after: UInt64
    /// 0 = the body is not compressed.
    package var dictionary: UInt8
    package var body: ByteBuffer

    package init(
        kind: Kind, sequence: UInt16, acknowledgement: UInt16?, after: UInt64 = 0, dictionary: UInt8 = 0,
        body: ByteBuffer
    ) {
        self.kind = kind
        self.sequence = sequence
        self.acknowledgement = acknowledgement
        self.after = after
        self.dictionary = dictionary
        self.body = body
    }

    private static let ackBit: UInt8 = 0x10
    private static let afterBit: UInt8 = 0x08
    private static let compressedBit: UInt8 = 0x04
    private static let statusBit: UInt8 = 0x02
    private static let extensionBit: UInt8 = 0x01

    /// Reads what follows the first byte.
    init(first: UInt8, decodingBody buffer: inout ByteBuffer) throws(EnvelopeError) {
        let kindBits = (first >> 5) & 3
        let isResponse = kindBits == 1
        let isWithdrawn = kindBits == 3
        guard !isWithdrawn || first & (Self.compressedBit | Self.statusBit) == 0 else {
            throw .invalid(field: "flags of a withdrawn message", value: UInt64(first))
        }
        guard !isResponse || first & Self.ackBit != 0 else {
            throw .invalid(field: "flags of a response", value: UInt64(first))
        }
        guard isResponse || first & Self.statusBit == 0 else {
            throw .invalid(field: "flags", value: UInt64(first))
        }
        sequence = try buffer.readEnvelopeFixed("sequence")
        acknowledgement = first & Self.ackBit == 0 ? nil : try buffer.readEnvelopeFixed("acknowledgement")
        after = 0
        if first & Self.afterBit != 0 {
            after = try buffer.readEnvelopeInteger("after")
            guard after >= 1 else { throw .invalid(field: "after", value: after) }
        }
        if isResponse {
            let distance = Self.unzigzag(try buffer.readEnvelopeInteger("in reply to"))
            var status: UInt32 = 0
            if first & Self.statusBit != 0 {
                status = try buffer.readEnvelopeInteger32("status")
                guard status != 0 else { throw .invalid(field: "status", value: 0) }
            }
            kind = .response(distance: distance, status: status)
        } else if isWithdrawn {
            kind = .withdrawn
        } else {
            let command = try buffer.readEnvelopeInteger32("command")
            kind = kindBits == 0 ? .request(command: command) : .push(command: command)
        }
        dictionary = 0
        if first & Self.compressedBit != 0 {
            dictionary = try buffer.readEnvelopeFixed("dictionary")
            guard dictionary != 0 else { throw .invalid(field: "dictionary", value: 0) }
        }
        if first & Self.extensionBit != 0 {
            let length = try buffer.readEnvelopeInteger("extension length")
            guard length <= UInt64(buffer.readableBytes) else { throw .truncated(field: "extension") }
            buffer.moveReaderIndex(forwardBy: Int(length))
        }
        body = buffer.readSlice(length: buffer.readableBytes) ?? ByteBuffer()
        guard !isWithdrawn || body.readableBytes == 0 else {
            throw .invalid(field: "body of a withdrawn message", value: UInt64(body.readableBytes))
        }
    }

    package func encode(into buffer: inout ByteBuffer) {
        var first: UInt8 = 0x80
        if acknowledgement != nil { first |= Self.ackBit }
        if after != 0 { first |= Self.afterBit }
        if dictionary != 0 { first |= Self.compressedBit }
        switch kind {
        case .request: break
        case .response(_, let status): first |= status == 0 ? 0x20 : 0x20 | Self.statusBit
        case .push: first |= 0x40
        case .withdrawn: first |= 0x60
        }
        buffer.writeMultipleIntegers(first, sequence)
        if let acknowledgement { buffer.writeInteger(acknowledgement) }
        if after != 0 { buffer.writeEnvelopeInteger(after) }
        switch kind {
        case .request(let command), .push(let command): buffer.writeEnvelopeInteger(UInt64(command))
        case .response(let distance, let status):
            buffer.writeEnvelopeInteger(Self.zigzag(distance))
            if status != 0 { buffer.writeEnvelopeInteger(UInt64(status)) }
        case .withdrawn: break
        }
        if dictionary != 0 { buffer.writeInteger(dictionary) }
        buffer.writeImmutableBuffer(body)
    }

    /// 0, -1, 1, -2 … as 0, 1, 2, 3 …, so that small distances either way take one byte.
    private static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

    private static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}
