/// The 28 bytes before each key and value (docs/bitcask-format.md).
///
///      0  4  header CRC: of bytes 8..<28 and the key        20  4  value length
///      4  4  value CRC: of bytes 8..<28, key and value      24  2  key length
///      8  8  sequence                                       26  1  flags
///     16  4  durable                                        27  1  zero
///
/// Both checksums are seeded with the file's salt XOR the record's offset. The header CRC is checked before any length
/// is believed, and it covers the key, so that a damaged value cannot hide whose value it was.
struct RecordHeader: Equatable {
    struct Flags: OptionSet {
        let rawValue: UInt8

        /// A deletion; the value is empty.
        static let tombstone = Flags(rawValue: 1)
        /// The batch goes on with the next record.
        static let continues = Flags(rawValue: 2)
        /// Written at closing: no key, no value, only the word that everything before it is durable.
        static let marker = Flags(rawValue: 4)
        /// First record of a merged file: the value lists the numbers of the files that it replaces.
        static let replaces = Flags(rawValue: 8)

        static let known: Flags = [.tombstone, .continues, .marker, .replaces]
    }

    static let length = 28
    static let maximumKeyBytes = 0xffff
    static let maximumValueBytes = 16 << 20
    /// Sequences stop here, so that counting on never overflows.
    static let maximumSequence: UInt64 = 1 << 62

    let sequence: UInt64
    /// Bytes of this file that were durable when the record was written: proof that damage before it is no torn tail.
    let durable: UInt32
    let valueLength: UInt32
    let keyLength: UInt16
    let flags: Flags

    /// Header, key and value together.
    var recordLength: Int { Self.recordLength(key: Int(keyLength), value: Int(valueLength)) }

    static func recordLength(key: Int, value: Int) -> Int { length + key + value }

    /// What both checksums begin with.
    static func seed(salt: UInt32, offset: UInt32) -> UInt32 { salt ^ offset }
}

extension RecordHeader {
    /// Appends the whole record as it stands at `offset` of a file with `salt`.
    func append(
        key: some Collection<UInt8>, value: some Collection<UInt8>, salt: UInt32, offset: UInt32,
        to buffer: inout [UInt8]
    ) {
        let start = buffer.count
        buffer.appendLittleEndian(0 as UInt64)
        buffer.appendLittleEndian(sequence)
        buffer.appendLittleEndian(durable)
        buffer.appendLittleEndian(valueLength)
        buffer.appendLittleEndian(keyLength)
        buffer.append(flags.rawValue)
        buffer.append(0)
        buffer.append(contentsOf: key)
        let valueStart = buffer.count
        buffer.append(contentsOf: value)
        let seed = Self.seed(salt: salt, offset: offset)
        let headerCRC = CRC32C.checksum(buffer.span.bytes.extracting(start + 8..<valueStart), seed: seed)
        let valueCRC = CRC32C.checksum(buffer.span.bytes.extracting(valueStart..<buffer.count), seed: headerCRC)
        buffer.setLittleEndian(headerCRC, at: start)
        buffer.setLittleEndian(valueCRC, at: start + 4)
    }

    /// Reads the fields without believing them; nil when they cannot be a header of this format.
    init?(unverified bytes: RawSpan) {
        guard bytes.byteCount >= Self.length else { return nil }
        sequence = bytes.littleEndian(UInt64.self, at: 8)
        durable = bytes.littleEndian(UInt32.self, at: 16)
        valueLength = bytes.littleEndian(UInt32.self, at: 20)
        keyLength = bytes.littleEndian(UInt16.self, at: 24)
        flags = Flags(rawValue: bytes.littleEndian(UInt8.self, at: 26))
        guard bytes.littleEndian(UInt8.self, at: 27) == 0, flags.isSubset(of: .known),
            valueLength <= UInt32(Self.maximumValueBytes), sequence <= Self.maximumSequence
        else { return nil }
    }

    /// Whether the header CRC holds; `bytes` begins with header and key.
    func isHeaderSound(_ bytes: RawSpan, salt: UInt32, offset: UInt32) -> Bool {
        let end = Self.length + Int(keyLength)
        guard bytes.byteCount >= end else { return false }
        let crc = CRC32C.checksum(bytes.extracting(8..<end), seed: Self.seed(salt: salt, offset: offset))
        return crc == bytes.littleEndian(UInt32.self, at: 0)
    }

    /// Whether the value CRC holds; `bytes` is a whole record whose header is sound.
    func isValueSound(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount >= recordLength else { return false }
        let value = bytes.extracting(Self.length + Int(keyLength)..<recordLength)
        return CRC32C.checksum(value, seed: bytes.littleEndian(UInt32.self, at: 0))
            == bytes.littleEndian(UInt32.self, at: 4)
    }
}
