import Glibc
import Synchronization
import Testing

@testable import Bitcask
@testable import ShardedStore

/// A directory of its own for a test; whatever is left in it goes with the object.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/sharded-store-tests-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        Self.remove(path)
    }

    private static func remove(_ path: String) {
        for name in (try? PosixFileSystem().names(in: path)) ?? [] { remove("\(path)/\(name)") }
        _ = Glibc.remove(path)
    }
}

/// Something another thread sets once and a test waits for.
final class Promise<Value: Sendable>: @unchecked Sendable {
    private let value = Mutex<Value?>(nil)
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func fulfil(_ value: Value) {
        self.value.withLock { $0 = value }
        sem_post(semaphore)
    }

    /// Blocks until there is a value.
    func wait() throws -> Value {
        while sem_wait(semaphore) != 0 {}
        sem_post(semaphore)
        return try #require(value.withLock { $0 })
    }
}

extension ShardedStore {
    /// Performs and waits.
    func run<R: Sendable>(
        on shard: ShardIndex, _ body: @escaping @Sendable (inout ShardTransaction) throws -> R
    ) throws -> R {
        let promise = Promise<Result<R, StoreError>>()
        perform(on: shard, body) { promise.fulfil($0) }
        return try promise.wait().get()
    }

    /// Holds a shard's thread until the returned promise is fulfilled, so that what follows waits together.
    func block(_ shard: ShardIndex) throws -> Promise<Void> {
        let entered = Promise<Void>()
        let release = Promise<Void>()
        perform(on: shard) { _ in
            entered.fulfil(())
            try release.wait()
        } completion: { _ in
        }
        try entered.wait()
        return release
    }
}
