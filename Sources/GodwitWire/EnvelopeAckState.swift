import NIOCore

/// Which of the peer's messages an end has, told at a resume so that only the rest is sent again.
///
///     cumulative   varint   every message up to this number has arrived
///     count        varint   0...32, how many ranges follow
///     gap          varint   first number of the range - the last number before it - 1; at least 1 missing
///     length       varint   messages in the range, at least 1
///
/// Ranges rise. An end with more than 32 ranges names the lowest 32: what is not named is merely sent again.
package struct AckState: Hashable, Sendable {
    package static let rangeLimit = 32

    package var cumulative: UInt64
    package var ranges: [ClosedRange<UInt64>]

    package init(cumulative: UInt64 = 0, ranges: [ClosedRange<UInt64>] = []) {
        self.cumulative = cumulative
        self.ranges = ranges
    }

    /// The highest number that has arrived.
    package var highest: UInt64 { ranges.last?.upperBound ?? cumulative }

    package init(decoding buffer: inout ByteBuffer) throws(EnvelopeError) {
        cumulative = try buffer.readEnvelopeInteger("cumulative acknowledgement")
        let count = try buffer.readEnvelopeInteger("range count")
        guard count <= UInt64(Self.rangeLimit) else { throw .invalid(field: "range count", value: count) }
        ranges = []
        ranges.reserveCapacity(Int(count))
        var last = cumulative
        for _ in 0..<count {
            let gap = try buffer.readEnvelopeInteger("range gap")
            let length = try buffer.readEnvelopeInteger("range length")
            guard gap >= 1 else { throw .invalid(field: "range gap", value: gap) }
            guard length >= 1 else { throw .invalid(field: "range length", value: length) }
            // Each term is below 2^62 and `last` is too, so the sums stay below 2^64.
            let first = last + gap + 1
            let end = first + (length - 1)
            guard end <= SequenceNumber.maximum else { throw .invalid(field: "range end", value: end) }
            ranges.append(first...end)
            last = end
        }
    }

    package func encode(into buffer: inout ByteBuffer) {
        let named = ranges.prefix(Self.rangeLimit)
        buffer.writeEnvelopeInteger(cumulative)
        buffer.writeEnvelopeInteger(UInt64(named.count))
        var last = cumulative
        for range in named {
            buffer.writeEnvelopeInteger(range.lowerBound - last - 1)
            buffer.writeEnvelopeInteger(range.upperBound - range.lowerBound + 1)
            last = range.upperBound
        }
    }
}
