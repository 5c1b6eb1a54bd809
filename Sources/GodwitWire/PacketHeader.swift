import NIOCore

/// A packet's header up to, and without, its packet number: what can be read before header protection is removed.
///
///     long    1ttt....  version(8)  destination length(8)  destination  source length(8)  source  length(varint)
///     short   0.......  destination (empty to clients, 8 bytes to servers)
///
/// `t` is the packet type. The dots are protected: see `PacketHeader.protectedBits`.
package enum PacketHeader: Hashable, Sendable {
    case initial(InitialHeader)
    /// The same layout; protected by keys of a session ticket instead of the handshake's.
    case zeroRTT(InitialHeader)
    /// Not encrypted and not authenticated: the server's answer to a version it does not speak.
    case versionNegotiation(VersionNegotiation)
    /// Not encrypted either: the server's question whether the client is at its address.
    case retry(RetryPacket)
    case short(destination: ConnectionID)

    package enum LongType {
        package static let initial: UInt8 = 0
        package static let retry: UInt8 = 1
        package static let zeroRTT: UInt8 = 2
        package static let versionNegotiation: UInt8 = 3
    }

    package static let longForm: UInt8 = 0x80
    /// Bits of a short header's first byte under header protection: key phase, four reserved bits, and the packet number's length
    /// less one. All but the form bit.
    package static let shortProtectedBits: UInt8 = 0x7f
    /// The same in a long header: two reserved bits and the length.
    package static let longProtectedBits: UInt8 = 0x0f
    /// Bits that must be 0 in this version, after protection is removed.
    package static let shortReservedBits: UInt8 = 0x3c
    package static let longReservedBits: UInt8 = 0x0c
    /// Changes with every key update (RFC 9001 §6).
    package static let keyPhaseBit: UInt8 = 0x40
    package static let numberLengthBits: UInt8 = 0x03

    /// Reads a header; the reader index is then at the packet number (or at the end, after version negotiation).
    ///
    /// - Parameter shortDestinationLength: how long the IDs are that this end has issued.
    package static func decode(
        from buffer: inout ByteBuffer, shortDestinationLength: Int, supportedVersions: [UInt8] = [InitialHeader.version]
    ) throws(WireError) -> PacketHeader {
        guard let first = buffer.readInteger(as: UInt8.self) else { throw .truncated }
        guard first & longForm != 0 else {
            return .short(destination: try ConnectionID(reading: &buffer, length: shortDestinationLength))
        }
        let invariant = try LongInvariant(decoding: &buffer)
        let type = (first >> 4) & 0x07
        if type == LongType.versionNegotiation {
            return .versionNegotiation(try VersionNegotiation(decodingAfter: invariant, from: &buffer))
        }
        guard supportedVersions.contains(invariant.version) else { throw .unsupportedVersion(invariant.version) }
        if type == LongType.retry { return .retry(try RetryPacket(decodingAfter: invariant, from: &buffer)) }
        guard type == LongType.initial || type == LongType.zeroRTT else { throw .unknownPacketType(type) }
        let length = try buffer.readVarint()
        guard length <= UInt64(buffer.readableBytes) else { throw .truncated }
        let header = InitialHeader(
            destination: invariant.destination, source: invariant.source, length: Int(length))
        return type == LongType.initial ? .initial(header) : .zeroRTT(header)
    }
}

/// What every version's long header begins with, whatever follows.
package struct LongInvariant: Hashable, Sendable {
    package let version: UInt8
    package let destination: ConnectionID
    package let source: ConnectionID

    /// Reads from the byte after the first.
    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        guard let version = buffer.readInteger(as: UInt8.self) else { throw .truncated }
        self.version = version
        destination = try Self.readID(&buffer)
        source = try Self.readID(&buffer)
    }

    private static func readID(_ buffer: inout ByteBuffer) throws(WireError) -> ConnectionID {
        guard let length = buffer.readInteger(as: UInt8.self) else { throw .truncated }
        return try ConnectionID(reading: &buffer, length: Int(length))
    }
}

/// The header of an Initial packet, and of a zero round trip packet. `length` counts packet number, payload and tag.
package struct InitialHeader: Hashable, Sendable {
    package static let version: UInt8 = 1

    package let destination: ConnectionID
    package let source: ConnectionID
    package let length: Int

    package init(destination: ConnectionID, source: ConnectionID, length: Int) {
        self.destination = destination
        self.source = source
        self.length = length
    }

    /// Bytes before the packet number.
    package static func encodedLength(destination: ConnectionID, source: ConnectionID) -> Int {
        1 + 1 + 1 + destination.count + 1 + source.count + lengthFieldBytes
    }

    /// The length is always written in two bytes, so that it can be filled in when the packet is complete.
    package static let lengthFieldBytes = 2

    /// Writes the header with `numberLength` in its first byte.
    package func encode(
        into buffer: inout ByteBuffer, numberLength: Int, type: UInt8 = PacketHeader.LongType.initial
    ) {
        buffer.writeInteger(PacketHeader.longForm | type << 4 | UInt8(truncatingIfNeeded: numberLength - 1))
        buffer.writeInteger(Self.version)
        buffer.writeInteger(UInt8(destination.count))
        destination.write(into: &buffer)
        buffer.writeInteger(UInt8(source.count))
        source.write(into: &buffer)
        buffer.writeInteger(Self.lengthField(length))
    }

    /// The length field's two bytes for a length below 16,384.
    package static func lengthField(_ length: Int) -> UInt16 {
        0x4000 | (UInt16(truncatingIfNeeded: length) & 0x3fff)
    }
}

/// The versions a server speaks: one byte each, to the end of the datagram. The IDs are the client's, exchanged.
package struct VersionNegotiation: Hashable, Sendable {
    package static let maximumVersions = 255

    package let destination: ConnectionID
    package let source: ConnectionID
    package let versions: [UInt8]

    package init(destination: ConnectionID, source: ConnectionID, versions: [UInt8]) {
        self.destination = destination
        self.source = source
        self.versions = versions
    }

    fileprivate init(decodingAfter invariant: LongInvariant, from buffer: inout ByteBuffer) throws(WireError) {
        let count = buffer.readableBytes
        guard count >= 1 else { throw .truncated }
        guard count <= Self.maximumVersions else {
            throw .lengthOverLimit(length: UInt64(count), limit: UInt64(Self.maximumVersions))
        }
        let versions = buffer.readBytes(length: count) ?? []
        self.init(destination: invariant.destination, source: invariant.source, versions: versions)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(PacketHeader.longForm | PacketHeader.LongType.versionNegotiation << 4)
        // No version of its own: the layout never changes.
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(UInt8(destination.count))
        destination.write(into: &buffer)
        buffer.writeInteger(UInt8(source.count))
        source.write(into: &buffer)
        buffer.writeBytes(versions)
    }
}
