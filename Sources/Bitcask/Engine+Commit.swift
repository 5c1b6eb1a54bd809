import Glibc

/// Synced writes: whoever leads appends for all that wait, with one flush for as many as fit, and syncs once.
extension Engine {
    func commit(_ write: PendingWrite) throws(BitcaskError) {
        var request = CommitQueue.Request(write)
        withUnsafeMutablePointer(to: &request) { request in
            if commits.enter(request) { lead() }
        }
        if let error = request.error { throw error }
    }

    private func lead() {
        let round = commits.take()
        var took: UInt64 = 0
        lock.locked { append(round, &took) }
        commits.finish(round, syncNanoseconds: took)
    }

    private func append(_ round: CommitQueue.Round, _ took: inout UInt64) {
        typealias Request = UnsafeMutablePointer<CommitQueue.Request>
        var taken: [Request] = []
        taken.reserveCapacity(round.count)
        var group: [(request: Request, locations: [Location])] = []
        group.reserveCapacity(round.count)
        var before = log.end
        var sequence = nextSequence
        var promised = (keys: 0, bytes: 0)
        var next = round.first
        while let request = next {
            next = request.pointee.next
            do throws(BitcaskError) {
                let write = request.pointee.write
                let bound = write.bound
                if !hasRoom(bound) {
                    settle(&group, orBackTo: before, &taken)
                    try checkWritable()
                    _ = try reserve(bound)
                    (before, sequence, promised) = (log.end, nextSequence, (0, 0))
                }
                try checkWritable()
                try makeRoom(for: write, behind: &promised)
                let target = log.tail.pointee.bytes + Int(log.end - log.tail.pointee.start)
                group.append((request, encode(write, sequence: sequence, to: target)))
                sequence += UInt64(write.count)
            } catch {
                request.pointee.error = error
            }
        }
        settle(&group, orBackTo: before, &taken)
        guard !taken.isEmpty else { return }
        let start = Self.nanoseconds
        do throws(BitcaskError) {
            try awaitDurable(nextSequence - 1)
        } catch {
            for request in taken { request.pointee.error = error }
        }
        took = Self.nanoseconds - start
    }

    /// Flushes what is encoded and enters it into the index, or takes it all back.
    private func settle(
        _ group: inout [(request: UnsafeMutablePointer<CommitQueue.Request>, locations: [Location])],
        orBackTo before: UInt64, _ taken: inout [UnsafeMutablePointer<CommitQueue.Request>]
    ) {
        guard !group.isEmpty else { return }
        defer { group.removeAll(keepingCapacity: true) }
        do throws(BitcaskError) {
            try flush(orBackTo: before)
        } catch {
            for (request, _) in group { request.pointee.error = error }
            return
        }
        for (request, locations) in group {
            enter(request.pointee.write, locations)
            self.taken(request.pointee.write.count)
            taken.append(request)
        }
    }

    private static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}
