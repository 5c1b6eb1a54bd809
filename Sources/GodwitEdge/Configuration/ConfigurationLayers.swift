import Logging
import Spelling

/// The texts that a configuration is put together from. A flag beats the environment, that beats the file, and the
/// file beats the defaults.
package struct ConfigurationLayers: Sendable {
    /// Names the file when there is no `--config`.
    package static let fileVariable = "GODWIT_CONFIG"

    package struct Flag: Sendable {
        /// As typed: `--listen`.
        package var name: String
        /// The key it sets: `listen`.
        package var key: String
        package var value: String

        package init(name: String, key: String, value: String) {
            self.name = name
            self.key = key
            self.value = value
        }
    }

    package var file: (name: String, text: String)?
    package var environment: [String: String]
    package var flags: [Flag]

    package init(
        file: (name: String, text: String)? = nil, environment: [String: String] = [:], flags: [Flag] = []
    ) {
        self.file = file
        self.environment = environment
        self.flags = flags
    }

    /// Reads everything before it complains, so that all problems are told at once.
    package func resolve() throws(ConfigurationError) -> ServeConfiguration {
        var problems: [ConfigurationProblem] = []
        var settings: [ConfigurationSetting] = []
        if let file {
            let file = ConfigurationFile(name: file.name, text: file.text)
            settings += file.settings
            problems += file.problems
        }
        settings += environmentSettings
        settings += flags.map { ConfigurationSetting(key: $0.key, value: $0.value, place: .flag(name: $0.name)) }

        var configuration = ServeConfiguration()
        for setting in settings {
            guard let key = ConfigurationKey.named(setting.key) else {
                let nearest = ConfigurationKey.nearest(to: setting.key)
                problems.append(.unknownKey(setting.place, key: setting.key, nearest: nearest))
                continue
            }
            if !key.set(setting.value, &configuration) {
                problems.append(
                    .badValue(setting.place, key: key.path, given: setting.value, accepted: key.accepted))
            }
        }
        problems += Self.contradictions(in: configuration)
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return configuration
    }

    /// Variables that look like a misspelt key, for a warning. Others that begin with GODWIT_ are not ours to judge:
    /// an orchestrator makes GODWIT_PORT and the like for a service of that name.
    package var suspiciousVariables: [(variable: String, nearest: String)] {
        environment.keys.sorted().compactMap { variable in
            guard variable.hasPrefix("GODWIT_"), variable != Self.fileVariable,
                !ConfigurationKey.all.contains(where: { $0.variable == variable })
            else { return nil }
            let nearest = ConfigurationKey.all.map { ($0.variable, EditDistance.between(variable, $0.variable)) }
                .min { $0.1 < $1.1 }
            guard let nearest, nearest.1 <= 2 else { return nil }
            return (variable, nearest.0)
        }
    }

    /// An empty variable counts as not set, as compose files leave them.
    private var environmentSettings: [ConfigurationSetting] {
        ConfigurationKey.all.compactMap { key in
            guard let value = environment[key.variable], !value.isEmpty else { return nil }
            return ConfigurationSetting(
                key: key.path, value: value, place: .environment(variable: key.variable))
        }
    }

    private static func contradictions(in configuration: ServeConfiguration) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        if configuration.listen == configuration.admin, configuration.listen.port != 0 {
            problems.append(
                .contradiction("listen and admin are both \(configuration.listen); give them different ports"))
        }
        let tunnel = configuration.upstreams.tunnel
        if !tunnel.allow.isEmpty, tunnel.token.isEmpty {
            problems.append(
                .contradiction(
                    "upstreams.tunnel.allow is set but upstreams.tunnel.token is not: anybody could use the tunnels; set a "
                        + "secret (GODWIT_UPSTREAMS_TUNNEL_TOKEN) and give it to the clients that may"))
        }
        let ids = configuration.datagram.connectionIDs
        let idBytes = ids.serverID.utf8.count / 2 + ids.nonceBytes
        if ids.serverID.isEmpty, !ids.keyFile.isEmpty {
            problems.append(
                .contradiction(
                    "datagram.connection_ids.key_file is set but datagram.connection_ids.server_id is not: there is nothing to "
                        + "encrypt"))
        }
        if !ids.serverID.isEmpty, idBytes > 18 || idBytes == 15 {
            problems.append(
                .contradiction(
                    "datagram.connection_ids: server_id and nonce have \(idBytes) bytes together; at most 18 fit, and 15 would make "
                        + "an ID as long as those of clients: choose another nonce"))
        }
        let limits = configuration.limits
        if limits.halfOpen > limits.connections {
            problems.append(
                .contradiction(
                    "limits.half_open (\(limits.halfOpen)) is above limits.connections (\(limits.connections)), "
                        + "which counts half-open connections too"))
        }
        return problems
    }
}
