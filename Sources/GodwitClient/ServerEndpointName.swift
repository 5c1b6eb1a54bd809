/// Where a server can be found: a host name or address, and a port. The name is resolved again for each attempt,
/// because a phone's resolver answers differently on each network.
public struct ServerEndpointName: Hashable, Sendable, CustomStringConvertible {
    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    public let host: String
    /// The UDP and TCP port, 1 to 65,535.
    public let port: Int

    /// A server at a host and port.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port` or `[v6]:port`.
    public init(parsing text: String) throws(ClientError) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { throw .badServerName(text) }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .badServerName(text)
        }
        guard !host.isEmpty else { throw .badServerName(text) }
        self.init(host: String(host), port: port)
    }

    /// `host:port`, or `[v6]:port`.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
