import NIOCore
import Testing

@testable import GodwitEdge

@Suite("Serve configuration")
struct ConfigurationTests {
    private func problems(
        _ text: String, environment: [String: String] = [:], flags: [ConfigurationLayers.Flag] = []
    ) -> [String] {
        do throws(ConfigurationError) {
            _ = try ConfigurationLayers(file: ("godwit.yaml", text), environment: environment, flags: flags).resolve()
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("nothing given: the documented defaults")
    func defaults() throws {
        #expect(try ConfigurationLayers().resolve() == ServeConfiguration())
        #expect(problems("") == [])
        #expect(problems("# only a comment\nlimits:\n  # sessions: 1\n") == [])
    }

    @Test("what load balancers read in connection IDs: the whole, and what does not go together")
    func connectionIDs() throws {
        func yaml(_ keys: String) -> String { "datagram:\n  connection_ids: {\(keys)}\n" }
        let text = yaml("server_id: 0a0B, nonce: 14, rotation: 3, key_file: /k")
        let ids = try ConfigurationLayers(file: ("godwit.yaml", text)).resolve().datagram.connectionIDs
        #expect(ids == .init(serverID: "0a0B", nonceBytes: 14, rotation: 3, keyFile: "/k"))
        #expect(problems(yaml("server_id: 0a0")).count == 1)
        #expect(problems(yaml("server_id: xy")).count == 1)
        #expect(problems(yaml("rotation: 7")).count == 1)
        #expect(problems(yaml("key_file: /k"))[0].contains("there is nothing to encrypt"))
        #expect(problems(yaml("server_id: 0102, nonce: 13"))[0].contains("choose another nonce"))
        #expect(problems(yaml("server_id: 0102, nonce: 18"))[0].contains("at most 18 fit"))
    }

    @Test("a flag beats the environment, that beats the file, and the file beats the default")
    func precedence() throws {
        let file = (name: "godwit.yaml", text: "listen: 1.1.1.1:1\nadmin: 1.1.1.1:2\ndata: file\nstore: {shards: 7}\n")
        let configuration = try ConfigurationLayers(
            file: file,
            environment: ["GODWIT_LISTEN": "2.2.2.2:1", "GODWIT_ADMIN": "2.2.2.2:2", "GODWIT_DATA": ""],
            flags: [.init(name: "--listen", key: "listen", value: "3.3.3.3:1")]
        ).resolve()
        #expect(configuration.listen.description == "3.3.3.3:1")
        #expect(configuration.admin.description == "2.2.2.2:2")
        #expect(configuration.dataDirectory == "file")
        #expect(configuration.store.shards == 7)
        #expect(configuration.limits == ServeConfiguration.Limits())
    }

    @Test("an unknown key is named with its file and line, and with the key that was meant")
    func unknownKey() {
        #expect(
            problems("listen: 0.0.0.0:1\nlimits:\n  sesions: 5\n")
                == [#"godwit.yaml:3: unknown key "limits.sesions"; did you mean "limits.sessions"?"#])
        #expect(
            problems("halfopen: 5\n")
                == [#"godwit.yaml:1: unknown key "halfopen"; did you mean "limits.half_open"?"#])
        #expect(
            problems("limts:\n  sessions: 5\n") == [#"godwit.yaml:1: unknown key "limts"; did you mean "limits"?"#])
        #expect(
            problems("photosynthesis: on\n")
                == [#"godwit.yaml:1: unknown key "photosynthesis"; all keys are in docs/operations.md"#])
    }

    @Test("a bad value says where it is, its key, what was given and what is accepted")
    func badValue() {
        #expect(
            problems("\n\nlimits:\n  sessions: many\n") == [
                #"godwit.yaml:4: limits.sessions cannot be "many"; expected a whole number, 1 to 10000000"#
            ])
        #expect(
            problems("", environment: ["GODWIT_LOG_LEVEL": "loud"]) == [
                #"environment variable GODWIT_LOG_LEVEL: log.level cannot be "loud"; "#
                    + "expected one of trace, debug, info, notice, warning, error, critical"
            ])
        #expect(
            problems("", flags: [.init(name: "--listen", key: "listen", value: "7400")]) == [
                #"--listen: listen cannot be "7400"; expected HOST:PORT such as 0.0.0.0:7400 or [::]:7400"#
            ])
        #expect(
            problems("timeouts: {idle: 30}\n") == [
                #"godwit.yaml:1: timeouts.idle cannot be "30"; "#
                    + "expected a duration with its unit (ms, s, m, h, d), 5s to 1h"
            ])
    }

    @Test("all problems are told at once")
    func together() {
        let found = problems("listen: nowhere\nlimts: 3\nstore:\n  shards: 0\n", environment: ["GODWIT_DATA": "\0"])
        #expect(found.count == 4)
    }

    @Test(
        "what is not YAML, or of the wrong shape, is told with its line",
        arguments: [
            ("listen: [1, 2]\n", "godwit.yaml:1: listen takes one value; expected HOST:PORT"),
            ("a: b\n\tc: d\n", "godwit.yaml:2: not valid YAML: "),
            ("listen: 1.1.1.1:1\nlisten: 1.1.1.1:2\n", "godwit.yaml:1: not valid YAML: given twice"),
            ("limits: 7\n", "godwit.yaml:1: \"limits\" is a section; write its keys below it"),
            ("just words\n", "godwit.yaml:1: not valid YAML: expected keys and values"),
            ("- a\n- b\n", "godwit.yaml:1: not valid YAML: expected keys and values"),
            ("? [a, b]\n: c\n", "godwit.yaml:1: not valid YAML: a key must be a plain word"),
            ("listen: \"unclosed\n", "godwit.yaml:"),
            ("listen: 1.1.1.1:1\n---\nlisten: 1.1.1.1:2\n", "godwit.yaml:"),
            ("listen: *nowhere\n", "godwit.yaml:1: "),
        ])
    func shapes(text: String, expected: String) {
        let found = problems(text)
        #expect(found.first?.hasPrefix(expected) == true, "\(found)")
    }

    @Test("a file of nothing but brackets is refused, not followed into the ground")
    func depth() {
        for text in [String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 100_000)] {
            #expect(problems(text).count == 1)
        }
    }

    @Test("settings that are each right but not together are refused")
    func contradictions() {
        #expect(
            problems("listen: 1.1.1.1:9\nadmin: 1.1.1.1:9\n")
                == ["listen and admin are both 1.1.1.1:9; give them different ports"])
        #expect(problems("limits: {connections: 10, half_open: 11}\n").count == 1)
        #expect(problems("listen: 1.1.1.1:0\nadmin: 1.1.1.1:0\n") == [])
    }

