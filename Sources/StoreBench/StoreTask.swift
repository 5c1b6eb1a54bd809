/// What one process measures with one store. The parent passes it as JSON in the only argument; the figures come back as
/// JSON on standard output, an error as text on standard error with exit code 1.
package struct StoreTask: Codable, Sendable {
    package enum Workload: String, Codable, Sendable {
        /// Writes every key once and leaves the store in good shape for reads. Not measured.
        case load
        /// Puts of random keys, a value each, from `threads` writers.
        case put
        /// Gets of random keys that are there, all from the page cache, for each number of threads.
        case get
        /// Opens a store that was loaded.
        case open
        /// Overwrites random keys of a data set that was loaded, and tells how often each byte was written.
        case overwrite
    }

    package var engine: String
    package var directory: String
    package var workload: Workload
    /// Keys in the store, or the space that puts choose from.
    package var keys: Int
    package var valueBytes: Int
    /// Operations at most.
    package var operations: Int
    /// Seconds at most.
    package var seconds: Double
    package var threads: [Int]
    package var durability: StoreDurability
    package var seed: UInt64

    package init(
        engine: String, directory: String, workload: Workload, keys: Int, valueBytes: Int, operations: Int = .max,
        seconds: Double = 600, threads: [Int] = [1], durability: StoreDurability = .flushed, seed: UInt64
    ) {
        self.engine = engine
        self.directory = directory
        self.workload = workload
        self.keys = keys
        self.valueBytes = valueBytes
        self.operations = operations
        self.seconds = seconds
        self.threads = threads
        self.durability = durability
        self.seed = seed
    }
}

/// What came out of a task.
package struct StoreFigures: Codable, Sendable {
    /// A stretch of time in which threads did nothing but the operation.
    package struct Stretch: Codable, Sendable {
        package var threads: Int
        package var operations: Int
        package var seconds: Double
        /// Processor time of the whole process, background threads included.
        package var cpuSeconds: Double

        package var rate: Double { seconds > 0 ? Double(operations) / seconds : 0 }
    }

    package struct Opening: Codable, Sendable {
        package var seconds: Double
        /// Growth of the process's resident memory.
        package var residentBytes: Int
    }

    package struct Overwriting: Codable, Sendable {
        /// Keys and values that the user wrote.
        package var userBytes: Int
        /// Bytes that the process gave to the operating system for files, all background work included.
        package var writtenBytes: Int
        /// Bytes on disk at the end.
        package var diskBytes: Int
        /// Keys and values that are alive.
        package var liveBytes: Int
        /// p99.9 of puts of new keys, before anything was overwritten.
        package var aloneMicroseconds: Double
        /// p99.9 of puts while old values were being cleaned away; of all overwriting puts where the store does not tell.
        package var cleaningMicroseconds: Double?
        /// The same two without the time in which the writer was ready to run and other threads had the processors; nil where
        /// the kernel does not tell.
        package var aloneOwnMicroseconds: Double?
        package var cleaningOwnMicroseconds: Double?
        /// Share of the overwriting puts that fell into cleaning; nil where the store does not tell.
        package var cleaningShare: Double?
    }

    package var stretches: [Stretch] = []
    package var opening: Opening?
    package var overwriting: Overwriting?

    package init() {}
}
