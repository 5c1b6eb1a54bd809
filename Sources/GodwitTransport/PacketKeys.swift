import GodwitTLS
import GodwitWire
import NIOCore

/// Both directions' packet protection in one number space.
struct PacketKeys {
    private let sealing: PacketProtection
    private let opening: PacketProtection

    init(role: TLSRole, client: [UInt8], server: [UInt8]) throws(TLSError) {
        sealing = try PacketProtection(secret: role == .client ? client : server)
        opening = try PacketProtection(secret: role == .client ? server : client)
    }

    static func initial(role: TLSRole, clientChosenID: ConnectionID) throws(TLSError) -> PacketKeys {
        let secrets = try InitialSecrets.derive(connectionID: clientChosenID.bytes)
        return try PacketKeys(role: role, client: secrets.client, server: secrets.server)
    }

    /// Where a packet's parts are in its datagram.
    struct Bounds {
        let start: Int
        /// Of the packet number.
        let number: Int
        let end: Int
    }

    struct Opened {
        let number: UInt64
        /// Decrypted in place.
        let payload: Range<Int>
        /// Reserved bits of the first byte; 0 in this version.
        let reservedBits: UInt8
    }

    /// The sample is taken as if the packet number had four bytes (RFC 9001 §5.4.2).
    static let sampleOffset = 4

    /// Removes header protection and decrypts in place; nil when the packet is not authentic, which leaves it unusable.
    func open(_ datagram: inout ByteBuffer, _ bounds: Bounds, largestReceived: UInt64?) -> Opened? {
        guard let mask = opening.headerMask(sampleAt: bounds.number + Self.sampleOffset, in: datagram),
            bounds.number + Self.sampleOffset + PacketProtection.sampleLength <= bounds.end,
            let masked = datagram.getInteger(at: bounds.start, as: UInt8.self)
        else { return nil }
        let isLong = masked & PacketHeader.longForm != 0
        let first = masked ^ (mask.0 & (isLong ? PacketHeader.longProtectedBits : PacketHeader.shortProtectedBits))
        datagram.setInteger(first, at: bounds.start)
        let length = Int(first & PacketHeader.numberLengthBits) + 1
        Self.applyMask(mask, to: &datagram, at: bounds.number, length: length)
        var truncated: UInt32 = 0
        for index in 0..<length {
            truncated = truncated << 8 | UInt32(datagram.getInteger(at: bounds.number + index, as: UInt8.self) ?? 0)
        }
        let number = PacketNumber.expand(truncated, length: length, largestReceived: largestReceived)
        let payloadStart = bounds.number + length
        guard
            let count = opening.open(
                &datagram, headerStart: bounds.start, payloadStart: payloadStart, payloadEnd: bounds.end,
                packetNumber: number)
        else { return nil }
        let reserved = isLong ? PacketHeader.longReservedBits : PacketHeader.shortReservedBits
        return Opened(number: number, payload: payloadStart..<(payloadStart + count), reservedBits: first & reserved)
    }

    /// Encrypts the packet that ends at the writer index, appends its tag and protects its header.
    func seal(
        _ datagram: inout ByteBuffer, start: Int, numberStart: Int, numberLength: Int, number: UInt64
    ) throws(TLSError) {
        try sealing.seal(
            &datagram, headerStart: start, payloadStart: numberStart + numberLength, packetNumber: number)
        guard let mask = sealing.headerMask(sampleAt: numberStart + Self.sampleOffset, in: datagram),
            let first = datagram.getInteger(at: start, as: UInt8.self)
        else { throw .invalidPacketBounds }
        let bits =
            first & PacketHeader.longForm != 0 ? PacketHeader.longProtectedBits : PacketHeader.shortProtectedBits
        datagram.setInteger(first ^ (mask.0 & bits), at: start)
        Self.applyMask(mask, to: &datagram, at: numberStart, length: numberLength)
    }

    private static func applyMask(
        _ mask: (UInt8, UInt8, UInt8, UInt8, UInt8), to datagram: inout ByteBuffer, at index: Int, length: Int
    ) {
        let word = UInt32(mask.1) << 24 | UInt32(mask.2) << 16 | UInt32(mask.3) << 8 | UInt32(mask.4)
        for offset in 0..<length {
            let byte = datagram.getInteger(at: index + offset, as: UInt8.self) ?? 0
            datagram.setInteger(byte ^ UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * offset)), at: index + offset)
        }
    }
}
