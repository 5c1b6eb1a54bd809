import GodwitClient
import Testing

@Suite("Forwards, as ssh -L writes them")
struct TunnelForwardTests {
    @Test(
        "a local port and its target, with or without a local address",
        arguments: [
            ("8080:web", "127.0.0.1:8080 -> web"), ("0:web", "127.0.0.1:0 -> web"),
            ("8080:db.internal:5432", "127.0.0.1:8080 -> db.internal:5432"),
            ("0.0.0.0:8080:web", "0.0.0.0:8080 -> web"), ("localhost:8080:web:80", "localhost:8080 -> web:80"),
            ("[::1]:8080:[fd00::5]:5432", "[::1]:8080 -> [fd00::5]:5432"),
            ("8080:[fd00::5]:5432", "127.0.0.1:8080 -> [fd00::5]:5432"),
        ])
    func forms(text: String, meaning: String) {
        #expect(TunnelForward(parsing: text)?.description == meaning)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "8080", "8080:", ":8080:web", "web:80", "65536:web", "8080:web:0", "8080:web:x", "a:b:c:d:e",
            "8080::80",
            "[::1:8080:web", "[::1]8080:web", "1:2:3:4:5", "8080:web:80:",
        ])
    func refused(text: String) {
        #expect(TunnelForward(parsing: text) == nil)
    }
}
