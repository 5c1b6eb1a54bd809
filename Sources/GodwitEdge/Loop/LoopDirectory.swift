import IMRouting
import IMService
import NIOCore

/// The event loops of an edge, by index: where a message for a loop is put.
///
/// It is made before the loops' states are, so that the core can be given its way back first. A message for a loop that has
/// no state yet, or not any more, is dropped: nobody can have a carrier there.
final class LoopDirectory: Sendable {
    struct Place: Sendable {
        let eventLoop: any EventLoop
        let state: NIOLoopBoundBox<EdgeLoop?>
    }

    let places: [Place]

    init(eventLoops: [any EventLoop]) {
        places = eventLoops.map { loop in
            Place(eventLoop: loop, state: .makeEmptyBox(valueType: EdgeLoop.self, eventLoop: loop))
        }
    }

    var count: Int { places.count }

    /// One hop for the whole batch. An unknown index is ignored: it came from outside.
    func post(_ messages: [LoopMessage], to index: UInt8) {
        guard Int(index) < places.count else { return }
        let place = places[Int(index)]
        place.eventLoop.execute { place.state.value?.receive(messages) }
    }

    /// Sorts the core's outputs by loop. Called on the core's threads.
    func deliver(_ outputs: [CoreOutput]) {
        if let first = outputs.first?.loop, outputs.allSatisfy({ $0.loop == first }) {
            post([.core(outputs)], to: first)
            return
        }
        var sorted = [[CoreOutput]](repeating: [], count: places.count)
        for output in outputs where Int(output.loop) < places.count { sorted[Int(output.loop)].append(output) }
        for (index, batch) in sorted.enumerated() where !batch.isEmpty {
            post([.core(batch)], to: UInt8(index))
        }
    }

    /// Asks every loop in turn; loops without a state are left out.
    func collect<Value: Sendable>(_ body: @escaping @Sendable (EdgeLoop) -> Value) async -> [Value] {
        var values: [Value] = []
        for place in places {
            // A loop that is shut down answers with an error: it has nothing to say any more.
            let value = try? await place.eventLoop.submit { place.state.value.map(body) }.get()
            if let value = value ?? nil { values.append(value) }
        }
        return values
    }
}

extension CoreOutput {
    /// The loop that owns the session this is for.
    var loop: UInt8 {
        switch self {
        case .reply(let origin, _, _, _): origin.session.loop
        case .push(let session, _, _): session.loop
        case .loggedOut(let session): session.loop
        }
    }
}
