/// What opening needs to know of a closed data file without reading it (docs/bitcask-format.md).
///
///      0  8  magic "GODWITHT"       32  8  length of the data file
///      8  2  version, 1             40  8  largest sequence
///     10  2  zero                   48  4  number of entries
///     12  4  file number            52  4  salt of the data file
///     16 16  store id               56  .  entries, then CRC-32C of everything before it
///
/// An entry: sequence 8, offset 4, value length 4, key length 2, flags 1, key.
struct HintFile {
    struct Entry {
        let key: [UInt8]
        let location: Location
        let isTombstone: Bool
    }

    static let version: UInt16 = 1
    private static let magic = Array("GODWITHT".utf8)
    private static let headerLength = 56
    private static let entryLength = 19

    let entries: [Entry]
    let maximumSequence: UInt64

    /// Collects entries while their data file grows, already in the file's bytes.
    struct Builder {
        private var encoded: [UInt8] = []
        private var count: UInt32 = 0
        private var maximumSequence: UInt64 = 0

        mutating func add(key: [UInt8], location: Location, isTombstone: Bool) {
            encoded.appendLittleEndian(location.sequence)
            encoded.appendLittleEndian(location.offset)
            encoded.appendLittleEndian(location.valueLength)
            encoded.appendLittleEndian(UInt16(truncatingIfNeeded: key.count))
            encoded.append(isTombstone ? RecordHeader.Flags.tombstone.rawValue : 0)
            encoded += key
            count += 1
            maximumSequence = max(maximumSequence, location.sequence)
        }

        /// The whole file, for a data file of `dataLength` bytes with this header.
        func finish(for header: FileHeader, dataLength: UInt64) -> [UInt8] {
            var bytes = HintFile.magic
            bytes.reserveCapacity(HintFile.headerLength + encoded.count + 4)
            bytes.appendLittleEndian(HintFile.version)
            bytes.appendLittleEndian(0 as UInt16)
            bytes.appendLittleEndian(header.fileID)
            bytes += header.storeID
            bytes.appendLittleEndian(dataLength)
            bytes.appendLittleEndian(maximumSequence)
            bytes.appendLittleEndian(count)
            bytes.appendLittleEndian(header.salt)
            bytes += encoded
            bytes.appendLittleEndian(CRC32C.checksum(bytes.span.bytes))
            return bytes
        }
    }

    /// Nil unless the bytes are whole, sound and about exactly this data file.
    init?(decoding bytes: [UInt8], for header: FileHeader, dataLength: UInt64) {
        let span = bytes.span.bytes
        let end = bytes.count - 4
        guard end >= Self.headerLength, bytes.starts(with: Self.magic),
            CRC32C.checksum(span.extracting(0..<end)) == span.littleEndian(UInt32.self, at: end),
            span.littleEndian(UInt16.self, at: 8) == Self.version,
            span.littleEndian(UInt32.self, at: 12) == header.fileID,
            bytes[16..<32].elementsEqual(header.storeID),
            span.littleEndian(UInt64.self, at: 32) == dataLength,
            span.littleEndian(UInt32.self, at: 52) == header.salt
        else { return nil }
        maximumSequence = span.littleEndian(UInt64.self, at: 40)
        guard maximumSequence <= RecordHeader.maximumSequence else { return nil }
        var entries: [Entry] = []
        var offset = Self.headerLength
        while offset < end {
            guard end - offset >= Self.entryLength else { return nil }
            let location = Location(
                sequence: span.littleEndian(UInt64.self, at: offset), fileID: header.fileID,
                offset: span.littleEndian(UInt32.self, at: offset + 8),
                valueLength: span.littleEndian(UInt32.self, at: offset + 12))
            let keyLength = Int(span.littleEndian(UInt16.self, at: offset + 16))
            let flags = RecordHeader.Flags(rawValue: span.littleEndian(UInt8.self, at: offset + 18))
            offset += Self.entryLength
            let recordEnd =
                UInt64(location.offset)
                + UInt64(RecordHeader.recordLength(key: keyLength, value: Int(location.valueLength)))
            guard end - offset >= keyLength, recordEnd <= dataLength, location.sequence <= maximumSequence else {
                return nil
            }
            let key = Array(bytes[offset..<offset + keyLength])
            entries.append(Entry(key: key, location: location, isTombstone: flags.contains(.tombstone)))
            offset += keyLength
        }
        guard entries.count == Int(span.littleEndian(UInt32.self, at: 48)) else { return nil }
        self.entries = entries
    }
}
