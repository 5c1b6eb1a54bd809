import GodwitWire
import NIOCore
import NIOPosix

/// Finds the server's addresses, again for each attempt. A resolver that is slow or gone, as in a blackout, is answered
/// for by the addresses that it gave before.
///
/// Confined to its event loop.
final class AddressBook {
    /// How long an answer from the network is preferred to a remembered one.
    static let patience: TimeAmount = .milliseconds(1_000)
    /// Names with more addresses than this are cut short.
    static let maximumAddresses = 16

    private let server: ServerEndpointName
    private let eventLoop: any EventLoop
    private var known: [SocketAddress] = []
    /// Attempts take turns, so that one dead address of several costs one attempt only.
    private var turns: [CarrierKind: Int] = [:]

    init(server: ServerEndpointName, eventLoop: any EventLoop) {
        self.server = server
        self.eventLoop = eventLoop
    }

    /// Calls back once, on the event loop, with the next address to try, or nil when the name has none.
    func next(for kind: CarrierKind, _ body: @escaping (SocketAddress?) -> Void) {
        if let literal = try? SocketAddress(ipAddress: server.host, port: server.port) {
            body(literal)
            return
        }
        var isAnswered = false
        func answer() {
            guard !isAnswered else { return }
            isAnswered = true
            body(take(for: kind))
        }
        let patience = eventLoop.assumeIsolated().scheduleTask(in: known.isEmpty ? .seconds(10) : Self.patience) {
            answer()
        }
        let (host, port) = (server.host, server.port)
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            try Resolver.addresses(host: host, port: port, limit: Self.maximumAddresses)
        }.assumeIsolated().whenComplete { result in
            patience.cancel()
            if case .success(let addresses) = result, !addresses.isEmpty { self.known = addresses }
            answer()
        }
    }

    private func take(for kind: CarrierKind) -> SocketAddress? {
        guard !known.isEmpty else { return nil }
        let turn = turns[kind, default: 0]
        turns[kind] = turn &+ 1
        return known[turn % known.count]
    }
}
