import NIOCore

/// Which packets have arrived, as RFC 9000 §19.3.
///
///     0x02  largest(varint)  delay(varint, in 128 µs)  range count(varint)  first range(varint)  { gap(varint)  length(varint) }...
///     0x03  the same, and behind it  ECT(0)(varint)  ECT(1)(varint)  CE(varint)
///
/// `first range` packets below `largest` have arrived too. Each further range begins `gap` + 2 below the range before it and has
/// `length` + 1 packets.
package struct AckFrame: Hashable, Sendable {
    /// More ranges than this, the first included, are an error: they cost the receiver time.
    package static let maximumRanges = 64

    /// The delay's unit, in microseconds: 5 ms, the longest deliberate delay, fit in one byte.
    package static let delayUnitMicroseconds: UInt64 = 128

    package let largest: UInt64
    /// In units of 128 µs.
    package let delay: UInt64
    /// The range that ends in `largest`.
    package let first: ClosedRange<UInt64>
    /// Lower ranges, highest first; empty, without allocation, when nothing is missing.
    package let lower: ContiguousArray<ClosedRange<UInt64>>
    /// Marks that have arrived; nil when there is nothing to tell.
    package let ecn: ECNCounts?

    /// Ranges are given highest first, at least one packet apart from each other.
    package init(
        delay: UInt64, first: ClosedRange<UInt64>, lower: ContiguousArray<ClosedRange<UInt64>> = [],
        ecn: ECNCounts? = nil
    ) {
        largest = first.upperBound
        self.delay = delay
        self.first = first
        self.lower = lower
        self.ecn = ecn
    }

    /// Reads from the byte after the type.
    package init(decoding buffer: inout ByteBuffer, withECN: Bool = false) throws(WireError) {
        let largest = try buffer.readVarint()
        let delay = try buffer.readVarint()
        let count = try buffer.readVarint()
        guard count < UInt64(Self.maximumRanges) else {
            throw .lengthOverLimit(length: count, limit: UInt64(Self.maximumRanges - 1))
        }
        let firstLength = try buffer.readVarint()
        guard firstLength <= largest else { throw .invalidAckRange }
        var smallest = largest - firstLength
        var lower: ContiguousArray<ClosedRange<UInt64>> = []
        if count > 0 { lower.reserveCapacity(Int(count)) }
        for _ in 0..<count {
            let gap = try buffer.readVarint()
            let length = try buffer.readVarint()
            // Varints are below 2^62, so these sums cannot overflow.
            guard gap + 2 <= smallest, length <= smallest - gap - 2 else { throw .invalidAckRange }
            let upper = smallest - gap - 2
            smallest = upper - length
            lower.append(smallest...upper)
        }
        self.init(
            delay: delay, first: (largest - firstLength)...largest, lower: lower,
            ecn: withECN ? try ECNCounts(decoding: &buffer) : nil)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(ecn == nil ? Frame.Kind.ack : Frame.Kind.ackECN)
        buffer.writeVarint(largest)
        buffer.writeVarint(delay)
        buffer.writeVarint(UInt64(lower.count))
        buffer.writeVarint(first.upperBound - first.lowerBound)
        var smallest = first.lowerBound
        for range in lower {
            buffer.writeVarint(smallest - range.upperBound - 2)
            buffer.writeVarint(range.upperBound - range.lowerBound)
            smallest = range.lowerBound
        }
        ecn?.encode(into: &buffer)
    }
}
