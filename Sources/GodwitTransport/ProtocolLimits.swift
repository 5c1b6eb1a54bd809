import NIOCore

/// Constants of protocol version 1 that both ends rely on without telling each other (docs/protocol.md, "Limits").
package enum ProtocolLimits {
    package static let version: UInt8 = 1
    package static let supportedVersions: [UInt8] = [version]

    /// A client's datagrams are padded to this until it has heard from the server. The server's flight with a P-256
    /// certificate is some 800 bytes: three times 512 lets it pass with room for half a repetition.
    package static let minimumInitialDatagramBytes = 512

    /// UDP payload, in bytes, that passes every path that carries IPv6, and nearly all tunnels (RFC 9000 §14).
    package static let baseDatagramBytes = 1200

    /// Bytes an endpoint may send for each byte received from an address that is not validated (RFC 9000 §8.1).
    package static let amplificationFactor = 3

    /// Length of the destination ID in a client's first packets; anything but a server-issued ID's length.
    package static let clientChosenIDLength = 16

    /// IDs of a server that are good at a time: the one in use and a spare (RFC 9000 §5.1.1).
    package static let activeConnectionIDs = 2

    /// Message bytes that a peer may send before the first MAX_DATA.
    package static let initialMaxData: UInt64 = 1 << 20

    /// Bytes of a message that count against MAX_DATA and that a peer may send unasked; more of it needs MAX_MESSAGE_DATA.
    package static let initialMessageData = 65_536

    /// No message may be larger.
    package static let maximumMessageBytes = 524_288

    /// Messages that a peer may begin before the first MAX_MESSAGES.
    package static let initialMaxMessages: UInt64 = 1024

    /// The longest an acknowledgement is held back on purpose; part of the peer's probe timeout.
    package static let maximumAcknowledgementDelay: TimeAmount = .milliseconds(5)

    package static let exporterLabelClient = "EXPORTER-godwit client 1"
    package static let exporterLabelServer = "EXPORTER-godwit server 1"
    package static let exporterLabelEarly = "EXPORTER-godwit early 1"
    package static let packetSecretLength = 32

    /// Packets that one AES-128-GCM key may protect (RFC 9001 §6.6); a connection whose keys could not be replaced is closed there.
    package static let maximumPacketsPerKey: UInt64 = 1 << 23

    /// Packets that may fail to authenticate in the life of a connection, under all its keys together (RFC 9001 §6.6).
    static let maximumForgedPackets: UInt64 = 1 << 52
}
