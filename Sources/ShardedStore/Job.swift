import Bitcask

/// A transaction with its result type erased, so that one mailbox carries them all.
struct Job: Sendable {
    /// How a job that ran ends: nil lets its result stand, an error replaces it.
    typealias Finish = (StoreError?) -> Void

    /// Runs the body and hands the writes to the store; says whether it wrote and how to complete it.
    let run: @Sendable (Bitcask) -> (wrote: Bool, finish: Finish)
    /// Completes without running.
    let refuse: @Sendable (StoreError) -> Void

    init<R: Sendable>(
        body: @escaping @Sendable (inout ShardTransaction) throws -> R,
        completion: @escaping @Sendable (Result<R, StoreError>) -> Void
    ) {
        refuse = { completion(.failure($0)) }
        run = { store in
            let (wrote, result) = Self.commit(body, to: store)
            return (wrote, { error in completion(error.map { .failure($0) } ?? result) })
        }
    }

    private static func commit<R: Sendable>(
        _ body: (inout ShardTransaction) throws -> R, to store: Bitcask
    ) -> (wrote: Bool, Result<R, StoreError>) {
        var transaction = ShardTransaction(store: store)
        let value: R
        do {
            value = try body(&transaction)
        } catch let error as StoreError {
            return (false, .failure(error))
        } catch {
            return (false, .failure(.body(error)))
        }
        let batch = transaction.batch
        guard !batch.isEmpty else { return (false, .success(value)) }
        do {
            try store.write(batch)
            return (true, .success(value))
        } catch {
            return (false, .failure(.storage(error)))
        }
    }
}
