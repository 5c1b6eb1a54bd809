/// A local port and where its connections come out, as `ssh -L` writes it.
///
///     8080:web                     port 8080 of 127.0.0.1, to what the server calls `web`
///     8080:db.internal:5432        to that host and port, as seen from the server
///     0.0.0.0:8080:web             of another local address
///     [::1]:8080:[fd00::5]:5432
public struct TunnelForward: Sendable, Hashable, CustomStringConvertible {
    /// The local address; `127.0.0.1` unless it is given.
    public var listenHost: String
    /// 0 lets the system choose.
    public var listenPort: Int
    /// A name that the server's configuration knows, or `HOST:PORT`.
    public var target: String

    /// nil unless the text is of one of the forms above.
    public init?(parsing text: String) {
        guard let parts = Self.parts(text) else { return nil }
        var rest = parts[...]
        listenHost = "127.0.0.1"
        if let first = rest.first, Self.port(first) == nil { listenHost = String(rest.removeFirst()) }
        guard let portText = rest.popFirst(), let port = Self.port(portText), !listenHost.isEmpty else { return nil }
        listenPort = port
        switch rest.count {
        case 1: target = String(rest[rest.startIndex])
        case 2:
            let (host, port) = (rest[rest.startIndex], rest[rest.startIndex + 1])
            guard Self.port(port) ?? 0 > 0 else { return nil }
            target = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        default: return nil
        }
        guard !rest.contains(where: \.isEmpty), (1...260).contains(target.utf8.count) else { return nil }
    }

    /// `HOST:PORT -> TARGET`, for people.
    public var description: String {
        (listenHost.contains(":") ? "[\(listenHost)]" : listenHost) + ":\(listenPort) -> \(target)"
    }

    private static func port(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(text),
            port <= 65_535
        else { return nil }
        return port
    }

    /// What stands between the colons; a bracketed address is one part, without its brackets.
    private static func parts(_ text: String) -> [Substring]? {
        var parts: [Substring] = []
        var rest = text[...]
        while true {
            if rest.hasPrefix("[") {
                guard let end = rest.firstIndex(of: "]") else { return nil }
                parts.append(rest[rest.index(after: rest.startIndex)..<end])
                rest = rest[rest.index(after: end)...]
                guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            } else {
                let end = rest.firstIndex(of: ":") ?? rest.endIndex
                parts.append(rest[..<end])
                rest = rest[end...]
            }
            guard !rest.isEmpty else { return parts }
            rest.removeFirst()
        }
    }
}
