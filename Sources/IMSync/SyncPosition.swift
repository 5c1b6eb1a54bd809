import Foundation
import IMMessages
import SwiftProtobuf

/// Reads and makes sync keys for the timelines of one store.
package struct SyncPosition: Sendable {
    package static let version: UInt32 = 1
    /// Far more than a key needs; checked before decoding.
    package static let keyBytesMax = 64

    /// What a presented key says.
    package enum Reading: Equatable, Sendable {
        /// Read up to here; 0 for an empty key. May still be in the future.
        case position(UInt64)
        /// Another store's, another user's, another version's, or no key at all.
        case foreign
    }

    private let storeID: [UInt8]

    package init(storeID: [UInt8]) {
        self.storeID = storeID
    }

    package func read(_ key: some SwiftProtobufContiguousBytes, user: String) -> Reading {
        guard key.count > 0 else { return .position(0) }
        guard key.count <= Self.keyBytesMax, let key = try? IMSyncKey(serializedBytes: key),
            key.version == Self.version, key.timeline == timeline(of: user)
        else { return .foreign }
        return .position(key.seq)
    }

    /// The key as it travels; nil when it cannot be encoded.
    package func bytes(user: String, seq: UInt64) -> Data? {
        try? key(user: user, seq: seq).serializedBytes()
    }

    package func key(user: String, seq: UInt64) -> IMSyncKey {
        var key = IMSyncKey()
        key.version = Self.version
        key.timeline = timeline(of: user)
        key.seq = seq
        return key
    }

    /// FNV-1a, 32 bit (draft-eastlake-fnv §2), of the store's id and the user: tells timelines apart, proves nothing.
    private func timeline(of user: String) -> UInt32 {
        var hash: UInt32 = 0x811c_9dc5
        for byte in storeID { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        for byte in user.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return hash
    }
}
