import Logging
import NIOCore
import Spelling

/// One key: its name in the file, what it accepts, and where the value goes.
struct ConfigurationKey: Sendable {
    /// As in the file, sections joined by dots: `limits.half_open`.
    let path: String
    /// Completes "expected …".
    let accepted: String
    /// False when the text is not accepted; the configuration is then unchanged.
    let set: @Sendable (String, inout ServeConfiguration) -> Bool
    /// The value as it would be written in the file.
    let show: @Sendable (ServeConfiguration) -> String
    /// In the file a list; in a variable or flag its parts with commas between them.
    var isList = false

    /// `GODWIT_LIMITS_HALF_OPEN` for `limits.half_open`.
    var variable: String {
        "GODWIT_" + path.uppercased().replacing(".", with: "_")
    }

    private typealias Path<Value> = any WritableKeyPath<ServeConfiguration, Value> & Sendable

    private static func address(_ path: String, _ target: Path<HostPort>) -> Self {
        Self(path: path, accepted: "HOST:PORT such as 0.0.0.0:7400 or [::]:7400") { text, configuration in
            guard let value = HostPort(parsing: text) else { return false }
            configuration[keyPath: target] = value
            return true
        } show: {
            $0[keyPath: target].description
        }
    }

    private static func directory(_ path: String, _ target: Path<String>) -> Self {
        Self(path: path, accepted: "the path of a directory") { text, configuration in
            guard !text.isEmpty, !text.utf8.contains(0) else { return false }
            configuration[keyPath: target] = text
            return true
        } show: {
            $0[keyPath: target]
        }
    }

    private static func file(_ path: String, _ target: Path<String>) -> Self {
        Self(path: path, accepted: "the path of a file, or \"\" for none") { text, configuration in
            guard !text.utf8.contains(0) else { return false }
            configuration[keyPath: target] = text == "\"\"" ? "" : text
            return true
        } show: {
            let path = $0[keyPath: target]
            return path.isEmpty ? "\"\"" : path
        }
    }

    private static func hex(_ path: String, _ target: Path<String>, _ bytes: ClosedRange<Int>) -> Self {
        let nothing = "\"\""
        let accepted = "\(bytes.lowerBound) to \(bytes.upperBound) bytes as hexadecimal digits, or \(nothing) for none"
        return Self(path: path, accepted: accepted) { text, configuration in
            let digits = text == nothing ? "" : text
            guard let value = Hex.bytes(digits), value.isEmpty || bytes.contains(value.count) else { return false }
            configuration[keyPath: target] = digits
            return true
        } show: {
            $0[keyPath: target].isEmpty ? nothing : $0[keyPath: target]
        }
    }

