import Testing

@testable import GodwitEdge

@Suite("Admin page")
struct AdminPageTests {
    @Test("the page is served with a policy that lets only its own style and script run, under a new nonce each time")
    func policy() async throws {
        try await AdminHTTPClient.withServer(FixedSource()) { client in
            let first = try await client.get("/")
            let second = try await client.get("/")
            #expect(first.headers["content-type"] == "text/html; charset=utf-8")
            #expect(first.headers["x-frame-options"] == "DENY")
            #expect(first.headers["referrer-policy"] == "no-referrer")
            let policy = try #require(first.headers["content-security-policy"])
            #expect(policy != second.headers["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'none'; "))
            #expect(policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe"))
            let nonce = try #require(policy.firstMatch(of: /'nonce-([0-9a-f]{32})'/)?.output.1)
            #expect(first.body.contains("<style nonce=\"\(nonce)\">"))
            #expect(first.body.contains("<script nonce=\"\(nonce)\">"))
        }
    }

    @Test("the page needs nothing from outside and has no markup that its policy would refuse")
    func selfContained() {
        let page = AdminPage.html(nonce: AdminPage.nonce())
        #expect(!page.contains("https://"))
        #expect(!page.replacing("http://www.w3.org/2000/svg", with: "").contains("http://"))
        #expect(!page.contains(" style="))
        #expect(page.firstMatch(of: /\son[a-z]+="/) == nil)
        #expect(!page.contains("innerHTML"))
    }

    @Test("the script finds every element it asks for by name")
    func elements() {
        let asked = AdminPage.script.matches(of: /\$\('([a-z0-9-]+)'\)/).map { String($0.output.1) }
        #expect(asked.count > 5)
        for name in asked { #expect(AdminPage.body.contains("id=\"\(name)\""), "\(name)") }
        for span in ["1m", "5m", "1h"] {
            #expect(AdminPage.body.contains("id=\"tasks-\(span)\""))
            #expect(AdminPage.body.contains("id=\"tasks-\(span)-note\""))
        }
    }
}
