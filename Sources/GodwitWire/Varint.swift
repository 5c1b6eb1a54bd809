import NIOCore

/// Variable-length integers, RFC 9000 §16: the two top bits of the first byte say 1, 2, 4 or 8 bytes.
package enum Varint {
    /// 2^62 - 1, the largest value that can be written.
    package static let maximum: UInt64 = (1 << 62) - 1

    /// How many bytes `value` takes when written.
    package static func length(of value: UInt64) -> Int {
        switch value {
        case ..<(1 << 6): 1
        case ..<(1 << 14): 2
        case ..<(1 << 30): 4
        default: 8
        }
    }
}

extension ByteBuffer {
    /// Reads a varint; on failure the reader index has not moved.
    package mutating func readVarint() throws(WireError) -> UInt64 {
        guard let first = getInteger(at: readerIndex, as: UInt8.self) else { throw .truncated }
        switch first >> 6 {
        case 0:
            moveReaderIndex(forwardBy: 1)
            return UInt64(first)
        case 1:
            guard let value = readInteger(as: UInt16.self) else { throw .truncated }
            return UInt64(value & 0x3fff)
        case 2:
            guard let value = readInteger(as: UInt32.self) else { throw .truncated }
            return UInt64(value & 0x3fff_ffff)
        default:
            guard let value = readInteger(as: UInt64.self) else { throw .truncated }
            return value & 0x3fff_ffff_ffff_ffff
        }
    }

    /// Writes `value` in as few bytes as it takes. `value` must not exceed `Varint.maximum`: no outside data reaches
    /// here that was not read as a varint or counted by us.
    package mutating func writeVarint(_ value: UInt64) {
        switch Varint.length(of: value) {
        case 1: writeInteger(UInt8(truncatingIfNeeded: value))
        case 2: writeInteger(UInt16(truncatingIfNeeded: value) | 0x4000)
        case 4: writeInteger(UInt32(truncatingIfNeeded: value) | 0x8000_0000)
        default:
            precondition(value <= Varint.maximum)
            writeInteger(value | 0xc000_0000_0000_0000)
        }
    }

    /// Reads a varint length and that many bytes; the length is checked before it is used.
    package mutating func readVarintPrefixedSlice(limit: Int) throws(WireError) -> ByteBuffer {
        let start = readerIndex
        let length = try readVarint()
        guard length <= UInt64(limit) else {
            moveReaderIndex(to: start)
            throw .lengthOverLimit(length: length, limit: UInt64(limit))
        }
        guard let slice = readSlice(length: Int(length)) else {
            moveReaderIndex(to: start)
            throw .truncated
        }
        return slice
    }
}
