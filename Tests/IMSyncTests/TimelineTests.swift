import Foundation
import IMMessages
import IMSync
import ShardedStore
import SwiftProtobuf
import Testing

@Suite("Timelines")
struct TimelineTests {
    private static func message(_ body: String) -> IMItem {
        var item = IMItem()
        item.from = "anna"
        item.body = body
        return item
    }

    @Test("places follow each other from 1, for each user by itself")
    func places() async throws {
        let store = try TemporaryStore()
        let seqs = try await store.run { transaction in
            try ["anna", "bert", "anna", "anna"].map { user in
                try Timeline(of: user).append(Self.message("x"), to: &transaction).item.seq
            }
        }
        #expect(seqs == [1, 1, 2, 3])
    }

    @Test("a window ends at its items, at its bytes, or at the head, and says whether there is more")
    func windows() async throws {
        let store = try TemporaryStore()
        let timeline = Timeline(of: "anna")
        try await store.run { transaction in
            for number in 1...10 {
                _ = try timeline.append(
                    Self.message(String(repeating: "x", count: 1_000) + "\(number)"), to: &transaction)
            }
        }
        try await store.run { transaction in
            let three = try timeline.window(after: 0, itemsMax: 3, in: transaction)
            #expect(three.items.map(\.seq) == [1, 2, 3])
            #expect(three.more)
            let bytes = try timeline.window(after: 3, itemsMax: 100, bytesMax: 2_500, in: transaction)
            #expect(bytes.items.map(\.seq) == [4, 5])
            let large = try timeline.window(after: 3, itemsMax: 100, bytesMax: 10, in: transaction)
            #expect(large.items.map(\.seq) == [4])
            let rest = try timeline.window(after: 8, itemsMax: 100, in: transaction)
            #expect(rest.items.map(\.seq) == [9, 10])
            #expect(!rest.more)
            let end = try timeline.window(after: 10, itemsMax: 100, in: transaction)
            #expect(end.items.isEmpty && !end.more && end.end == 10)
        }
    }

    @Test("a place that was lost is passed over")
    func hole() async throws {
        let store = try TemporaryStore()
        let timeline = Timeline(of: "anna")
        try await store.run { transaction in
            for number in 1...5 { _ = try timeline.append(Self.message("\(number)"), to: &transaction) }
            transaction.delete(.item("anna", seq: 3))
            transaction.delete(.item("anna", seq: 5))
            let window = try timeline.window(after: 0, itemsMax: 10, in: transaction)
            #expect(window.items.map(\.seq) == [1, 2, 4])
            #expect(window.end == 5 && !window.more)
        }
    }

    @Test("an item that the disk has damaged is passed over and counted")
    func damagedItem() async throws {
        let store = try TemporaryStore()
        let timeline = Timeline(of: "anna")
        try await store.run { transaction in
            for number in 1...5 { _ = try timeline.append(Self.message("body \(number)"), to: &transaction) }
        }
        let file = URL(fileURLWithPath: "\(store.directory)/shard-00/0000000001.data")
        var data = try Data(contentsOf: file)
        data[try #require(data.firstRange(of: Data("body 3".utf8))).lowerBound] ^= 1
        try data.write(to: file, options: [])
        try await store.reopened().run { transaction in
            let window = try timeline.window(after: 0, itemsMax: 10, in: transaction)
            #expect(window.items.map(\.seq) == [1, 2, 4, 5])
            #expect(window.end == 5 && !window.more)
            #expect(window.damaged == 1)
        }
    }

    @Test("a damaged head is a typed error")
    func damaged() async throws {
        let store = try TemporaryStore()
        try await store.run { transaction in
            transaction.put(.head("anna"), [1, 2, 3])
            #expect(throws: SyncError.self) { try Timeline(of: "anna").head(in: transaction) }
        }
    }

    @Test("a batch that comes again is dropped, and one damaged timeline does not hold up the others")
    func inbox() async throws {
        let store = try TemporaryStore()
        let batch = ["bert", "carl", "bert"].enumerated().map { index, user in
            Delivery(serverID: UInt64(10 + index), recipient: user, item: Self.message("\(index)"))
        }
        try await store.run { transaction in
            transaction.put(.head("carl"), [1])
            let first = try Inbox.receive(batch, from: 2, in: &transaction)
            #expect(first.appended.map(\.user) == ["bert", "bert"])
            #expect(first.deadLetters == [11])
            #expect(try transaction.exists(.deadLetter(11)))
            let again = try Inbox.receive(batch, from: 2, in: &transaction)
            #expect(again.appended.isEmpty && again.repeats == 3)
            let otherShard = try Inbox.receive([batch[0]], from: 3, in: &transaction)
            #expect(otherShard.appended.count == 1)
        }
    }

    @Test("the memory of sends forgets the oldest, and everything with the device")
    func sent() async throws {
        let store = try TemporaryStore()
        try await store.run { transaction in
            let sent = SentMessages(user: "anna", device: "phone", capacity: 4)
            for number in 1...6 {
                var memo = StoredSent()
                memo.seq = UInt64(number)
                try sent.record("c\(number)", memo, in: &transaction)
            }
            #expect(try (1...6).map { try sent.find("c\($0)", in: transaction)?.seq } == [nil, nil, 3, 4, 5, 6])
            #expect(try SentMessages(user: "anna", device: "tablet").find("c5", in: transaction) == nil)
            try sent.forgetAll(in: &transaction)
            #expect(try transaction.scan(prefix: []).isEmpty)
        }
    }
}
