/// What stands before each key and value (docs/bitcask-format.md).
///
///      0  4  header CRC: of bytes 8 to the end of the key       17  .  varints: key length, value length, undurable,
///      4  4  record CRC: goes on from the header CRC over           and, with the flag *expires*, the expiry
///            the value, so it covers everything                  .  .  key, value
///      8  8  sequence
///     16  1  flags
///
/// The checksums are seeded with the file's salt XOR the record's offset. The header CRC is checked before any length
/// is believed, and it covers the key, so that a damaged value cannot hide whose value it was.
struct RecordHeader: Equatable {
    struct Flags: OptionSet {
        let rawValue: UInt8

        /// A deletion; the value is empty.
        static let tombstone = Flags(rawValue: 1)
        /// With *tombstone*: of every key that begins with this one.
        static let prefix = Flags(rawValue: 2)
        /// First record of a batch of several.
        static let begins = Flags(rawValue: 4)
        /// Last record of a batch of several.
        static let commits = Flags(rawValue: 8)
        /// Not to be read from its expiry on.
        static let expires = Flags(rawValue: 16)
        /// The value is compressed (`Compression`).
        static let compressed = Flags(rawValue: 32)
        /// Written at closing: no key, no value, only the word that everything before it is durable.
        static let marker = Flags(rawValue: 64)
        /// First record of a merged file: the value lists the numbers of the files that it replaces.
        static let replaces = Flags(rawValue: 128)

        /// Says something of the file, nothing of a key.
        static let service: Flags = [.marker, .replaces]
    }

    static let minimumLength = 20
    /// Fixed part and the longest varints within the limits.
    static let maximumLength = 17 + 3 + 4 + 5 + 7
    static let maximumKeyBytes = 0xffff
    static let maximumValueBytes = 16 << 20
    /// Sequences stop here, so that counting on never overflows.
    static let maximumSequence: UInt64 = 1 << 62
    /// Milliseconds since 1970; some 8,900 years.
    static let maximumExpiry: UInt64 = 1 << 48

    let sequence: UInt64
    let flags: Flags
    let keyLength: Int
    let valueLength: Int
    /// Bytes before the record that were not durable yet when it was written: everything before those is proven.
    let undurable: UInt32
    /// Milliseconds since 1970; 0 for never.
    let expiry: UInt64

    init(
        sequence: UInt64, flags: Flags, keyLength: Int, valueLength: Int, undurable: UInt32 = 0, expiry: UInt64 = 0
    ) {
        self.sequence = sequence
        self.flags = expiry > 0 ? flags.union(.expires) : flags
        self.keyLength = keyLength
        self.valueLength = valueLength
        self.undurable = undurable
        self.expiry = expiry
    }

    /// Bytes before the key.
    var length: Int {
        17 &+ Varint.length(UInt64(truncatingIfNeeded: keyLength))
            &+ Varint.length(UInt64(truncatingIfNeeded: valueLength))
            &+ Varint.length(UInt64(undurable)) &+ (expiry > 0 ? Varint.length(expiry) : 0)
    }

    /// Header, key and value together.
    var recordLength: Int { length &+ keyLength &+ valueLength }

    /// What both checksums begin with.
    static func seed(salt: UInt32, offset: UInt32) -> UInt32 { salt ^ offset }
}

// MARK: Writing

extension RecordHeader {
    /// Writes the whole record as it stands at `offset` of a file with `salt`, and returns its length; the caller has made
    /// room for `maximumLength` and the bytes of key and value.
    func write(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, salt: UInt32, offset: UInt32,
        to target: UnsafeMutableRawPointer
    ) -> Int {
        target.storeBytes(of: sequence.littleEndian, toByteOffset: 8, as: UInt64.self)
        target.storeBytes(of: flags.rawValue, toByteOffset: 16, as: UInt8.self)
        var end = 17
        end &+= Varint.write(UInt64(truncatingIfNeeded: keyLength), to: target + end)
        end &+= Varint.write(UInt64(truncatingIfNeeded: valueLength), to: target + end)
        end &+= Varint.write(UInt64(undurable), to: target + end)
        if expiry > 0 { end &+= Varint.write(expiry, to: target + end) }
        if let base = key.baseAddress { (target + end).copyMemory(from: base, byteCount: keyLength) }
        end &+= keyLength
        let headerCRC = CRC32C.checksum(
            UnsafeRawBufferPointer(start: target + 8, count: end &- 8), seed: Self.seed(salt: salt, offset: offset))
        if let base = value.baseAddress { (target + end).copyMemory(from: base, byteCount: valueLength) }
        let recordCRC = CRC32C.checksum(
            UnsafeRawBufferPointer(start: target + end, count: valueLength), seed: headerCRC)
        target.storeBytes(of: headerCRC.littleEndian, as: UInt32.self)
        target.storeBytes(of: recordCRC.littleEndian, toByteOffset: 4, as: UInt32.self)
        return end &+ valueLength
    }
}

// MARK: Reading

extension RecordHeader {
    /// Reads the fields without believing them; nil when they cannot be a header of this format.
    @inline(__always)
    init?(unverified bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.minimumLength else { return nil }
        sequence = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        flags = Flags(rawValue: bytes[16])
        var offset = 17
        guard sequence <= Self.maximumSequence,
            let key = Varint.read(bytes, at: &offset), key <= UInt64(Self.maximumKeyBytes),
            let value = Varint.read(bytes, at: &offset), value <= UInt64(Self.maximumValueBytes),
            let undurable = Varint.read(bytes, at: &offset), undurable <= UInt64(UInt32.max)
        else { return nil }
        keyLength = Int(truncatingIfNeeded: key)
        valueLength = Int(truncatingIfNeeded: value)
        self.undurable = UInt32(truncatingIfNeeded: undurable)
        guard flags.contains(.expires) else {
            expiry = 0
            return
        }
        guard let expiry = Varint.read(bytes, at: &offset), expiry > 0, expiry <= Self.maximumExpiry else { return nil }
        self.expiry = expiry
    }

    /// Whether the header CRC holds; `bytes` begins with header and key.
    @inline(__always)
    func isHeaderSound(_ bytes: UnsafeRawBufferPointer, salt: UInt32, offset: UInt32) -> Bool {
        let end = length &+ keyLength
        guard bytes.count >= end else { return false }
        let crc = CRC32C.checksum(
            UnsafeRawBufferPointer(rebasing: bytes[8..<end]), seed: Self.seed(salt: salt, offset: offset))
        return crc == UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
    }

    /// Whether the record CRC holds; `bytes` is a whole record whose header is sound.
    @inline(__always)
    func isValueSound(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= recordLength else { return false }
        return CRC32C.checksum(value(bytes), seed: UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
            == UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }

    /// The key within a record whose header is sound.
    @inline(__always)
    func key(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let start = length
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start &+ keyLength])
    }

    /// The value within a whole record whose header is sound.
    @inline(__always)
    func value(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let start = length &+ keyLength
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start &+ valueLength])
    }

    /// Whether the record may no longer be read at `now`, milliseconds since 1970.
    @inline(__always)
    func isExpired(at now: UInt64) -> Bool { expiry > 0 && now >= expiry }
}
