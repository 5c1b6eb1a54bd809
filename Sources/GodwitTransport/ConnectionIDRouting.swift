/// How a server's connection IDs name it to the load balancers in front of it (draft-ietf-quic-load-balancers-21 §5). The balancers
/// are told the same.
package struct ConnectionIDRouting: Sendable, Equatable {
    /// Of this configuration, 0...6; another for each new key or length.
    package var rotation: UInt8 = 0

    /// One of those that balancers send to this server, 1...14 bytes.
    package var serverID: [UInt8]

    /// In bytes; with the server ID 6...18, but not 15. Five are the event loop's index and 32 bits that make an ID unique. Default 5.
    package var nonceLength = 5

    /// 16 bytes; nil for server IDs in the clear, by which every observer can tell which server a client is on.
    package var key: [UInt8]?

    package init(serverID: [UInt8]) { self.serverID = serverID }

    package static let nonceLengthMin = 5

    /// The rotation of IDs that no balancer is meant to read.
    private static let unroutableRotation: UInt8 = 7

    /// What a server uses that is not behind such balancers: encrypted all the same, so that a client's IDs have nothing in common.
    static func unroutable(key: [UInt8]) -> ConnectionIDRouting {
        var routing = ConnectionIDRouting(serverID: [])
        routing.rotation = unroutableRotation
        routing.nonceLength = 7
        routing.key = key
        return routing
    }
}
