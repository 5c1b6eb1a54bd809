/// What can go wrong in the TLS room, with the facts; `description` says what to do about it.
package enum TLSError: Error, Sendable, Hashable {
    /// The server proved possession of a key that is none of the expected ones.
    case pinMismatch(expected: [PublicKeyPin], presented: PublicKeyPin)
    /// A text that should be a public-key pin is not one.
    case invalidPin(text: String, reason: PinDefect)
    /// A client was configured without any pin, so that it could trust nobody.
    case noPins
    /// A name that cannot stand in a certificate (1...64 bytes of visible ASCII).
    case invalidCommonName(String)
    /// A protocol name of a length that ALPN cannot carry (1...255 bytes, RFC 7301 section 3.1).
    case invalidProtocolName(String)
    /// A server name that the server name indication cannot carry.
    case invalidServerName(String)
    /// The certificate's PEM text could not be read.
    case unreadableCertificate(reason: String)
    /// The private key's PEM text could not be read.
    case unreadablePrivateKey(reason: String)
    /// The private key is not the one in the certificate.
    case keyDoesNotMatchCertificate
    /// The peer ended the handshake or the connection with this alert (RFC 8446 section 6).
    case peerAlert(code: UInt8)
    /// The bytes received are not TLS, or not a version of it that is spoken here.
    case notTLS(reason: String)
    /// A record did not pass its integrity check: changed on the way, or made up.
    case badRecord
    /// The peer speaks TLS, but none of the offered application protocols.
    case noCommonProtocol
    /// The handshake or a record was refused for another reason, in OpenSSL's words.
    case protocolFailure(reason: String)
    /// The byte stream ended without a close_notify: the end may have been cut off.
    case truncated
    /// The operation needs a finished handshake.
    case handshakeIncomplete
    /// The connection failed or was closed before.
    case closed
    /// A range of a packet does not lie inside it.
    case invalidPacketBounds
    /// A key derivation was asked for a length or a label that it cannot give.
    case invalidDerivation
    /// OpenSSL failed at something that should not fail, for instance for want of memory.
    case library(operation: String, reason: String)

    /// What is wrong with the text of a pin.
    package enum PinDefect: Sendable, Hashable {
        case notBase64
        case wrongLength(bytes: Int)
    }
}

extension TLSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .pinMismatch(let expected, let presented):
            let pins = expected.map(\.description).joined(separator: ", ")
            return """
                the server's public key has the pin \(presented), but \(pins) was expected: someone may be in the middle, \
                or the server's key was replaced; get the new pin from its operator (`godwit pin`)
                """
        case .invalidPin(let text, .notBase64):
            return "'\(text.prefix(80))' is not a pin: write the 43 base64url characters that `godwit pin` prints"
        case .invalidPin(let text, .wrongLength(let bytes)):
            return
                "'\(text.prefix(80))' has \(bytes) bytes, a pin has 32: copy all 43 characters that `godwit pin` prints"
        case .noPins:
            return "no public-key pin given: a client needs at least one (`godwit pin` on the server prints it)"
        case .invalidCommonName(let name):
            return "'\(name.prefix(80))' cannot stand in a certificate: use 1 to 64 visible ASCII characters"
        case .invalidProtocolName(let name):
            return "'\(name.prefix(80))' cannot be an application protocol's name: use 1 to 255 bytes"
        case .invalidServerName(let name):
            return "'\(name.prefix(80))' cannot be a server's name: use a host name of 1 to 255 bytes"
        case .unreadableCertificate(let reason):
            return
                "the certificate cannot be read (\(reason)): restore server.crt, or move server.crt and server.key away to make new ones"
        case .unreadablePrivateKey(let reason):
            return
                "the private key cannot be read (\(reason)): restore server.key, or move server.crt and server.key away to make new ones"
        case .keyDoesNotMatchCertificate:
            return
                "the private key does not belong to the certificate: restore the pair, or move both away to make new ones"
        case .peerAlert(let code):
            return "the peer ended the connection with the TLS alert \(code) (\(Self.alertName(code)))"
        case .notTLS(let reason):
            return "the peer does not speak TLS 1.3 (\(reason)): check the address and the port"
        case .badRecord:
            return "a TLS record failed its integrity check: the bytes were changed on the way; connect again"
        case .noCommonProtocol:
            return "the peer speaks none of our application protocols: check the port, and update the older side"
        case .protocolFailure(let reason):
            return "TLS failed: \(reason)"
        case .truncated:
            return "the TLS stream ended without a close_notify: connect again"
        case .handshakeIncomplete:
            return "the TLS handshake is not finished yet"
        case .closed:
            return "the TLS connection is closed"
        case .invalidPacketBounds:
            return "the packet's parts do not lie inside its buffer"
        case .invalidDerivation:
            return "a key cannot be derived with this label or of this length"
        case .library(let operation, let reason):
            return "OpenSSL failed in \(operation): \(reason)"
        }
    }

    /// The alert's name in RFC 8446 section 6, for people.
    private static func alertName(_ code: UInt8) -> String {
        switch code {
        case 10: "unexpected message"
        case 20: "bad record MAC"
        case 40: "handshake failure"
        case 42: "bad certificate, its pin is not the expected one"
        case 47: "illegal parameter"
        case 48: "unknown authority"
        case 50: "decode error"
        case 51: "decrypt error"
        case 70: "protocol version"
        case 80: "internal error"
        case 109: "missing extension"
        case 112: "unrecognized name"
        case 120: "no application protocol"
        default: "see RFC 8446 section 6"
        }
    }
}
