/// The background thread of one store: it writes back, writes hints, merges and scrubs, and sleeps when there is nothing to do.
///
/// `@unchecked Sendable`: `thread` is set before anyone else has the object and joined once; the rest is guarded by `lock`,
/// or belongs to the thread.
final class Maintenance<Disk: FileSystem>: @unchecked Sendable {
    private static var mergeSliceBytes: Int { 1 << 20 }
    private static var scrubSliceBytes: Int { 256 << 10 }
    /// Between two looks for work when nothing called, in milliseconds.
    private static var idleMilliseconds: Int { 1_000 }

    private let engine: Engine<Disk>
    private let lock = WakeUp()
    private var thread: BackgroundThread.ID?
    /// The pass of the scrubber: what is left of it, newest last.
    private var scrubLeft: [UInt32] = []
    private var scrubRests = false
    private var scrubAt: ContinuousClock.Instant

    init(engine: Engine<Disk>) {
        self.engine = engine
        scrubAt = ContinuousClock.now
        engine.call(lock)
        // Without a thread the store works; merges wait for the next opening.
        thread = BackgroundThread.start { self.loop() }
    }

    /// Ends the thread after its slice; further calls do nothing.
    func stop() {
        guard lock.stop(), let thread else { return }
        BackgroundThread.join(thread)
    }

    private func loop() {
        while !lock.isStopped {
            let pause: Int
            do throws(BitcaskError) {
                pause = try step()
            } catch {
                engine.lock.locked { engine.counters.mergeFailures += 1 }
                pause = Self.idleMilliseconds
            }
            if pause > 0 { lock.sleep(milliseconds: pause) }
        }
    }

    /// Does the most urgent thing and returns how long to rest, in milliseconds.
    private func step() throws(BitcaskError) -> Int {
        try engine.writeBack()
        if engine.maintenanceLock.locked({ engine.hintStep() }) { return 0 }
        if mayMerge {
            let isWorking = try engine.maintenanceLock.locked { () throws(BitcaskError) in
                guard engine.lock.locked({ engine.failure == nil }) else { return false }
                return try engine.mergeStep(budget: Self.mergeSliceBytes)
            }
            if isWorking { return Self.pause(after: Self.mergeSliceBytes, rate: engine.options.mergeBytesPerSecond) }
        }
        engine.maintenanceLock.locked { engine.reclaim() }
        return try scrub() ?? Self.idleMilliseconds
    }

    /// A merge that runs goes on; a new one begins within its hours.
    private var mayMerge: Bool {
        guard let hours = engine.options.mergeHours else { return true }
        if engine.maintenanceLock.locked({ engine.merge != nil }) { return true }
        return hours.contains(Int(engine.options.clock() / 3_600_000 % 24))
    }

    private func scrub() throws(BitcaskError) -> Int? {
        let rate = engine.options.scrubBytesPerSecond
        guard rate > 0, ContinuousClock.now >= scrubAt else { return nil }
        if scrubLeft.isEmpty {
            if scrubRests {
                scrubRests = false
                scrubAt = ContinuousClock.now + engine.options.scrubInterval
                return nil
            }
            scrubLeft = engine.scrubTargets.reversed()
            scrubRests = true
        }
        guard let id = scrubLeft.last else { return nil }
        let done = try engine.maintenanceLock.locked { () throws(BitcaskError) in
            try engine.scrubStep(id, budget: Self.scrubSliceBytes)
        }
        if done.isDone { scrubLeft.removeLast() }
        return Self.pause(after: Int(clamping: done.bytes), rate: rate)
    }

    private static func pause(after bytes: Int, rate: Int) -> Int {
        rate > 0 ? bytes * 1_000 / rate : 0
    }
}
