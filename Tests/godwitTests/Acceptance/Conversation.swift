import Foundation
import Testing

/// Two people who write to each other all the time, and what must be true of what they got.
struct Conversation {
    let ada: ClientProcess
    let bob: ClientProcess

    /// Logs both in.
    init(ada: ClientProcess, bob: ClientProcess) async throws {
        self.ada = ada
        self.bob = bob
        _ = try await ada.logIn("ada")
        _ = try await bob.logIn("bob")
    }

    /// Each writes these numbers to the other.
    func write(_ numbers: ClosedRange<Int>) throws {
        for number in numbers {
            try ada.send("a\(number)", to: "bob", "ada \(number)")
            try bob.send("b\(number)", to: "ada", "bob \(number)")
        }
    }

    /// `count` of them have arrived on either side.
    func received(_ count: Int) async throws {
        _ = try await bob.first(count, "message")
        _ = try await ada.first(count, "message")
    }

    /// All `count` have arrived once each, in order, and were confirmed to their sender once each.
    func expectWhole(_ count: Int) async throws {
        try await received(count)
        _ = try await ada.first(count, "sent")
        _ = try await bob.first(count, "sent")
        // What would come twice would come before the reply to an echo and the end.
        for client in [ada, bob] { try await client.quit() }
        #expect(bob.lines.filter { $0.event == "message" }.map(\.body) == (1...count).map { "ada \($0)" })
        #expect(ada.lines.filter { $0.event == "message" }.map(\.body) == (1...count).map { "bob \($0)" })
        // Receipts overtake each other where packets are lost; each comes once.
        #expect(
            ada.lines.filter { $0.event == "sent" }.compactMap(\.id).sorted() == (1...count).map { "a\($0)" }.sorted())
        #expect(
            bob.lines.filter { $0.event == "sent" }.compactMap(\.id).sorted() == (1...count).map { "b\($0)" }.sorted())
        #expect(!(ada.lines + bob.lines).contains { $0.event == "error" })
    }
}
