import Glibc
import Testing

@testable import StoreBench

@Suite("The store benchmark")
struct StoreBenchTests {
    private static let keys = 20_000

    private func task(_ workload: StoreTask.Workload, operations: Int, threads: [Int] = [1]) -> StoreTask {
        StoreTask(
            engine: "memory", directory: "", workload: workload, keys: Self.keys, valueBytes: 100,
            operations: operations, threads: threads, seed: 7)
    }

    @Test("keys and values come from the seed alone, all keys differ, and a value is known from any other's")
    func data() {
        let (data, same, other) = (
            BenchData(seed: 7, valueBytes: 100), BenchData(seed: 7, valueBytes: 100),
            BenchData(seed: 8, valueBytes: 100)
        )
        let entries = Array(data.entries(0..<Self.keys))
        #expect(Set(entries.map(\.key)).count == Self.keys)
        #expect(entries.map(\.value) == same.entries(0..<Self.keys).map(\.value))
        #expect(entries[0].key != Array(other.entries(0..<1))[0].key)
        entries[5].value.withUnsafeBytes { value in
            #expect(data.isValue(value, of: 5))
            #expect(!data.isValue(value, of: 6))
            #expect(!data.isValue(UnsafeRawBufferPointer(rebasing: value.dropLast()), of: 5))
        }
    }

    @Test("puts reach the store as often as they are counted, from one thread and from many", arguments: [1, 8])
    func puts(threads: Int) throws {
        let run = try EngineRun<MemoryEngine>(task(.put, operations: 8_000, threads: [threads]))
        let figures = try run.run()
        let stretch = try #require(figures.stretches.first)
        #expect(stretch.operations == 8_000)
        #expect(stretch.seconds > 0)
    }

    @Test("a key that is gone and a value of another key end the run")
    func faults() throws {
        let run = try EngineRun<MemoryEngine>(task(.get, operations: 1_000))
        func gets(_ fault: String) throws {
            let engine = MemoryEngine(directory: fault, purpose: .reads)
            engine.load(run.data.entries(0..<Self.keys))
            try run.warmUp(engine)
            #expect(try run.gets(engine, threads: 2).operations == 1_000)
        }
        try gets("sound")
        #expect { try gets("forgets") } throws: { "\($0)".contains("is missing") }
        #expect { try gets("confuses") } throws: { "\($0)".contains("has the value of another") }
    }

    @Test("overwriting bills what the user wrote, and times puts apart that fell into cleaning")
    func overwriting() throws {
        let figures = try EngineRun<MemoryEngine>(task(.overwrite, operations: 60_000)).run()
        let overwriting = try #require(figures.overwriting)
        #expect(overwriting.userBytes == 60_000 * 116)
        #expect(overwriting.liveBytes == Self.keys * 116)
        // One stretch of a thousand in five.
        #expect(overwriting.cleaningShare == 0.2)
        let cleaning = try #require(overwriting.cleaningMicroseconds)
        #expect(try #require(overwriting.cleaningOwnMicroseconds) <= cleaning)
        #expect(try #require(overwriting.aloneOwnMicroseconds) <= overwriting.aloneMicroseconds)
    }

    @Test(
        "an operation is timed with what it waits for, and the kernel's figure for the processor's queue is understood")
    func clock() throws {
        func wait(_ text: String) -> UInt64 { Array(text.utf8).withUnsafeBytes { RunQueue.wait(in: $0) } }
        #expect(wait("7612 120034 12\n") == 120_034)
        #expect(wait("") == 0)
        #expect(wait("5") == 0)
        var clock = PutClock()
        let tellsWaits = clock.tellsWaits
        #expect(tellsWaits)
        var latencies = PutLatencies(capacity: 20_000)
        // Sleeping is no wait for a processor: it stays.
        for number in 0..<20_000 {
            clock.time({ if number % 500 == 0 { usleep(300) } }, into: &latencies)
        }
        #expect(latencies.count == 20_000)
        let (whole, own) = (try #require(latencies.whole.p999), try #require(latencies.own.p999))
        #expect(own <= whole)
        #expect(whole >= 300 && own >= 200)
    }

    @Test("the 99.9th percentile is that, and is not told from few samples")
    func percentile() {
        var latencies = Latencies(capacity: 20_000)
        for sample in (1...20_000).reversed() { latencies.record(UInt64(sample) * 1_000) }
        #expect(latencies.p999 == 19_980)
        var few = Latencies(capacity: 1)
        few.record(1)
        #expect(few.p999 == nil)
    }

    @Test("a task that is no task or names no engine ends with an error and code 1")
    func refusals() {
        #expect(StoreBench.main(argument: nil, engines: [:]) == 1)
        #expect(StoreBench.main(argument: "{}", engines: [:]) == 1)
    }
}
