import Foundation
import IMMessages
import IMRouting
import IMService
import SwiftProtobuf
import Testing

@Suite("Send")
struct SendTests {
    @Test("a message is in both timelines when its reply comes, whichever shards they are on", arguments: [1, 2, 7])
    func delivers(shardCount: Int) async throws {
        let core = try CoreHarness(shardCount: shardCount)
        let anna = try await Person("anna", on: core)
        for name in ["bert", "carl", "dora", "emil"] {
            let peer = try await Person(name, on: core)
            let sent = try await anna.send(name, "hello \(name)", id: "to-\(name)")
            let received = try await peer.timeline()
            #expect(received.map(\.body) == ["hello \(name)"])
            #expect(received.map(\.from) == ["anna"] && received.map(\.serverID) == [sent.serverID])
            #expect(received.map(\.clientMessageID) == [""] && received.map(\.to) == [""])
        }
        let own = try await anna.timeline()
        #expect(own.map(\.to) == ["bert", "carl", "dora", "emil"] && own.map(\.seq) == [1, 2, 3, 4])
        #expect(own.map(\.fromDevice) == Array(repeating: "phone", count: 4))
        #expect(core.counters.messagesAcknowledged == 4)
    }

    @Test("the reply gives the place in the sender's timeline and the place before it")
    func places() async throws {
        let core = try CoreHarness()
        let anna = try await Person("anna", on: core)
        _ = try await Person("bert", on: core)
        let first = try await anna.send("bert", "1", id: "a")
        let second = try await anna.send("bert", "2", id: "b")
        #expect((first.previousSeq, first.seq) == (0, 1) && (second.previousSeq, second.seq) == (1, 2))
        #expect(second.serverID > first.serverID && second.serverTimeMs >= first.serverTimeMs)
    }

    @Test("repeats that race get the first one's reply, and there is one message", arguments: [1, 3])
    func duplicates(shardCount: Int) async throws {
        let core = try CoreHarness(shardCount: shardCount)
        let anna = try await Person("anna", on: core)
        for name in ["bert", "carl", "dora"] {
            let peer = try await Person(name, on: core)
            let tasks = try (0..<6).map { _ in try anna.beginSend(name, "once", id: "same-\(name)") }
            var ids: Set<UInt64> = []
            for task in tasks { ids.insert(try await task.value.decoded(IMSendReply.self).serverID) }
            #expect(ids.count == 1)
            #expect(try await peer.timeline().map(\.body) == ["once"])
        }
        #expect(core.counters.messagesAcknowledged == 3 && core.counters.duplicates == 15)
        try core.restart()
        #expect(try await anna.send("bert", "once", id: "same-bert").seq == 1)
        #expect(core.counters.duplicates == 1)
    }

    @Test("the same client id on another device is another message")
    func otherDevice() async throws {
        let core = try CoreHarness()
        let phone = try await Person("anna", on: core)
        let tablet = try await Person("anna", device: "tablet", on: core)
        let bert = try await Person("bert", on: core)
        try await phone.send("bert", "1", id: "c1")
        try await tablet.send("bert", "2", id: "c1")
        #expect(try await bert.timeline().map(\.body) == ["1", "2"])
    }

    @Test("to oneself there is one item")
    func self_() async throws {
        let core = try CoreHarness()
        let anna = try await Person("anna", on: core)
        try await anna.send("anna", "note", id: "n")
        #expect(try await anna.timeline().map(\.to) == ["anna"])
    }

