/// One task with one engine.
struct EngineRun<Engine: StoreEngine>: Sendable {
    /// How many operations pass between two looks at the clock or at the store.
    private static var stride: Int { 64 }

    let task: StoreTask
    let data: BenchData

    init(_ task: StoreTask) throws {
        guard (1...1_000_000_000).contains(task.keys), (BenchData.smallestValue...1 << 16).contains(task.valueBytes),
            !task.threads.isEmpty, task.threads.allSatisfy({ (1...1_024).contains($0) })
        else { throw BenchFailure("the task is out of range") }
        self.task = task
        data = BenchData(seed: task.seed, valueBytes: task.valueBytes)
    }

    func run() throws -> StoreFigures {
        var figures = StoreFigures()
        switch task.workload {
        case .load:
            let engine = try Engine(directory: task.directory, purpose: .reads)
            try engine.load(data.entries(0..<task.keys))
            try engine.settle()
            try engine.close()
        case .put:
            let engine = try Engine(directory: task.directory, purpose: .puts(task.durability))
            for threads in task.threads { figures.stretches.append(try puts(engine, threads: threads)) }
            try engine.close()
        case .get:
            let engine = try Engine(directory: task.directory, purpose: .reads)
            try warmUp(engine)
            for threads in task.threads { figures.stretches.append(try gets(engine, threads: threads)) }
            try engine.close()
        case .open:
            let resident = ProcessCounters.residentBytes
            let start = ProcessCounters.nanoseconds
            let engine = try Engine(directory: task.directory, purpose: .reads)
            let elapsed = ProcessCounters.nanoseconds - start
            figures.opening = .init(
                seconds: Double(elapsed) / 1e9, residentBytes: max(0, ProcessCounters.residentBytes - resident))
            try check(engine)
            try engine.close()
        case .overwrite:
            figures.overwriting = try overwrite()
        }
        return figures
    }

    // MARK: Puts

    private func puts(_ engine: Engine, threads: Int) throws -> StoreFigures.Stretch {
        let share = task.operations / threads
        return try stretch(threads: threads) { member, deadline in
            var random = BenchRandom(seed: task.seed &+ UInt64(member) &* 1_000_003 &+ UInt64(threads))
            return try withScratch { key, scratch in
                var done = 0
                // A synced put takes so long that the clock costs nothing beside it.
                let stride = task.durability == .synced ? 1 : Self.stride
                while done < share {
                    if done % stride == 0, ProcessCounters.nanoseconds >= deadline { break }
                    try put(engine, random.next(below: task.keys), key, scratch)
                    done += 1
                }
                return done
            }
        }
    }

    @inline(__always)
    private func put(
        _ engine: Engine, _ number: Int, _ key: UnsafeMutableRawBufferPointer, _ scratch: UnsafeMutableRawBufferPointer
    ) throws {
        data.fill(key, with: number)
        try data.withValue(of: number, scratch: scratch) { value in
            try engine.put(UnsafeRawBufferPointer(key), value, task.durability)
        }
    }

    // MARK: Gets

    /// Reads everything once, so that page cache and block caches hold what they can.
    func warmUp(_ engine: Engine) throws {
        try withScratch { key, _ in
            let reader = try engine.reader()
            defer { engine.finish(reader) }
            for number in 0..<task.keys { try get(engine, reader, number, key) }
        }
    }

    func gets(_ engine: Engine, threads: Int) throws -> StoreFigures.Stretch {
        let share = task.operations / threads
        return try stretch(threads: threads) { member, deadline in
            var random = BenchRandom(seed: task.seed &+ UInt64(member) &* 1_000_003 &+ UInt64(threads))
            return try withScratch { key, _ in
                let reader = try engine.reader()
                defer { engine.finish(reader) }
                var done = 0
                while done < share {
                    if done % Self.stride == 0, ProcessCounters.nanoseconds >= deadline { break }
                    try get(engine, reader, random.next(below: task.keys), key)
                    done += 1
                }
                return done
            }
        }
    }

    @inline(__always)
    private func get(
        _ engine: Engine, _ reader: Engine.Reader, _ number: Int, _ key: UnsafeMutableRawBufferPointer
    ) throws {
        data.fill(key, with: number)
        let isRight = try engine.get(UnsafeRawBufferPointer(key), with: reader) { data.isValue($0, of: number) }
        guard isRight == true else {
            throw BenchFailure(
                isRight == nil ? "key \(number) is missing" : "key \(number) has the value of another")
        }
    }

