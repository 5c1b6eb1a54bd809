import NIOCore

/// Names a connection independently of addresses: 0 to 20 opaque bytes, kept inline.
package struct ConnectionID: Hashable, Sendable {
    package static let maximumLength = 20
    package static let empty = ConnectionID(high: 0, middle: 0, low: 0, length: 0)

    // Bytes 0..<8, 8..<16 and 16..<20, most significant first; unused bytes are zero so that synthesized equality holds.
    private var high: UInt64
    private var middle: UInt64
    private var low: UInt32
    private let length: UInt8

    private init(high: UInt64, middle: UInt64, low: UInt32, length: UInt8) {
        self.high = high
        self.middle = middle
        self.low = low
        self.length = length
    }

    /// nil when there are more than 20 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.maximumLength else { return nil }
        self.init(high: 0, middle: 0, low: 0, length: UInt8(bytes.count))
        for (index, byte) in bytes.enumerated() { set(byte, at: index) }
    }

    /// Reads exactly `length` bytes; on failure the reader index has not moved.
    package init(reading buffer: inout ByteBuffer, length: Int) throws(WireError) {
        guard length <= Self.maximumLength else { throw .connectionIDTooLong(length) }
        guard buffer.readableBytes >= length else { throw .truncated }
        self.init(high: 0, middle: 0, low: 0, length: UInt8(length))
        if length == 8, let word = buffer.readInteger(as: UInt64.self) {
            high = word
            return
        }
        for index in 0..<length {
            if let byte = buffer.readInteger(as: UInt8.self) { set(byte, at: index) }
        }
    }

    package func write(into buffer: inout ByteBuffer) {
        if length == 8 {
            buffer.writeInteger(high)
        } else {
            for index in 0..<count { buffer.writeInteger(self[index]) }
        }
    }

    package var count: Int { Int(length) }
    package var isEmpty: Bool { length == 0 }
    package var bytes: [UInt8] { (0..<count).map { self[$0] } }

    private subscript(index: Int) -> UInt8 {
        switch index {
        case ..<8: UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
        case ..<16: UInt8(truncatingIfNeeded: middle >> UInt64(56 - 8 * (index - 8)))
        default: UInt8(truncatingIfNeeded: low >> UInt32(24 - 8 * (index - 16)))
        }
    }

    private mutating func set(_ byte: UInt8, at index: Int) {
        switch index {
        case ..<8: high |= UInt64(byte) << UInt64(56 - 8 * index)
        case ..<16: middle |= UInt64(byte) << UInt64(56 - 8 * (index - 8))
        default: low |= UInt32(byte) << UInt32(24 - 8 * (index - 16))
        }
    }
}

extension ConnectionID: CustomStringConvertible {
    package var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
