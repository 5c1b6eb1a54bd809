import Bitcask
import NIOCore
import NIOPosix
import Synchronization

/// The state directory's one writer: a thread of its own, so that a slow disk never holds up the network. Writes that
/// come while the disk is busy are made durable together. Without a directory every write is done at once.
///
/// Confined to its event loop; only the store crosses to the thread.
final class Journal {
    private struct Commit {
        var batches: [BitcaskBatch] = []
        var isDurable = false
        var completions: [(IMClientError?) -> Void] = []
    }

    private let eventLoop: any EventLoop
    private let store: Bitcask?
    private let thread: NIOThreadPool?
    private var waiting = Commit()
    private var isBusy = false
    private var isClosed = false

    /// Whether there is a directory behind it.
    var isPersistent: Bool { store != nil }

    /// A journal in memory, or in `directory`; blocks while it reads what is there.
    static func open(directory: String?, eventLoop: any EventLoop) throws(IMClientError) -> (Journal, SavedState) {
        guard let directory else { return (Journal(eventLoop: eventLoop, store: nil), SavedState()) }
        do {
            let store = try Bitcask(directory: directory, options: BitcaskOptions(maximumFileBytes: 16 << 20))
            return (Journal(eventLoop: eventLoop, store: store), try SavedState(reading: store))
        } catch {
            throw .storage("the state directory '\(directory)' cannot be used: \(error)")
        }
    }

    private init(eventLoop: any EventLoop, store: Bitcask?) {
        self.eventLoop = eventLoop
        self.store = store
        thread = store.map { _ in NIOThreadPool(numberOfThreads: 1) }
        thread?.start()
    }

    /// Writes a batch, and calls back on the event loop, in the order of the calls: when the batch is on disk if
    /// `durable`, when it is written (safe from a crash of this process) if not.
    func write(_ batch: BitcaskBatch, durable: Bool, completion: @escaping (IMClientError?) -> Void) {
        guard store != nil else { return completion(nil) }
        guard !isClosed else { return completion(.storage("the state directory is closed")) }
        waiting.batches.append(batch)
        waiting.isDurable = waiting.isDurable || durable
        waiting.completions.append(completion)
        commitIfIdle()
    }

    /// Reads on the writer's thread, after the writes before it.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Bitcask) throws(BitcaskError) -> Value, completion: @escaping (Value?) -> Void
    ) {
        guard let store, let thread, !isClosed else { return completion(nil) }
        thread.runIfActive(eventLoop: eventLoop) { try body(store) }
            .assumeIsolated()
            .whenComplete { completion(try? $0.get()) }
    }

    /// Makes everything durable and lets the directory go.
    func close(completion: @escaping () -> Void) {
        guard let store, let thread, !isClosed else { return completion() }
        isClosed = true
        let last = waiting
        waiting = Commit()
        let batches = last.batches
        thread.runIfActive(eventLoop: eventLoop) {
            for batch in batches { try store.write(batch) }
            try store.sync()
            try store.close()
        }
        .assumeIsolated()
        .whenComplete { result in
            var failure: IMClientError?
            if case .failure(let error) = result { failure = .storage("\(error)") }
            for done in last.completions { done(failure) }
            thread.shutdownGracefully { _ in }
            completion()
        }
    }

    private func commitIfIdle() {
        guard !isBusy, !waiting.completions.isEmpty, let store, let thread else { return }
        isBusy = true
        let commit = waiting
        waiting = Commit()
        let (batches, isDurable) = (commit.batches, commit.isDurable)
        thread.runIfActive(eventLoop: eventLoop) {
            for batch in batches { try store.write(batch) }
            if isDurable { try store.sync() }
        }
        .assumeIsolated()
        .whenComplete { result in
            self.isBusy = false
            var failure: IMClientError?
            if case .failure(let error) = result { failure = .storage("the state directory failed: \(error)") }
            for done in commit.completions { done(failure) }
            self.commitIfIdle()
        }
    }
}
