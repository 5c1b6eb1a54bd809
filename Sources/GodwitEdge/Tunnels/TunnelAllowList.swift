/// Where tunnels may go: what the operator wrote, and nothing else.
///
///     127.0.0.1:6379          one address and port
///     db.internal:5432        a name, compared as it is written and resolved by this server
///     db.internal:*           any port of it
///     10.1.0.0/16:5432        the addresses of a network; no name is resolved to find out
///     web=127.0.0.1:8080      `web` at the client, which then need not know the address
package struct TunnelAllowList: Equatable, Sendable {
    private enum Rule: Equatable {
        case alias(String, HostPort)
        case name(String, port: Int?)
        case network(IPNetwork, port: Int?)
    }

    private var rules: [Rule] = []
    /// The rules as they were written.
    package let texts: [String]

    package var isEmpty: Bool { rules.isEmpty }

    /// Completes "expected …".
    static let accepted = "a list of HOST:PORT, HOST:*, NETWORK/BITS:PORT or NAME=HOST:PORT"

    package init() { texts = [] }

    /// nil when one of the rules is none.
    package init?(_ texts: [String]) {
        self.texts = texts
        for text in texts {
            guard let rule = Self.rule(text) else { return nil }
            rules.append(rule)
        }
    }

    /// Where to connect for what a client asked; nil = nowhere.
    package func destination(of target: String) -> HostPort? {
        let name = target.lowercased()
        guard let asked = HostPort(parsing: target), asked.port > 0 else {
            for case .alias(name, let destination) in rules { return destination }
            return nil
        }
        let address = IPNetwork(address: asked.host)
        let isAllowed = rules.contains { rule in
            switch rule {
            case .alias: false
            case .name(let host, let port): host == asked.host.lowercased() && (port ?? asked.port) == asked.port
            case .network(let network, let port):
                address.map(network.contains) == true && (port ?? asked.port) == asked.port
            }
        }
        return isAllowed ? asked : nil
    }

    private static func rule(_ text: String) -> Rule? {
        if let equals = text.firstIndex(of: "=") {
            let name = text[..<equals]
            guard !name.isEmpty, name.utf8.count <= 64,
                name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }),
                let destination = HostPort(parsing: String(text[text.index(after: equals)...])), destination.port > 0
            else { return nil }
            return .alias(name.lowercased(), destination)
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let isAnyPort = text[colon...] == ":*"
        // `HostPort` knows what a port and a bracket are; a network's bits stand between them.
        let slash = text[..<colon].lastIndex(of: "/") ?? colon
        guard let parsed = HostPort(parsing: String(text[..<slash]) + (isAnyPort ? ":1" : String(text[colon...]))),
            parsed.port > 0
        else { return nil }
        let port = isAnyPort ? nil : parsed.port
        if slash < colon {
            guard let bits = Int(text[text.index(after: slash)..<colon]),
                let network = IPNetwork(address: parsed.host, bits: bits)
            else { return nil }
            return .network(network, port: port)
        }
        if let address = IPNetwork(address: parsed.host) { return .network(address, port: port) }
        // A star in a name would look like a pattern and match nothing.
        guard !parsed.host.contains("*") else { return nil }
        return .name(parsed.host.lowercased(), port: port)
    }
}