    private static func whole(_ path: String, _ target: Path<Int>, _ range: ClosedRange<Int>) -> Self {
        Self(path: path, accepted: "a whole number, \(range.lowerBound) to \(range.upperBound)") {
            text, configuration in
            guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text), range.contains(value)
            else { return false }
            configuration[keyPath: target] = value
            return true
        } show: {
            String($0[keyPath: target])
        }
    }

    private static func duration(_ path: String, _ target: Path<TimeAmount>, _ range: ClosedRange<TimeAmount>) -> Self {
        let limits = "\(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
        return Self(path: path, accepted: "a duration with its unit (ms, s, m, h, d), \(limits)") {
            text, configuration in
            guard let value = DurationText.parse(text), range.contains(value) else { return false }
            configuration[keyPath: target] = value
            return true
        } show: {
            DurationText.format($0[keyPath: target])
        }
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ path: String, _ target: Path<Choice>
    ) -> Self {
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return Self(path: path, accepted: "one of \(names)") { text, configuration in
            guard let value = Choice(rawValue: text) else { return false }
            configuration[keyPath: target] = value
            return true
        } show: {
            $0[keyPath: target].rawValue
        }
    }

    private static func tunnelTargets(_ path: String, _ target: Path<TunnelAllowList>) -> Self {
        var key = Self(path: path, accepted: TunnelAllowList.accepted) { text, configuration in
            // As shown: a rule may begin with a bracket but cannot end with one.
            let isShown = text.hasPrefix("[") && text.hasSuffix("]")
            let texts = (isShown ? text.dropFirst().dropLast() : text[...]).split(separator: ",").map {
                $0.trimmingPrefix { $0 == " " }
            }
            guard let value = TunnelAllowList(texts.map(String.init)) else { return false }
            configuration[keyPath: target] = value
            return true
        } show: {
            "[\($0[keyPath: target].texts.joined(separator: ", "))]"
        }
        key.isList = true
        return key
    }

    /// Shown only whether it is there.
    private static func secret(_ path: String, _ target: Path<String>) -> Self {
        let accepted = "nothing, or 16 to 256 visible ASCII characters such as `openssl rand -hex 32` prints"
        let nothing = "\"\""
        return Self(path: path, accepted: accepted) { text, configuration in
            let secret = text == nothing ? "" : text
            guard secret.isEmpty || (16...256).contains(secret.utf8.count),
                secret.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
            else { return false }
            configuration[keyPath: target] = secret
            return true
        } show: {
            $0[keyPath: target].isEmpty ? nothing : "…"
        }
    }

    /// All keys, in the order of the example file.
    static let all: [ConfigurationKey] = [
        .address("listen", \.listen),
        .address("admin", \.admin),
        .directory("data", \.dataDirectory),
        .whole("event_loops", \.eventLoops, 0...64),
        .choice("log.level", \.log.level),
        .whole("limits.connections", \.limits.connections, 1...10_000_000),
        .whole("limits.half_open", \.limits.halfOpen, 1...1_000_000),
        .whole("limits.sessions", \.limits.sessions, 1...10_000_000),
        .duration("limits.session_idle", \.limits.sessionIdle, .minutes(1) ... .hours(24 * 90)),
        .duration("timeouts.handshake", \.timeouts.handshake, .seconds(1) ... .minutes(2)),
        .duration("timeouts.idle", \.timeouts.idle, .seconds(5) ... .hours(1)),
        .duration("timeouts.shutdown", \.timeouts.shutdown, .milliseconds(100) ... .hours(1)),
        .choice("datagram.congestion", \.datagram.congestion),
        .whole("datagram.key_packets", \.datagram.packetsPerKey, 1...4_194_304),
        .whole("datagram.redundancy", \.datagram.redundancyPercent, 0...1000),
        .choice("datagram.offload", \.datagram.offload),
        .whole("datagram.retry", \.datagram.retryPercent, 0...100),
        .hex("datagram.connection_ids.server_id", \.datagram.connectionIDs.serverID, 1...14),
        .whole("datagram.connection_ids.nonce", \.datagram.connectionIDs.nonceBytes, 5...18),
        .whole("datagram.connection_ids.rotation", \.datagram.connectionIDs.rotation, 0...6),
        .file("datagram.connection_ids.key_file", \.datagram.connectionIDs.keyFile),
        .whole("store.shards", \.store.shards, 1...64),
        .choice("upstreams.echo", \.upstreams.echo),
        .choice("upstreams.im", \.upstreams.im),
        .tunnelTargets("upstreams.tunnel.allow", \.upstreams.tunnel.allow),
        .secret("upstreams.tunnel.token", \.upstreams.tunnel.token),
        .whole("upstreams.tunnel.connections", \.upstreams.tunnel.connections, 1...1_000_000),
        .whole("upstreams.tunnel.session_connections", \.upstreams.tunnel.sessionConnections, 1...10_000),
        .duration("upstreams.tunnel.idle", \.upstreams.tunnel.idle, .seconds(10) ... .hours(24 * 7)),
        .file("tickets.secret_file", \.tickets.secretFile),
    ]

    static func named(_ path: String) -> ConfigurationKey? {
        all.first { $0.path == path }
    }

    static func isSection(_ path: String) -> Bool {
        all.contains { $0.path.hasPrefix(path + ".") }
    }

    /// The key or section that was most likely meant, compared whole and by its last word: `halfopen` at the top of the
    /// file means `limits.half_open`.
    static func nearest(to path: String) -> String? {
        let candidates =
            all.flatMap { key -> [(path: String, distance: Int)] in
                let last = key.path.split(separator: ".").last.map(String.init) ?? key.path
                let given = path.split(separator: ".").last.map(String.init) ?? path
                return [
                    (key.path, EditDistance.between(path, key.path)),
                    // A match of the last word alone is a weaker hint than one of the whole path.
                    (key.path, EditDistance.between(given, last) + 1),
                ]
            }
            + all.compactMap { $0.path.split(separator: ".").first.map(String.init) }
            .map { ($0, EditDistance.between(path, $0)) }
        guard let best = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
        return NearestName.isNear(best.distance, to: path) ? best.path : nil
    }
}
