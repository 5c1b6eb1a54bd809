import Dispatch
import IMMessages
import IMRouting
import IMSync
import Logging
import ShardedStore
import SwiftProtobuf
import Synchronization

/// What all commands share: the shards, the workers, the keys, and the one door through which replies leave.
final class Core: Sendable {
    let configuration: IMServiceConfiguration
    let store: ShardedStore
    let shards: [CoreShard]
    let workers: PasswordWorkers
    let signer: TokenSigner
    let positions: SyncPosition
    let meters = ServiceMeters()
    let logger = Logger(label: "godwit.core")
    let output: @Sendable ([CoreOutput]) -> Void

    private let requestsUnderWay = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let drained = DispatchGroup()

    init(
        configuration: IMServiceConfiguration, store: ShardedStore, signer: TokenSigner,
        output: @escaping @Sendable ([CoreOutput]) -> Void
    ) {
        self.configuration = configuration
        self.store = store
        self.signer = signer
        self.output = output
        workers = PasswordWorkers(threads: configuration.passwordThreads, queueMax: configuration.passwordQueueMax)
        positions = SyncPosition(storeID: store.storeID)
        let meters = meters
        shards = (0..<store.shardCount).map { number in
            let memory = ShardMemory(
                shard: UInt8(truncatingIfNeeded: number), shardCount: store.shardCount, configuration: configuration)
            return CoreShard(
                index: ShardIndex(number), store: store, memory: memory, meters: meters, output: output)
        }
    }

    /// The shard that owns everything of this user.
    func shard(of user: String) -> CoreShard {
        shards[store.shard(for: user).value]
    }

    var now: UInt64 { configuration.clock() }

    // MARK: The door

    /// Why a request may not come in; nil when it is in, and must be answered exactly once.
    func admit() -> Refusal? {
        guard !isStopping.load(ordering: .relaxed) else { return .stopping }
        guard requestsUnderWay.add(1, ordering: .relaxed).newValue <= configuration.requestsMax else {
            requestsUnderWay.subtract(1, ordering: .relaxed)
            return .overloaded
        }
        drained.enter()
        return nil
    }

    /// Answers an admitted request. With a memory the reply leaves with the rest of the shard's group.
    func reply<Body: Message>(
        _ origin: RequestOrigin, _ result: Result<Body, Refusal>, authenticated: Principal? = nil,
        _ memory: ShardMemory?
    ) {
        emit(rendered(origin, result, authenticated), memory)
        requestsUnderWay.subtract(1, ordering: .relaxed)
        drained.leave()
    }

    func refuse(_ origin: RequestOrigin, _ refusal: Refusal, _ memory: ShardMemory?) {
        reply(origin, Result<IMReadReply, Refusal>.failure(refusal), memory)
    }

    /// Answers a request that was not admitted.
    func turnAway(_ origin: RequestOrigin, _ refusal: Refusal) {
        output([rendered(origin, Result<IMReadReply, Refusal>.failure(refusal), nil)])
    }

    func emit(_ item: CoreOutput, _ memory: ShardMemory?) {
        if let memory { memory.outputs.append(item) } else { output([item]) }
    }

    private func rendered(
        _ origin: RequestOrigin, _ result: Result<some Message, Refusal>, _ authenticated: Principal?
    ) -> CoreOutput {
        do {
            let body: [UInt8] = try result.get().serializedBytes()
            return .reply(
                origin, status: UInt32(IMStatus.ok.rawValue), body: body, authenticated: authenticated)
        } catch {
            let refusal = error as? Refusal ?? .internal
            count(refusal)
            return .reply(
                origin, status: UInt32(refusal.status.rawValue), body: Array(refusal.text.utf8), authenticated: nil)
        }
    }

    private func count(_ refusal: Refusal) {
        switch refusal.status {
        case .badRequest, .tooLarge, .unknownCommand: meters.badRequests.add(1)
        case .overloaded: meters.overloaded.add(1)
        case .unavailable: meters.unavailable.add(1)
        case .internal: logger.error("a request met a damaged record or a failed computation")
        default: break
        }
    }

    // MARK: The end

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        for shard in shards {
            drained.enter()
            shard.step { [self] memory in
                writePositions(memory.positions.takeAll(), on: shard) { self.drained.leave() }
            }
        }
        // What is not delivered by then is delivered at the next start.
        _ = drained.wait(timeout: .now() + .seconds(10))
        store.close()
    }
}
