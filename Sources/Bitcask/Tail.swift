import Glibc

/// The end of the newest log in memory: records on their way to the file and those just written, read from here.
///
/// The fields never change. Bytes are written only behind the last record that was published, so a reader that came by a
/// published location never looks at bytes in motion. When it is full the next one takes its place, and this one is freed
/// when no reader can have it.
struct Tail {
    /// What a server's bursts fit in and a core's cache holds.
    static let capacity = 256 << 10

    let slot: UInt16
    /// Where in the file the first byte belongs.
    let start: UInt64
    let capacity: Int
    let bytes: UnsafeMutableRawPointer

    static func make(slot: UInt16, start: UInt64, capacity: Int) throws(BitcaskError) -> UnsafeMutablePointer<Tail> {
        guard let bytes = malloc(capacity) else { throw .outOfMemory }
        let tail = UnsafeMutablePointer<Tail>.allocate(capacity: 1)
        tail.initialize(to: Tail(slot: slot, start: start, capacity: capacity, bytes: bytes))
        return tail
    }

    static func free(_ tail: UnsafeMutablePointer<Tail>) {
        Glibc.free(tail.pointee.bytes)
        tail.deallocate()
    }

    /// The bytes from a location on, when it lies in here.
    @inline(__always)
    func bytes(at location: Location) -> UnsafeRawBufferPointer? {
        guard location.slot == slot, UInt64(location.offset) >= start else { return nil }
        let from = Int(truncatingIfNeeded: UInt64(location.offset) &- start)
        guard from < capacity else { return nil }
        return UnsafeRawBufferPointer(start: bytes + from, count: min(location.lengthBound, capacity &- from))
    }
}
