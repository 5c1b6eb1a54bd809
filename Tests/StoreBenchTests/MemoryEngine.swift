import StoreBench
import Synchronization

/// A dictionary that answers like a store, with faults to be found.
final class MemoryEngine: StoreEngine {
    enum Fault: String {
        /// Every 97th put is dropped.
        case forgets
        /// All keys have the value of the last put.
        case confuses
    }

    private struct State {
        var values: [[UInt8]: [UInt8]] = [:]
        var last: [UInt8] = []
        var puts = 0
    }

    /// What the directory's name asks for, since only that reaches an engine.
    private let fault: Fault?
    private let state = Mutex(State())

    init(directory: String, purpose: StorePurpose) { fault = Fault(rawValue: directory) }

    func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ durability: StoreDurability) {
        state.withLock { state in
            state.puts += 1
            if fault == .forgets, state.puts % 97 == 0 { return }
            state.values[Array(key)] = Array(value)
            state.last = Array(value)
        }
    }

    func load(_ entries: some Sequence<(key: [UInt8], value: [UInt8])>) {
        for (key, value) in entries {
            key.withUnsafeBytes { key in value.withUnsafeBytes { put(key, $0, .flushed) } }
        }
    }

    func reader() {}
    func finish(_: Void) {}

    func get<R>(_ key: UnsafeRawBufferPointer, with _: Void, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
        let value = state.withLock { state in
            fault == .confuses && state.values[Array(key)] != nil ? state.last : state.values[Array(key)]
        }
        return value.map { $0.withUnsafeBytes(body) }
    }

    func settle() {}
    var cleaningProgress: UInt64? { state.withLock { UInt64($0.puts / 5_000) } }
    func close() {}

    var count: Int { state.withLock { $0.values.count } }
}
