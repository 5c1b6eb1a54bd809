import GodwitTLS
import GodwitWire
import NIOCore

/// Both directions' packet protection in one number space. One owner; a class, so that to look at them costs one reference count.
///
/// Application keys are replaced as the connection goes on (RFC 9001 §6); a bit of the short header tells two neighbouring phases apart.
/// Two phases can be opened at a time: the current one, and as the *other* the one before while its packets may still be under way, or
/// else the next one. So a packet is tried with one key whatever its bit says, and the time that it takes does not tell the bit
/// (RFC 9001 §6.3, §9.5): keys are not derived while a packet is being opened, unless it is an authentic one that begins an update.
/// What the other phase lacks before its first packet is OpenSSL's context, 1 KB that most connections never need. Making it takes a
/// microsecond once, as it does for the current phase after each rest; it tells someone who turns the bit of a packet no more than
/// that no update was under way.
final class PacketKeys {
    @exclusivity(unchecked) private var sealing: PacketProtection
    @exclusivity(unchecked) private var opening: PacketProtection
    /// Nil for keys that are never replaced: Initial and early ones.
    @exclusivity(unchecked) private var other: PacketProtection?
    /// `other` belongs to the phase before the current one.
    @exclusivity(unchecked) private(set) var hasPrevious = false
    /// The bit of the current phase in a short header's first byte.
    @exclusivity(unchecked) private(set) var phaseBit: UInt8 = 0

    init(role: TLSRole, client: [UInt8], server: [UInt8], isUpdatable: Bool = false) throws(TLSError) {
        sealing = try PacketProtection(secret: role == .client ? client : server)
        opening = try PacketProtection(secret: role == .client ? server : client)
        if isUpdatable { other = try opening.next() }
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
        /// By the keys of the other phase.
        let isOtherPhase: Bool
        /// Reserved bits of the first byte; 0 in this version.
        let reservedBits: UInt8
    }

    /// The sample is taken as if the packet number had four bytes (RFC 9001 §5.4.2).
    static let sampleOffset = 4

    /// Removes header protection and decrypts into `plaintext`, which is cleared first; nil when the packet is not authentic.
    func open(
        _ datagram: borrowing ByteBuffer, _ bounds: Bounds, largestReceived: UInt64?, into plaintext: inout ByteBuffer
    ) -> Opened? {
        let sample = bounds.number + Self.sampleOffset
        guard bounds.start >= 0, bounds.start < bounds.number, bounds.end <= datagram.writerIndex,
            sample + PacketProtection.sampleLength <= bounds.end
        else { return nil }
        return datagram.withVeryUnsafeBytes { bytes in
            guard let mask = opening.headerMask(Self.part(bytes, sample, PacketProtection.sampleLength)) else {
                return nil
            }
            // The longest number is copied with the header, and then cut to its length.
            let prefix = bounds.number - bounds.start
            return withUnsafeTemporaryAllocation(byteCount: prefix + Self.sampleOffset, alignment: 1) { header in
                header.copyMemory(from: Self.part(bytes, bounds.start, header.count))
                let isLong = header[0] & PacketHeader.longForm != 0
                header[0] ^= mask.0 & (isLong ? PacketHeader.longProtectedBits : PacketHeader.shortProtectedBits)
                let first = header[0]
                let length = Int(first & PacketHeader.numberLengthBits) + 1
                let word = Self.word(mask)
                var truncated: UInt32 = 0
                for offset in 0..<length {
                    header[prefix + offset] ^= UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * offset))
                    truncated = truncated << 8 | UInt32(header[prefix + offset])
                }
                let number = PacketNumber.expand(truncated, length: length, largestReceived: largestReceived)
                let payload = bounds.number + length
                let isOtherPhase = !isLong && (first ^ phaseBit) & PacketHeader.keyPhaseBit != 0
                guard
                    let protection = isOtherPhase ? other : opening,
                    protection.open(
                        Self.part(bytes, payload, bounds.end - payload),
                        header: UnsafeRawBufferPointer(rebasing: header[..<(prefix + length)]), packetNumber: number,
                        into: &plaintext)
                else { return nil }
                let reserved = isLong ? PacketHeader.longReservedBits : PacketHeader.shortReservedBits
                return Opened(number: number, isOtherPhase: isOtherPhase, reservedBits: first & reserved)
            }
        }
    }

    private static func part(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)])
    }

    /// The four mask bytes of the packet number.
    private static func word(_ mask: (UInt8, UInt8, UInt8, UInt8, UInt8)) -> UInt32 {
        UInt32(mask.1) << 24 | UInt32(mask.2) << 16 | UInt32(mask.3) << 8 | UInt32(mask.4)
    }

    /// Gives back what the next packet makes anew.
    func rest() {
        sealing.rest()
        opening.rest()
        other?.rest()
    }

    /// Both directions go on to the next phase; the keys that were current until now still open. Not while there are previous keys.
    func update() throws(TLSError) {
        guard let next = other, !hasPrevious else { return }
        sealing = try sealing.next()
        other = opening
        opening = next
        hasPrevious = true
        phaseBit ^= PacketHeader.keyPhaseBit
    }

    /// Packets of the previous phase can no longer be opened; from now on those of the next can.
    func forgetPrevious() throws(TLSError) {
        guard hasPrevious else { return }
        other = try opening.next()
        hasPrevious = false
    }

    /// Encrypts the packet that ends at the writer index, appends its tag and protects its header.
    func seal(
        _ datagram: inout ByteBuffer, start: Int, numberStart: Int, numberLength: Int, number: UInt64
    ) throws(TLSError) {
        try sealing.seal(
            &datagram, headerStart: start, payloadStart: numberStart + numberLength, packetNumber: number)
        guard let mask = sealing.headerMask(sampleAt: numberStart + Self.sampleOffset, in: datagram) else {
            throw .invalidPacketBounds
        }
        let word = Self.word(mask)
        datagram.withVeryUnsafeMutableBytes { bytes in
            let isLong = bytes[start] & PacketHeader.longForm != 0
            bytes[start] ^= mask.0 & (isLong ? PacketHeader.longProtectedBits : PacketHeader.shortProtectedBits)
            for offset in 0..<numberLength {
                bytes[numberStart + offset] ^= UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * offset))
            }
        }
    }
}
