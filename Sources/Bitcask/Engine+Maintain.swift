import Synchronization

/// What keeps a store fit, in slices, for a thread or an owner to call.
extension Engine {
    private static var scrubSliceBytes: Int { 256 << 10 }

    /// Wakes `sleeper` when there may be something to do.
    func call(_ sleeper: WakeUp) {
        lock.locked { onWork = { sleeper.wake() } }
    }

    /// A hint or a slice of a merge; false when there was nothing to do.
    func maintain(budget: Int) throws(BitcaskError) -> Bool {
        try maintenanceLock.locked { () throws(BitcaskError) in
            if hintStep() { return true }
            return try mergeStep(budget: budget)
        }
    }

    func mergeAll(everything: Bool, _ progress: () -> Void) throws(BitcaskError) {
        if everything {
            // The newest log is no input; its dead bytes become some by closing it.
            try lock.locked { () throws(BitcaskError) in
                try checkWritable()
                try awaitDurable(nextSequence - 1)
                if !log.isEmpty { try rotate() }
            }
        }
        var dead = UInt64.max
        while true {
            let goesOn = try maintenanceLock.locked { () throws(BitcaskError) in
                if merge == nil, everything {
                    // Tombstones that must stay would be copied for ever.
                    let left = statistics.deadBytes
                    guard left < dead else { return false }
                    dead = left
                }
                return try mergeStep(budget: 8 << 20, everything: everything)
            }
            guard goesOn else { return }
            progress()
        }
    }

    func scrubAll(_ progress: (_ done: Int, _ total: Int) -> Void) throws(BitcaskError) -> Int {
        let before = statistics.scrubFindings
        let targets = scrubTargets
        for (index, id) in targets.enumerated() {
            var isDone = false
            while !isDone {
                isDone = try maintenanceLock.locked { () throws(BitcaskError) in
                    try scrubStep(id, budget: Self.scrubSliceBytes).isDone
                }
            }
            progress(index + 1, targets.count)
        }
        return Int(clamping: statistics.scrubFindings - before)
    }

    /// Syncs the newest log when much of it waits to be.
    func writeBack() throws(BitcaskError) {
        lock.lock()
        defer { lock.unlock() }
        guard failure == nil, !isClosed.load(ordering: .relaxed),
            log.end - log.durable >= UInt64(options.writebackBytes)
        else { return }
        try awaitDurable(nextSequence - 1)
    }
}
