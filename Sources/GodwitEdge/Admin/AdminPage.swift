/// The page at `/`: one document without external assets, which reads `/success` and `/status`.
enum AdminPage {
    /// Only this document's own style and script run; it may talk to this server and to nobody else.
    static func contentSecurityPolicy(nonce: String) -> String {
        "default-src 'none'; style-src 'nonce-\(nonce)'; script-src 'nonce-\(nonce)'; connect-src 'self'; "
            + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }

    /// 128 random bits in hexadecimal, new for each response.
    static func nonce() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    static func html(nonce: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <title>Godwit</title>
        <style nonce="\(nonce)">\(style)</style>
        \(body)
        <script nonce="\(nonce)">\(script)</script>
        </html>

        """
    }
    static let style = ""
    static let body = ""
    static let script = ""
}