    /// A store that opened fast but holds nothing would be no figure.
    private func check(_ engine: Engine) throws {
        var random = BenchRandom(seed: task.seed)
        try withScratch { key, _ in
            let reader = try engine.reader()
            defer { engine.finish(reader) }
            for _ in 0..<1_000 { try get(engine, reader, random.next(below: task.keys), key) }
        }
    }

    // MARK: Overwriting

    private func overwrite() throws -> StoreFigures.Overwriting {
        let engine = try Engine(directory: task.directory, purpose: .overwriting)
        let entryBytes = BenchData.keyBytes + task.valueBytes
        var alone = PutLatencies(capacity: task.keys)
        var cleaning = PutLatencies(capacity: task.operations)
        var all = PutLatencies(capacity: task.operations)
        var clock = PutClock()
        let before = ProcessCounters.writtenBytes
        let deadline = ProcessCounters.nanoseconds + UInt64(task.seconds * 1e9)
        var done = 0
        var writtenByLoad = 0
        try withScratch { key, scratch in
            for number in 0..<task.keys {
                try clock.time({ try put(engine, number, key, scratch) }, into: &alone)
            }
            writtenByLoad = ProcessCounters.writtenBytes - before
            var random = BenchRandom(seed: task.seed)
            var progress = engine.cleaningProgress
            var stretch = PutLatencies(capacity: 1_000)
            while done < task.operations, ProcessCounters.nanoseconds < deadline {
                stretch = PutLatencies(capacity: 1_000)
                for _ in 0..<1_000 {
                    let number = random.next(below: task.keys)
                    try clock.time({ try put(engine, number, key, scratch) }, into: &stretch)
                }
                done += stretch.count
                all.join(stretch)
                let now = engine.cleaningProgress
                if now != progress { cleaning.join(stretch) }
                progress = now
            }
        }
        waitForQuiet()
        let written = ProcessCounters.writtenBytes - before - writtenByLoad
        let disk = ProcessCounters.diskBytes(of: task.directory)
        let tells = engine.cleaningProgress != nil
        try engine.close()
        guard let p999 = alone.whole.p999 else { throw BenchFailure("too few keys for p99.9") }
        return StoreFigures.Overwriting(
            userBytes: done * entryBytes, writtenBytes: written, diskBytes: disk, liveBytes: task.keys * entryBytes,
            aloneMicroseconds: p999, cleaningMicroseconds: (tells ? cleaning : all).whole.p999,
            aloneOwnMicroseconds: clock.tellsWaits ? alone.own.p999 : nil,
            cleaningOwnMicroseconds: clock.tellsWaits ? (tells ? cleaning : all).own.p999 : nil,
            cleaningShare: tells ? Double(cleaning.count) / Double(max(all.count, 1)) : nil)
    }

    /// Work that the store still owes belongs to the bill: waits until it has written nothing for a second, 30 at most.
    private func waitForQuiet() {
        var last = ProcessCounters.writtenBytes
        for _ in 0..<30 {
            ProcessCounters.sleep(seconds: 1)
            let now = ProcessCounters.writtenBytes
            if now - last < 64 << 10 { return }
            last = now
        }
    }

    // MARK: Threads and their buffers

    private func stretch(
        threads: Int, _ body: @escaping @Sendable (_ member: Int, _ deadline: UInt64) throws -> Int
    ) throws -> StoreFigures.Stretch {
        let cpu = ProcessCounters.cpuSeconds
        let start = ProcessCounters.nanoseconds
        let deadline = start + UInt64(task.seconds * 1e9)
        let operations = try Crew.run(threads) { try body($0, deadline) }.reduce(0, +)
        return StoreFigures.Stretch(
            threads: threads, operations: operations, seconds: Double(ProcessCounters.nanoseconds - start) / 1e9,
            cpuSeconds: ProcessCounters.cpuSeconds - cpu)
    }

    private func withScratch<R>(
        _ body: (_ key: UnsafeMutableRawBufferPointer, _ scratch: UnsafeMutableRawBufferPointer) throws -> R
    ) rethrows -> R {
        let key = UnsafeMutableRawBufferPointer.allocate(byteCount: BenchData.keyBytes, alignment: 8)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: task.valueBytes, alignment: 8)
        defer {
            key.deallocate()
            scratch.deallocate()
        }
        return try body(key, scratch)
    }
}
