import GodwitTLS
import GodwitWire
import NIOCore

/// One packet being written into a datagram: header first, then frames by the caller, then sealed or taken back.
struct PacketWriter {
    enum Header {
        case initial(destination: ConnectionID, source: ConnectionID)
        case zeroRTT(destination: ConnectionID, source: ConnectionID)
        /// `phase` is the key phase's bit.
        case short(destination: ConnectionID, phase: UInt8)
    }

    private let start: Int
    private let numberStart: Int
    private let numberLength: Int
    private let payloadStart: Int
    private let isLong: Bool
    let number: UInt64
    /// Where frames must end.
    private let limit: Int

    /// What the packet carries, for its record.
    var carried: ContiguousArray<SentFrame>
    var isEliciting = false
    var acknowledgedUpTo: UInt64?

    /// nil when not even a small frame would fit.
    ///
    /// - Parameter limit: the datagram's largest size.
    init?(
        _ header: Header, number: UInt64, largestAcknowledged: UInt64?, limit: Int,
        reusing carried: consuming ContiguousArray<SentFrame>,
        in datagram: inout ByteBuffer
    ) {
        start = datagram.writerIndex
        numberLength = PacketNumber.length(of: number, largestAcknowledged: largestAcknowledged)
        self.number = number
        self.limit = limit - PacketProtection.tagLength
        self.carried = carried
        self.carried.removeAll(keepingCapacity: true)
        let headerLength: Int
        switch header {
        case .initial(let destination, let source), .zeroRTT(let destination, let source):
            isLong = true
            headerLength = InitialHeader.encodedLength(destination: destination, source: source)
        case .short(let destination, _):
            isLong = false
            headerLength = 1 + destination.count
        }
        guard start + headerLength + numberLength + Self.minimumPayload <= self.limit else { return nil }
        switch header {
        case .initial(let destination, let source):
            InitialHeader(destination: destination, source: source, length: 0)
                .encode(into: &datagram, numberLength: numberLength)
        case .zeroRTT(let destination, let source):
            InitialHeader(destination: destination, source: source, length: 0)
                .encode(into: &datagram, numberLength: numberLength, type: PacketHeader.LongType.zeroRTT)
        case .short(let destination, let phase):
            datagram.writeInteger(phase | UInt8(truncatingIfNeeded: numberLength - 1))
            destination.write(into: &datagram)
        }
        numberStart = datagram.writerIndex
        switch numberLength {
        case 1: datagram.writeInteger(UInt8(truncatingIfNeeded: number))
        case 2: datagram.writeInteger(UInt16(truncatingIfNeeded: number))
        case 3:
            datagram.writeMultipleIntegers(
                UInt8(truncatingIfNeeded: number >> 16), UInt16(truncatingIfNeeded: number))
        default: datagram.writeInteger(UInt32(truncatingIfNeeded: number))
        }
        payloadStart = datagram.writerIndex
    }

    /// Room for the smallest useful frames.
    private static let minimumPayload = 16

    func space(in datagram: ByteBuffer) -> Int { limit - datagram.writerIndex }

    func isEmpty(_ datagram: ByteBuffer) -> Bool { datagram.writerIndex == payloadStart }

    mutating func add(_ frame: SentFrame) {
        carried.append(frame)
        isEliciting = true
    }

    func takeBack(_ datagram: inout ByteBuffer) { datagram.moveWriterIndex(to: start) }

    /// - Parameter datagramMinimum: pads so that the datagram ends there at least.
    /// - Returns: the packet's bytes.
    func finish(_ datagram: inout ByteBuffer, keys: PacketKeys, datagramMinimum: Int) throws(TLSError) -> Int {
        // Header protection samples ciphertext from the fourth byte after the number's start.
        let payloadMinimum = payloadStart + PacketKeys.sampleOffset - numberLength
        let end = min(max(payloadMinimum, datagramMinimum - PacketProtection.tagLength), limit)
        if datagram.writerIndex < end { datagram.writeRepeatingByte(0, count: end - datagram.writerIndex) }
        if isLong {
            let length = datagram.writerIndex + PacketProtection.tagLength - numberStart
            datagram.setInteger(
                InitialHeader.lengthField(length), at: numberStart - InitialHeader.lengthFieldBytes)
        }
        try keys.seal(
            &datagram, start: start, numberStart: numberStart, numberLength: numberLength, number: number)
        return datagram.writerIndex - start
    }
}