    @Test("a misspelt variable is pointed out, an orchestrator's own are not")
    func variables() {
        let layers = ConfigurationLayers(environment: [
            "GODWIT_LISTN": "x", "GODWIT_PORT": "tcp://10.0.0.1:7400", "GODWIT_CONFIG": "a", "HOME": "/",
        ])
        #expect(layers.suspiciousVariables.map(\.variable) == ["GODWIT_LISTN"])
        #expect(layers.suspiciousVariables.first?.nearest == "GODWIT_LISTEN")
    }

    @Test("durations need a whole number and a unit")
    func durations() {
        #expect(DurationText.parse("1500ms") == .milliseconds(1_500))
        #expect(DurationText.parse("7d") == .hours(168))
        for text in ["", "5", "s", "-5s", "1.5h", "5 s", "5S", "99999999999999999999s", "9223372036854775807d", "٣s"] {
            #expect(DurationText.parse(text) == nil, "\(text)")
        }
        for text in ["500ms", "90s", "24h", "30m", "7d", "0ms"] {
            #expect(
                DurationText.parse(text).map(DurationText.format)
                    == (text == "90s" ? "90s" : text == "24h" ? "1d" : text))
        }
    }

    @Test("addresses need a host and a port; IPv6 stands in brackets")
    func addresses() {
        for text in ["0.0.0.0:7400", "[::]:7400", "localhost:0", "[fe80::1]:65535"] {
            #expect(HostPort(parsing: text)?.description == text)
        }
        for text in [
            "", ":", ":80", "7400", "host:", "host:65536", "host:-1", "::1:80", "[::1]", "[host]:80", "a b:80", "h:٣",
            "http://host:80", "host:+1", "host:000080",
        ] {
            #expect(HostPort(parsing: text) == nil, "\(text)")
        }
    }

    @Test("every key takes back the text that shows its default, and no two share a variable")
    func keys() {
        for key in ConfigurationKey.all {
            var configuration = ServeConfiguration()
            #expect(key.set(key.show(configuration), &configuration), "\(key.path)")
            #expect(configuration == ServeConfiguration(), "\(key.path)")
            #expect(!key.set("\u{0}", &configuration), "\(key.path)")
        }
        #expect(Set(ConfigurationKey.all.map(\.variable)).count == ConfigurationKey.all.count)
    }
}
