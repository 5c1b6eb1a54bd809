import ArgumentParser
import Testing

@testable import godwit

@Suite("Client options")
struct ClientOptionsTests {
    @Test("a pin that begins with a dash is a pin, not the next option")
    func dashedPin() throws {
        let options = try ClientOptions.parse([
            "--pin", "-WMO3V4rXFLbXFe2dmbJmbgBBvXmP2qUQbE2tBhXy9o", "--server", "127.0.0.1:7400", "--carrier", "stream",
        ])
        #expect(options.pin == ["-WMO3V4rXFLbXFe2dmbJmbgBBvXmP2qUQbE2tBhXy9o"])
        #expect(options.server == "127.0.0.1:7400")
    }
}