    @Test("many sends under way at once keep their order in every conversation")
    func order() async throws {
        let core = try CoreHarness(shardCount: 4)
        let anna = try await Person("anna", on: core)
        let names = ["bert", "carl", "dora", "emil", "anna"]
        var people: [Person] = []
        for name in names.dropLast() { people.append(try await Person(name, on: core)) }
        people.append(anna)
        var tasks: [Task<CoreHarness.Reply, Never>] = []
        for number in 0..<300 {
            tasks.append(try anna.beginSend(names[number * 7 % 5], "\(number)", id: "c\(number)"))
            // Now and then a repeat comes in between.
            if number % 10 == 9 {
                tasks.append(try anna.beginSend(names[(number - 3) * 7 % 5], "\(number - 3)", id: "c\(number - 3)"))
            }
        }
        for task in tasks { #expect(await task.value.status == .ok) }
        for (index, person) in people.dropLast().enumerated() {
            let received = try await person.timeline().compactMap { Int($0.body) }
            #expect(received == (0..<300).filter { $0 * 7 % 5 == index })
        }
        let own = try await anna.timeline()
        for (index, name) in names.enumerated() {
            let sent = own.filter { $0.to == name }.compactMap { Int($0.body) }
            #expect(sent == (0..<300).filter { $0 * 7 % 5 == index })
        }
    }

    @Test("an unknown recipient is refused and leaves nothing behind, and can be written to once there")
    func unknownRecipient() async throws {
        let core = try CoreHarness(shardCount: 4)
        let anna = try await Person("anna", on: core)
        for name in ["nobody", "noone", "niemand", "", "not a name"] {
            #expect(try await anna.beginSend(name, "x", id: "u").value.status == .unknownRecipient)
        }
        #expect(try await anna.timeline().isEmpty)
        for name in ["nobody", "noone", "niemand"] {
            let person = try await Person(name, on: core)
            try await anna.send(name, "x", id: "u-\(name)")
            #expect(try await person.timeline().count == 1)
        }
    }

    @Test("a message that depends on one that is not here is refused, and taken after it")
    func after() async throws {
        let core = try CoreHarness(shardCount: 4)
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        #expect(try await anna.beginSend("bert", "2", id: "c2", after: "c1").value.status == .conflict)
        let both = [
            try anna.beginSend("bert", "1", id: "c1"), try anna.beginSend("bert", "2", id: "c2", after: "c1"),
        ]
        for task in both { #expect(await task.value.status == .ok) }
        #expect(try await bert.timeline().map(\.body) == ["1", "2"])
    }

    @Test("limits: 65,536 bytes of text go, one more does not, an empty one does not, nor an endless id")
    func limits() async throws {
        let core = try CoreHarness()
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        #expect(try await anna.beginSend("bert", String(repeating: "x", count: 65_536), id: "1").value.status == .ok)
        #expect(
            try await anna.beginSend("bert", String(repeating: "x", count: 65_537), id: "2").value.status == .tooLarge)
        #expect(try await anna.beginSend("bert", "", id: "3").value.status == .badRequest)
        #expect(try await anna.beginSend("bert", "x", id: "").value.status == .badRequest)
        #expect(
            try await anna.beginSend("bert", "x", id: String(repeating: "i", count: 65)).value.status == .badRequest)
        #expect(try await bert.timeline().count == 1)
        #expect(core.counters.badRequests == 4)
    }

    @Test("without a login every command but login is refused")
    func unauthenticated() async throws {
        let core = try CoreHarness(shardCount: 1)
        for command in 17...20 as ClosedRange<UInt32> {
            #expect(await core.begin(Person.newSession(), nil, command, []).value.status == .unauthenticated)
        }
    }

    @Test("bytes that are no message of the command get an answer, and never a trap")
    func garbage() async throws {
        let core = try CoreHarness()
        let anna = try await Person("anna", on: core)
        var random = SystemRandomNumberGenerator()
        for command in 15...21 as ClosedRange<UInt32> {
            for length in [1, 2, 3, 7, 30, 200] {
                let body = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                let reply = await core.begin(anna.session, anna.principal, command, body).value
                #expect(reply.status != .internal, "\(command): \(body)")
            }
        }
        #expect(await core.begin(anna.session, anna.principal, 17, [0xff]).value.status == .badRequest)
        #expect(await core.begin(anna.session, anna.principal, .max, []).value.status == .unknownCommand)
    }

    @Test("at the door the core refuses what is too much, and everything is answered once")
    func overloaded() async throws {
        let core = try CoreHarness { $0.requestsMax = 5 }
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        let tasks = try (0..<200).map { try anna.beginSend("bert", "\($0)", id: "c\($0)") }
        var accepted: [String] = []
        for (number, task) in tasks.enumerated() {
            let reply = await task.value
            if reply.status == .ok { accepted.append("\(number)") } else { #expect(reply.status == .overloaded) }
        }
        #expect(try await bert.timeline().map(\.body) == accepted)
        #expect(core.strayReplies == 0)
    }

    @Test("after the shutdown requests are answered unavailable")
    func stopped() async throws {
        let directory = NSTemporaryDirectory() + "godwit-core-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let answer = Eventually<UInt32>()
        let service = try IMService(configuration: .init(directory: directory, shardCount: 1)) { outputs in
            if case .reply(_, let status, _, _)? = outputs.first { answer.set(status) }
        }
        service.shutdown()
        service.handle(RequestOrigin(session: Person.newSession(), sequence: 1, principal: nil), command: 16, body: [])
        #expect(await answer.value == UInt32(IMStatus.unavailable.rawValue))
    }
}
