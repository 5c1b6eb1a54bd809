import Foundation

/// What users, devices and messages may be called.
package enum Names {
    package static let userBytesMax = 64
    package static let deviceBytesMax = 64
    package static let clientMessageIDBytesMax = 64
    package static let passwordBytesMax = 1_024

    /// Letters of any script with their marks, digits, '.', '_', '-'; the first a letter or a digit; normalized (NFC),
    /// so that one name has one spelling in bytes.
    package static func isUser(_ name: String) -> Bool {
        guard (1...userBytesMax).contains(name.utf8.count), let first = name.unicodeScalars.first,
            isLetterOrDigit(first), name.unicodeScalars.allSatisfy({ isLetterOrDigit($0) || isInner($0) })
        else { return false }
        return name.utf8.allSatisfy { $0 < 0x80 }
            || name.precomposedStringWithCanonicalMapping.unicodeScalars.elementsEqual(name.unicodeScalars)
    }

    package static func isDevice(_ name: String) -> Bool {
        (1...deviceBytesMax).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    package static func isClientMessageID(_ id: String) -> Bool {
        (1...clientMessageIDBytesMax).contains(id.utf8.count)
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber:
            return true
        default: return false
        }
    }

    private static func isInner(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark: return true
        default: return scalar == "." || scalar == "_" || scalar == "-"
        }
    }
}
