import Foundation
import GodwitSession
import GodwitWire
import IMMessages
import NIOCore
import SwiftProtobuf
import Testing

@testable import GodwitEdge

@Suite("The core behind the edge", .timeLimit(.minutes(1)))
struct MessagingTests {
    @Test("a message goes from one client to another as a notify")
    func notify() async throws {
        try await EdgeFixture.serving(im: .core) { edge in
            let alice = try await Self.person("alice", edge, .datagram)
            let bob = try await Self.person("bob", edge, .stream)
            let sent = try await alice.send(to: "bob", "are you there?", id: "1")
            #expect(sent.status == .ok)
            let push = try await bob.nextPush()
            #expect(push.command == Command.notify.rawValue)
            let notify = try IMNotify(serializedBytes: Array(push.body.readableBytesView))
            #expect(notify.items.map(\.body) == ["are you there?"])
            #expect(notify.items.map(\.from) == ["alice"])
            #expect(await edge.sample(#"godwit_tasks_total{result="ok",command_class="im"}"#) == 3)
            try await alice.leave()
            try await bob.leave()
        }
    }

    @Test("a notify for a client without a carrier waits for its next one")
    func notifyAfterResume() async throws {
        try await EdgeFixture.serving(im: .core) { edge in
            let alice = try await Self.person("alice", edge, .datagram)
            let bob = try await Self.person("bob", edge, .datagram)
            try await bob.goDeaf()
            #expect(try await alice.send(to: "bob", "in the tunnel", id: "1").status == .ok)
            #expect(try await bob.connect(.stream) == .resumed)
            let notify = try IMNotify(serializedBytes: Array(try await bob.nextPush().body.readableBytesView))
            #expect(notify.items.map(\.body) == ["in the tunnel"])
            // Still logged in.
            #expect(try await bob.send(to: "alice", "out again", id: "1").status == .ok)
            try await alice.leave()
            try await bob.leave()
        }
    }

    @Test("without a login the core refuses, with a text for people")
    func unauthenticated() async throws {
        try await EdgeFixture.serving(im: .core) { edge in
            let client = try await TestClient(edge)
            try await client.connect(.datagram)
            let response = try await client.send(to: "bob", "hello", id: "1")
            #expect(response.status == .unauthenticated)
            #expect(!response.text.isEmpty)
            try await client.leave()
        }
    }

    @Test("a second start with the same data directory keeps key, accounts and messages")
    func restart() async throws {
        let fixture = try EdgeFixture(im: .core)
        let first = try await fixture.start()
        let alice = try await Self.person("alice", first, .datagram)
        #expect(try await alice.send(to: "alice", "a note to myself", id: "1").status == .ok)
        let pin = first.pin
        await first.stop()
        try await alice.leave()

        let second = try await fixture.start()
        #expect(second.pin == pin)
        let again = try await Self.person("alice", second, .stream, isNew: false)
        let response = try await again.request(Command.sync.rawValue, ByteBuffer())
        let sync = try IMSyncReply(serializedBytes: Array(response.body.readableBytesView))
        #expect(sync.items.map(\.body) == ["a note to myself"])
        try await again.leave()
        await second.stop()
    }

    static func person(
        _ name: String, _ edge: Edge, _ carrier: CarrierKind, isNew: Bool = true
    ) async throws -> TestClient {
        let client = try await TestClient(edge)
        try await client.connect(carrier)
        var login = IMLoginRequest()
        login.user = name
        login.device = "phone"
        login.password = "correct horse"
        login.createIfMissing = isNew
        let response = try await client.request(
            Command.login.rawValue, ByteBuffer(bytes: try login.serializedBytes() as [UInt8]))
        #expect(response.status == .ok, "\(response.text)")
        return client
    }
}

extension TestClient {
    func send(to user: String, _ body: String, id: String) async throws -> Response {
        var message = IMSendRequest()
        message.to = user
        message.body = body
        message.clientMessageID = id
        return try await request(Command.send.rawValue, ByteBuffer(bytes: try message.serializedBytes() as [UInt8]))
    }
}
