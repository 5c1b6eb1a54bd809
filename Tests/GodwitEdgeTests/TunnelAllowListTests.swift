import Testing

@testable import GodwitEdge

@Suite("Where tunnels may go")
struct TunnelAllowListTests {
    @Test("what is allowed is allowed, and its neighbours are not")
    func destinations() throws {
        let list = try #require(
            TunnelAllowList([
                "127.0.0.1:6379", "db.Internal:5432", "any.internal:*", "10.1.0.0/17:80", "[fd00::]/8:443",
                "[::1]:9", "Web=127.0.0.1:8080",
            ]))
        for target in [
            "127.0.0.1:6379", "DB.internal:5432", "any.internal:1", "any.internal:65535", "10.1.0.1:80",
            "10.1.127.255:80", "[fd12::1]:443", "[0:0::1]:9",
        ] {
            #expect(list.destination(of: target)?.description == target, "\(target)")
        }
        #expect(list.destination(of: "web") == HostPort(host: "127.0.0.1", port: 8080))
        for target in [
            "127.0.0.1:6380", "127.0.0.2:6379", "127.1:6379", "[::ffff:127.0.0.1]:6379", "db.internal:5433",
            "xdb.internal:5432", "any.internal:0", "any.internal:65536", "10.1.128.0:80", "10.2.0.1:80",
            "[fe00::1]:443",
            "127.0.0.1:8080", "web:8080", "wob", "", ":", "10.1.0.1", "0x0a010001:80",
        ] {
            #expect(list.destination(of: target) == nil, "\(target)")
        }
        #expect(TunnelAllowList().destination(of: "127.0.0.1:80") == nil)
    }

    @Test(
        "what is no rule is refused",
        arguments: [
            "", "web", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "::1:80", "10.0.0.0/33:80",
            "10.0.0.0/-1:80", "db/8:80", "=127.0.0.1:80", "w b=127.0.0.1:80", "web=127.0.0.1", "web=127.0.0.1:*",
            "web=127.0.0.1:0", "*:80", "10.0.0.0/:80",
        ])
    func noRules(text: String) {
        #expect(TunnelAllowList([text]) == nil)
    }

    @Test("targets in the file are a list, in a variable parts with commas; without a token they are refused")
    func configuration() throws {
        let text = "upstreams: {tunnel: {allow: ['web=127.0.0.1:80', 'db:*'], token: 0123456789abcdef}}\n"
        let tunnel = try ConfigurationLayers(file: ("g.yaml", text)).resolve().upstreams.tunnel
        #expect(tunnel.allow.texts == ["web=127.0.0.1:80", "db:*"])
        let variables = [
            "GODWIT_UPSTREAMS_TUNNEL_ALLOW": "web=127.0.0.1:80, db:*",
            "GODWIT_UPSTREAMS_TUNNEL_TOKEN": "0123456789abcdef",
        ]
        #expect(try ConfigurationLayers(environment: variables).resolve().upstreams.tunnel == tunnel)
        for (text, complaint) in [
            ("upstreams: {tunnel: {allow: ['web:80']}}", "upstreams.tunnel.token is not"),
            ("upstreams: {tunnel: {allow: [web], token: 0123456789abcdef}}", "expected a list of HOST:PORT"),
            ("upstreams: {tunnel: {allow: [[a]]}}", "takes one value"),
            ("upstreams: {tunnel: {token: short}}", "16 to 256 visible ASCII characters"),
        ] {
            let error = #expect(throws: ConfigurationError.self) {
                try ConfigurationLayers(file: ("g.yaml", text)).resolve()
            }
            #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
        }
    }
}
