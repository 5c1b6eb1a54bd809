import Glibc
import Synchronization

/// Reading: any thread, no lock.
extension Engine {
    /// Calls `body` with the value of `key` as it lies in memory; nil when there is none.
    @inline(__always)
    func read<R>(
        _ key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> R
    ) throws(BitcaskError) -> R? {
        let visit = epochs.enter()
        defer { epochs.leave(visit) }
        guard !isClosed.load(ordering: .relaxed) else { throw .closed }
        let location = keydir.location(of: key)
        guard !location.isAbsent else { return nil }
        return try read(key, at: location, now: nil, body)
    }

    /// Whether `key` has a value; reads the record only of one that may have expired.
    func contains(_ key: UnsafeRawBufferPointer) throws(BitcaskError) -> Bool {
        let visit = epochs.enter()
        defer { epochs.leave(visit) }
        guard !isClosed.load(ordering: .relaxed) else { throw .closed }
        let location = keydir.location(of: key)
        guard !location.isAbsent else { return false }
        guard location.expires else { return true }
        return try read(key, at: location, now: nil) { _ in true } ?? false
    }

    /// The record of `key` at a location found on the caller's visit. An expired one is none.
    ///
    /// - Parameter now: milliseconds since 1970; nil for the present.
    @inline(__always)
    func read<R>(
        _ key: UnsafeRawBufferPointer, at location: Location, now: UInt64?, _ body: (UnsafeRawBufferPointer) -> R
    ) throws(BitcaskError) -> R? {
        if location.word >= unreadableFrom.load(ordering: .relaxed),
            location.slot == UInt16(truncatingIfNeeded: unreadableFrom.load(ordering: .relaxed) >> 48)
        {
            throw .failed(reason: lock.locked { failure ?? "a sync failed" })
        }
        let salt = descriptors.salt(location.slot)
        // The tail is never nil; the file has whatever the tail that we find does not.
        if let tail = UnsafePointer<Tail>(bitPattern: tail.load(ordering: .acquiring)),
            let bytes = tail.pointee.bytes(at: location)
        {
            return try decode(bytes, key, location, salt, now, body)
        }
        if let bytes = descriptors.mapped(location) { return try decode(bytes, key, location, salt, now, body) }
        let file = try attemptRead(location)
        let length = location.lengthBound
        return try withScratch(length) { scratch throws(BitcaskError) in
            let count: Int
            do throws(SystemError) {
                count = try disk.read(file, into: scratch, at: UInt64(location.offset))
            } catch {
                throw error.at(descriptors.path(location.slot))
            }
            return try decode(
                UnsafeRawBufferPointer(rebasing: scratch[..<count]), key, location, salt, now, body)
        }
    }

    private func attemptRead(_ location: Location) throws(BitcaskError) -> FileHandle {
        do throws(SystemError) {
            return try descriptors.file(location.slot)
        } catch {
            throw error.at(descriptors.path(location.slot))
        }
    }

    /// Checks the record before anything of it is believed.
    @inline(__always)
    private func decode<R>(
        _ bytes: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ location: Location, _ salt: UInt32,
        _ now: UInt64?, _ body: (UnsafeRawBufferPointer) -> R
    ) throws(BitcaskError) -> R? {
        guard let header = RecordHeader(unverified: bytes), header.keyLength == key.count,
            header.isHeaderSound(bytes, salt: salt, offset: location.offset), header.isValueSound(bytes),
            Self.areEqual(header.key(bytes), key), !header.flags.contains(.tombstone)
        else { throw damaged(location) }
        if header.expiry > 0, header.isExpired(at: now ?? options.clock()) { return nil }
        guard header.flags.contains(.compressed) else { return body(header.value(bytes)) }
        guard let value = Compression.expand(header.value(bytes)) else { throw damaged(location) }
        return value.withUnsafeBytes(body)
    }

    @inline(__always)
    private static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard let first = left.baseAddress, let second = right.baseAddress else { return left.count == right.count }
        return left.count == right.count && memcmp(first, second, left.count) == 0
    }

    /// A record that does not hold what the keydir promised: its file is kept from now on.
    private func damaged(_ location: Location) -> BitcaskError {
        damagedReads.wrappingAdd(1, ordering: .relaxed)
        lock.locked {
            // A file on its way out may have given its slot away only after this visit, so the slot still means the same.
            index.files[Int(location.slot)]?.isDamaged = true
        }
        return .corruptRecord(path: descriptors.path(location.slot), offset: UInt64(location.offset))
    }

    /// Room for one record: on the stack when it is small.
    @inline(__always)
    private func withScratch<R>(
        _ length: Int, _ body: (UnsafeMutableRawBufferPointer) throws(BitcaskError) -> R
    ) throws(BitcaskError) -> R {
        if length <= 1_024 {
            let result: Result<R, BitcaskError> = withUnsafeTemporaryAllocation(byteCount: 1_024, alignment: 8) {
                scratch in
                do throws(BitcaskError) {
                    return .success(try body(UnsafeMutableRawBufferPointer(rebasing: scratch[..<length])))
                } catch {
                    return .failure(error)
                }
            }
            return try result.get()
        }
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 8)
        defer { scratch.deallocate() }
        return try body(scratch)
    }
}

/// Gives the processor to another thread.
func yieldProcessor() { sched_yield() }
