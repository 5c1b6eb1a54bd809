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
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Godwit</title>
        <link rel="icon" href="data:image/svg+xml,\(icon)">
        <style nonce="\(nonce)">
        \(style)
        </style>
        </head>
        <body>
        \(body)
        <script nonce="\(nonce)">
        \(script)
        </script>
        </body>
        </html>

        """
    }

    /// A bar-tailed godwit with its upturned bill, in one colour.
    static let bird = """
        <path fill-rule="evenodd" d="M17 31.2c4.6-1.5 7.6-4.4 11-7.9 3-3.1 6.6-4.9 10.4-4.4 2.7.4 4.3-1.4 4.7-4.2\
        .3-2.1.2-4.3 1.4-5.9 1.1-1.5 2.9-2.1 4.6-1.7 1.6.4 2.7 1.5 3.1 3 4.2.6 8.6.6 12.9-.9\
        .6-.2.8.5.3.8-4.1 2-8.6 2.5-13.3 2.3-.7 1.3-1.2 2.8-1.5 4.6-.8 5-2.5 9.8-6.9 12.5\
        -3.6 2.2-8 2.3-12.2 1.7-3-.4-6.1-.2-9.2.6-2 .5-3.6.9-5.3.6-.5-.1-.5-.9 0-1.1z\
        M47.8 9.2a.9.9 0 1 0 .01 0z"/>
        <path d="M34.6 30.8l-2.4 6.7 1.9 9.6h3.2M39.9 29.9l.9 7.3-1.9 9.9h3.2" fill="none" \
        stroke="currentColor" stroke-width="1.2" stroke-linecap="round" stroke-linejoin="round"/>
        """

    /// The bird for the tab, percent-encoded where a data URL needs it.
    private static let icon = """
        %3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='14 4 52 46' color='%23c2622d' fill='%23c2622d'%3E\
        \(bird.replacing("<", with: "%3C").replacing(">", with: "%3E").replacing("\"", with: "'")
            .replacing("\n", with: " "))\
        %3C/svg%3E
        """
}
