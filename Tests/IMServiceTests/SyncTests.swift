import Foundation
import IMMessages
import IMService
import SwiftProtobuf
import Testing

@Suite("Sync, notify and read receipts")
struct SyncTests {
    @Test("a timeline is read window by window, and each device has its own key")
    func paging() async throws {
        let core = try CoreHarness()
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        let tablet = try await Person("bert", device: "tablet", on: core)
        for number in 0..<25 { try await anna.send("bert", "\(number)", id: "c\(number)") }
        #expect(try await bert.timeline(window: 10).map(\.body) == (0..<25).map(String.init))
        let first: IMSyncReply = try await tablet.sync(window: 3).decoded()
        #expect(first.items.map(\.seq) == [1, 2, 3] && first.more)
        try core.restart()
        let second: IMSyncReply = try await tablet.sync(first.nextKey, window: 500).decoded()
        #expect(second.items.count == 22 && !second.more)
        let third: IMSyncReply = try await tablet.sync(second.nextKey).decoded()
        #expect(third.items.isEmpty && third.nextKey == second.nextKey)
    }

    @Test("large messages end a window by bytes")
    func bytes() async throws {
        let core = try CoreHarness(shardCount: 1)
        let anna = try await Person("anna", on: core)
        for number in 0..<5 {
            try await anna.send("anna", String(repeating: "x", count: 60_000), id: "c\(number)")
        }
        let reply: IMSyncReply = try await anna.sync().decoded()
        #expect(reply.items.count == 2 && reply.more)
        #expect(try await anna.timeline().count == 5)
    }

    @Test("a key of another user, of the future, or garbage is answered with resync")
    func resync() async throws {
        let core = try CoreHarness()
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        try await anna.send("bert", "x", id: "c")
        let key = try await bert.sync().decoded(IMSyncReply.self).nextKey
        #expect(try await anna.sync(key).status == .resync)
        var future = try IMSyncKey(serializedBytes: key)
        future.seq += 1
        #expect(try await bert.sync(future.serializedBytes()).status == .resync)
        #expect(try await bert.sync(Data([1, 2, 3])).status == .resync)
        #expect(try await bert.sync(key).status == .ok)
        #expect(core.counters.resyncs == 3)
    }

    @Test("a client moves its key by hand over items that it has applied")
    func movedKey() async throws {
        let core = try CoreHarness()
        let anna = try await Person("anna", on: core)
        _ = try await Person("bert", on: core)
        var key = try IMSyncKey(serializedBytes: await anna.sync().decoded(IMSyncReply.self).nextKey)
        let sent = try await anna.send("bert", "x", id: "c")
        #expect(sent.previousSeq == key.seq)
        key.seq = sent.seq
        #expect(try await anna.sync(key.serializedBytes()).decoded(IMSyncReply.self).items.isEmpty)
    }

    @Test("small items ride on the notify, to all sessions but the one that sent them", arguments: [1, 4])
    func notify(shardCount: Int) async throws {
        let core = try CoreHarness(shardCount: shardCount)
        let anna = try await Person("anna", on: core)
        let annaTablet = try await Person("anna", device: "tablet", on: core)
        let bert = try await Person("bert", on: core)
        let bertTablet = try await Person("bert", device: "tablet", on: core)
        try await anna.send("bert", "hello", id: "c")
        for session in [bert.session, bertTablet.session] {
            let notify = try #require(await core.notifies(session, count: 1).first)
            #expect(notify.previousSeq == 0 && notify.items.map(\.body) == ["hello"])
        }
        let own = try #require(await core.notifies(annaTablet.session, count: 1).first)
        #expect(own.items.map(\.clientMessageID) == ["c"] && own.items.map(\.to) == ["bert"])
        #expect(core.pushes(anna.session).isEmpty)
    }

    @Test("a large item is announced by the head alone")
    func largeNotify() async throws {
        let core = try CoreHarness()
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        try await anna.send("bert", String(repeating: "x", count: 2_000), id: "c")
        let notify = try #require(await core.notifies(bert.session, count: 1).first)
        #expect(notify.items.isEmpty && notify.headSeq == 1)
    }

    @Test("notifies and syncs together give every item, without a gap, whatever they are coalesced to")
    func notifyChain() async throws {
        let core = try CoreHarness(shardCount: 4)
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        let tasks = try (0..<100).map { try anna.beginSend("bert", "\($0)", id: "c\($0)") }
        for task in tasks { #expect(await task.value.status == .ok) }
        let notifies = await core.notifies(bert.session) { ($0.last?.head ?? 0) >= 100 }
        var seq: UInt64 = 0
        for notify in notifies {
            if let last = notify.items.last {
                #expect(notify.previousSeq == seq)
                #expect(notify.items.map(\.seq) == Array(seq + 1...last.seq))
                seq = last.seq
            } else {
                #expect(notify.headSeq > seq)
                seq = notify.headSeq
            }
        }
        #expect(seq == 100)
        #expect(notifies.count <= 100)
    }

    @Test("a detached session hears nothing more, an attached one does")
    func attachment() async throws {
        let core = try CoreHarness()
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        core.detach(bert.session, bert.principal)
        try await anna.send("bert", "1", id: "1")
        core.attach(bert.session, bert.principal)
        try await anna.send("bert", "2", id: "2")
        #expect(await core.notifies(bert.session, count: 1).flatMap(\.items).map(\.body) == ["2"])
        #expect(core.counters.sessionsAttached == 2)
    }

    @Test("a read receipt reaches the peer and the reader's other devices, and only moves forward", arguments: [1, 4])
    func receipts(shardCount: Int) async throws {
        let core = try CoreHarness(shardCount: shardCount)
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        var ids: [UInt64] = []
        for number in 1...3 { ids.append(try await anna.send("bert", "\(number)", id: "\(number)").serverID) }
        #expect(try await bert.read("anna", upTo: 2) == .ok)
        #expect(try await bert.read("anna", upTo: 2) == .ok)
        #expect(try await bert.read("anna", upTo: 1) == .ok)
        #expect(try await bert.read("anna", upTo: 3) == .ok)
        // The reply to a receipt does not wait for the peer's side; the notify tells when it is there.
        var receipts: [IMItem] = []
        var count = 0
        while receipts.count < 2 {
            count += 1
            receipts = await core.notifies(anna.session, count: count).flatMap(\.items).filter {
                $0.kind == .readReceipt
            }
        }
        #expect(receipts.map(\.readUpToServerID) == [ids[1], ids[2]] && receipts.map(\.from) == ["bert", "bert"])
        let own = try await bert.timeline().filter { $0.kind == .readReceipt }
        #expect(own.map(\.to) == ["anna", "anna"] && own.map(\.readUpToServerID) == [ids[1], ids[2]])
        #expect(core.counters.readReceipts == 2)
    }

    @Test("a receipt for what is not a message of the peer is refused")
    func badReceipts() async throws {
        let core = try CoreHarness()
        let anna = try await Person("anna", on: core)
        let bert = try await Person("bert", on: core)
        try await anna.send("bert", "x", id: "c")
        #expect(try await bert.read("anna", upTo: 0) == .badRequest)
        #expect(try await bert.read("anna", upTo: 2) == .badRequest)
        #expect(try await bert.read("carl", upTo: 1) == .badRequest)
        #expect(try await anna.read("bert", upTo: 1) == .badRequest)
    }
}

extension IMNotify {
    /// How far the timeline goes, as this tells it.
    fileprivate var head: UInt64 { items.last?.seq ?? headSeq }
}
