import Foundation
import IMMessages
import IMRouting
import IMSync
import ShardedStore
import Testing

@testable import IMService

@Suite("Recovery")
struct RecoveryTests {
    /// Works on the files of a stopped core.
    private func edit(
        _ core: CoreHarness, _ user: String, _ body: @escaping @Sendable (inout ShardTransaction) throws -> Void
    ) async throws {
        let store = try ShardedStore(
            directory: core.configuration.directory, shardCount: core.configuration.shardCount)
        defer { store.close() }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            store.perform(on: store.shard(for: user), body) { result in
                continuation.resume(with: result.mapError { $0 as any Error })
            }
        }
    }

    /// The state of a crash after the sender's commit and before the recipient's: the sender's item, the memory of the
    /// send and the outbox record are there, the recipient's copy is not.
    private func leaveUndelivered(_ core: CoreHarness, from: String, to: String, body: String, id: String) async throws
    {
        try await edit(core, from) { transaction in
            let reserved = try transaction.number(StoreKey(.reservation)) ?? 0
            var item = IMItem()
            item.from = from
            item.fromDevice = "phone"
            item.to = to
            item.body = body
            item.clientMessageID = id
            item.serverID = (reserved - 1) << 22
            let own = try Timeline(of: from).append(item, to: &transaction)
            var memo = StoredSent()
            memo.serverID = item.serverID
            memo.seq = own.item.seq
            try SentMessages(user: from, device: "phone").record(id, memo, in: &transaction)
            try Outbox.put(sender: from, seq: memo.seq, serverID: memo.serverID, in: &transaction)
        }
    }

    /// Two users on different shards.
    private func strangers(_ core: CoreHarness) async throws -> (Person, Person) {
        let store = core.configuration.shardCount
        try #require(store > 1)
        let anna = try await Person("anna", on: core)
        for name in ["bert", "carl", "dora", "emil", "fritz", "gina"] {
            let shards = [anna.user, name].map { ShardProbe.shard(of: $0, count: store) }
            if shards[0] != shards[1] { return (anna, try await Person(name, on: core)) }
        }
        Issue.record("no name on another shard")
        return (anna, anna)
    }

    @Test("what a crash left between the two commits is delivered at the start, once, and its repeat is answered")
    func undelivered() async throws {
        let core = try CoreHarness(shardCount: 4)
        let (anna, bert) = try await strangers(core)
        try await anna.send(bert.user, "before", id: "c1")
        core.stop()
        try await leaveUndelivered(core, from: anna.user, to: bert.user, body: "lost?", id: "c2")
        try core.start()
        let tasks = [
            try anna.beginSend(bert.user, "lost?", id: "c2"), try anna.beginSend(bert.user, "after", id: "c3"),
        ]
        for task in tasks { #expect(await task.value.status == .ok) }
        #expect(try await bert.timeline().map(\.body) == ["before", "lost?", "after"])
        #expect(try await anna.timeline().map(\.body) == ["before", "lost?", "after"])
        #expect(core.counters.deliveriesRecovered >= 1)
        for _ in 1...2 {
            try core.restart()
            #expect(try await bert.timeline().map(\.body) == ["before", "lost?", "after"])
        }
    }

    @Test("what was delivered and still lies in the outbox is not delivered again")
    func undeleted() async throws {
        let core = try CoreHarness(shardCount: 4)
        let (anna, bert) = try await strangers(core)
        for number in 0..<20 { try await anna.send(bert.user, "\(number)", id: "c\(number)") }
        // Records of delivered items go with later writes, so a stop leaves some.
        try core.restart()
        #expect(core.counters.deliveriesRecovered > 0)
        try await anna.send(bert.user, "20", id: "c20")
        #expect(try await bert.timeline().map(\.body) == (0...20).map(String.init))
    }

    @Test("outbox records do not pile up")
    func outboxIsBounded() async throws {
        let core = try CoreHarness(shardCount: 4)
        let (anna, bert) = try await strangers(core)
        for number in 0..<200 { try await anna.send(bert.user, "\(number)", id: "c\(number)") }
        try core.restart()
        #expect(core.counters.deliveriesRecovered <= 64)
    }

    @Test("ids stay unique and growing when the clock is set back between two runs")
    func clockBack() async throws {
        let clock = SettableClock(1_800_000_000_000)
        let core = try CoreHarness { $0.clock = { clock.now } }
        let anna = try await Person("anna", on: core)
        let first = try await anna.send("anna", "1", id: "1")
        core.stop()
        var configuration = core.configuration
        configuration.clock = { 1_700_000_000_000 }
        let later = try CoreHarness { $0 = configuration }
        let again = try await Person("anna", on: later)
        #expect(try await again.send("anna", "2", id: "2").serverID > first.serverID)
    }

    @Test("a damaged timeline is its owner's trouble alone: the sender is told, other mail flows, nothing is dropped")
    func damagedTimeline() async throws {
        let core = try CoreHarness(shardCount: 4)
        let (anna, bert) = try await strangers(core)
        try await anna.send(bert.user, "1", id: "c1")
        core.stop()
        try await edit(core, bert.user) { $0.put(.head(bert.user), [1]) }
        try core.start()
        #expect(try await anna.beginSend(bert.user, "2", id: "c2").value.status == .internal)
        #expect(try await bert.sync().status == .internal)
        #expect(core.counters.deadLetters == 1)
        _ = try await Person("zoe", on: core)
        try await anna.send("zoe", "3", id: "c3")
    }

    @Test("positions, accounts, devices and tokens outlive many restarts")
    func everythingStays() async throws {
        let core = try CoreHarness(shardCount: 2)
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        var key = Data()
        for round in 0..<5 {
            try await anna.send("bert", "\(round)", id: "c\(round)")
            let reply: IMSyncReply = try await bert.sync(key).decoded()
            #expect(reply.items.map(\.body) == ["\(round)"])
            key = reply.nextKey
            try core.restart()
        }
        core.stop()
        try await edit(core, "bert") { transaction in
            let devices = try DeviceList(of: "bert", in: transaction)
            #expect(devices.find("phone")?.acknowledgedSeq == 4)
        }
    }
}

/// Which shard a user is on, asked of a store of the same size.
enum ShardProbe {
    static func shard(of user: String, count: Int) -> Int? {
        let directory = NSTemporaryDirectory() + "godwit-probe-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        guard let store = try? ShardedStore(directory: directory, shardCount: count) else { return nil }
        defer { store.close() }
        return store.shard(for: user).value
    }
}
