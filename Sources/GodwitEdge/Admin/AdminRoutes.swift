import GodwitMetrics
import HTTPTypes
import Hummingbird
import NIOCore

/// What each admin path answers. Everything is read-only and never cached.
struct AdminRoutes<Source: AdminSource>: Sendable {
    let source: Source

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        let source = source
        router.get("/") { _, _ in
            let nonce = AdminPage.nonce()
            return Self.response(
                AdminPage.html(nonce: nonce), type: "text/html; charset=utf-8",
                policy: AdminPage.contentSecurityPolicy(nonce: nonce))
        }
        router.get("/metrics") { _, _ in
            Self.response(await source.metricsText(), type: Exposition.contentType)
        }
        router.get("/success") { _, _ in
            Self.response(await source.success().json, type: "application/json")
        }
        router.get("/status") { _, _ in
            Self.response(await source.status().json(readiness: await source.readiness()), type: "application/json")
        }
        router.get("/livez") { _, _ in Self.response("ok\n", type: Self.plainText) }
        router.get("/readyz") { _, _ in
            switch await source.readiness() {
            case .ready: Self.response("ready\n", type: Self.plainText)
            case .notReady(let reason):
                Self.response("not ready: \(reason)\n", type: Self.plainText, status: .serviceUnavailable)
            }
        }
        return router
    }

    private static var plainText: String { "text/plain; charset=utf-8" }

    private static func response(
        _ body: String, type: String, status: HTTPResponse.Status = .ok, policy: String = "default-src 'none'"
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.cacheControl] = "no-store"
        headers[.contentSecurityPolicy] = policy
        headers[.xContentTypeOptions] = "nosniff"
        if let referrerPolicy = HTTPField.Name("Referrer-Policy") { headers[referrerPolicy] = "no-referrer" }
        if let frameOptions = HTTPField.Name("X-Frame-Options") { headers[frameOptions] = "DENY" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: body)))
    }
}
