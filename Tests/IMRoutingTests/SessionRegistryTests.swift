import IMRouting
import Testing

@Suite("Session registry")
struct SessionRegistryTests {
    private let anna = Principal(user: "anna", device: "phone")
    private let annaTablet = Principal(user: "anna", device: "tablet")

    private func session(_ number: UInt64) -> SessionAddress {
        SessionAddress(loop: UInt8(number % 2), session: number)
    }

    @Test("an attached session is found under its user, once")
    func attaches() {
        var registry = SessionRegistry(sessionsPerUserMax: 4)
        #expect(registry.attach(session(1), as: anna) == .attached)
        #expect(registry.attach(session(1), as: anna) == .alreadyAttached)
        #expect(registry.attach(session(2), as: annaTablet) == .attached)
        #expect(registry.sessions(of: "anna").map(\.session) == [session(1), session(2)])
        #expect(registry.sessions(of: "bert").isEmpty)
        #expect(registry.count == 2)
    }

    @Test("beyond the limit the session attached longest ago gives way")
    func displaces() {
        var registry = SessionRegistry(sessionsPerUserMax: 2)
        for number in 1...2 { _ = registry.attach(session(UInt64(number)), as: anna) }
        #expect(registry.attach(session(3), as: anna) == .displaced(session(1)))
        #expect(registry.sessions(of: "anna").map(\.session) == [session(2), session(3)])
        #expect(registry.count == 2)
    }

    @Test("a detached session is gone, and detaching it again does nothing")
    func detaches() {
        var registry = SessionRegistry(sessionsPerUserMax: 4)
        _ = registry.attach(session(1), as: anna)
        #expect(registry.detach(session(1), of: "anna") == true)
        #expect(registry.detach(session(1), of: "anna") == false)
        #expect(registry.detach(session(9), of: "nobody") == false)
        #expect(registry.count == 0)
    }

    @Test("a device's end takes its sessions and leaves the other devices'")
    func detachesDevice() {
        var registry = SessionRegistry(sessionsPerUserMax: 4)
        _ = registry.attach(session(1), as: anna)
        _ = registry.attach(session(2), as: annaTablet)
        _ = registry.attach(session(3), as: anna)
        #expect(registry.detachAll(anna) == [session(1), session(3)])
        #expect(registry.sessions(of: "anna").map(\.device) == ["tablet"])
        #expect(registry.count == 1)
    }
}
