import Foundation
import IMMessages
import IMSync
import SwiftProtobuf
import Testing

@Suite("Sync keys")
struct SyncPositionTests {
    private let positions = SyncPosition(storeID: Array(1...16))

    @Test("a key reads as the position that it was made for")
    func roundTrip() throws {
        for seq in [0, 1, 500, UInt64.max] {
            let key = try #require(positions.bytes(user: "anna", seq: seq))
            #expect(positions.read(key, user: "anna") == .position(seq))
        }
        #expect(positions.read(Data(), user: "anna") == .position(0))
    }

    @Test("a key of another user, store or version, and bytes that are no key, are foreign")
    func foreign() throws {
        let key = try #require(positions.bytes(user: "anna", seq: 7))
        #expect(positions.read(key, user: "bert") == .foreign)
        #expect(SyncPosition(storeID: Array(2...17)).read(key, user: "anna") == .foreign)
        var other = positions.key(user: "anna", seq: 7)
        other.version = 2
        #expect(positions.read(try other.serializedBytes() as Data, user: "anna") == .foreign)
        #expect(positions.read(Data([0xff, 0xff]), user: "anna") == .foreign)
        #expect(positions.read(Data(count: 65), user: "anna") == .foreign)
    }

    @Test("names cannot reach into another's keys")
    func storeKeys() {
        let keys = [
            StoreKey.sent("a", "bc", "d"), .sent("ab", "c", "d"), .sent("a", "b", "cd"), .item("a", seq: 1),
            .item("a", seq: 256), .head("a"), .account("a"), .devices("a"), .readMark("a", "b"),
            .readMark("b", "a"), .sentSlot("a", "b", 1), .sentCount("a", "b"), .outbox(1), .deadLetter(1),
        ]
        #expect(Set(keys.map(\.bytes)).count == keys.count)
    }

    @Test("a notify carries small items with the place before them, and only the head of large ones")
    func notify() throws {
        func item(_ seq: UInt64, bytes: Int) -> IMItem {
            var item = IMItem()
            item.seq = seq
            item.body = String(repeating: "x", count: bytes)
            return item
        }
        let small = try IMNotify(serializedBytes: NotifyBody.make([item(7, bytes: 10), item(8, bytes: 900)]))
        #expect(small.previousSeq == 6 && small.items.map(\.seq) == [7, 8])
        let large = try IMNotify(serializedBytes: NotifyBody.make([item(7, bytes: 10), item(8, bytes: 1_100)]))
        #expect(large.items.isEmpty && large.headSeq == 8)
        let many = try IMNotify(serializedBytes: NotifyBody.make((1...10).map { item($0, bytes: 900) }))
        #expect(many.items.isEmpty && many.headSeq == 10)
    }
}
