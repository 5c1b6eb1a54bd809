/// Where a record lies, in one word, so that readers load it and the writer replaces it in one step:
///
///     slot of the file 16 | offset 32 | expires 1 | length 15
///
/// The length is rounded up to 11 significant bits: a read of that many bytes holds the record, whose header knows the exact
/// length. Lengths below 4,096 are exact.
struct Location: Equatable, Hashable, Sendable {
    let word: UInt64

    /// No record: offset 0 of a file is its header.
    static let absent = Location(word: 0)

    init(word: UInt64) {
        self.word = word
    }

    init(slot: UInt16, offset: UInt32, recordLength: Int, expires: Bool) {
        word =
            UInt64(slot) << 48 | UInt64(offset) << 16 | (expires ? 1 << 15 : 0)
            | UInt64(Self.code(forLength: recordLength))
    }

    var isAbsent: Bool { word == 0 }
    var slot: UInt16 { UInt16(truncatingIfNeeded: word >> 48) }
    var offset: UInt32 { UInt32(truncatingIfNeeded: word >> 16) }
    var expires: Bool { word & (1 << 15) != 0 }
    /// The record's length, rounded up.
    var lengthBound: Int { Self.length(ofCode: UInt16(truncatingIfNeeded: word & 0x7fff)) }

    /// `length` rounded up as the word keeps it.
    static func rounded(_ length: Int) -> Int { self.length(ofCode: code(forLength: length)) }

    private static func code(forLength length: Int) -> UInt16 {
        guard length >= 2_048 else { return UInt16(truncatingIfNeeded: max(length, 0)) }
        let bits = Int.bitWidth - length.leadingZeroBitCount
        var exponent = bits - 12
        var mantissa = (length + (1 << exponent) - 1) >> exponent
        if mantissa == 4_096 {
            mantissa = 2_048
            exponent += 1
        }
        return UInt16(truncatingIfNeeded: (exponent + 1) << 11 | (mantissa - 2_048))
    }

    private static func length(ofCode code: UInt16) -> Int {
        let exponent = Int(code >> 11)
        let mantissa = Int(code & 0x7ff)
        return exponent == 0 ? mantissa : (mantissa + 2_048) << (exponent - 1)
    }
}
