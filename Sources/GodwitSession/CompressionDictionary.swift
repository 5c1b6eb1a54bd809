/// The preset dictionaries by number. A number's bytes never change once a release has had them: a better dictionary gets
/// the next number, and both ends use the newest that both have.
package enum CompressionDictionary {
    /// The newest number known here; 0 means none on the wire.
    package static let newest: UInt8 = 1

    package static func bytes(_ id: UInt8) -> [UInt8]? {
        switch id {
        case 1: first
        default: nil
        }
    }

    private static let first = Array(CompressionDictionary1.text.utf8)
}
