import GodwitSession
import GodwitTunnel
import GodwitWire
import Logging
import NIOCore

/// The client's end of tunnels: programs' connections to local ports become tunnels of the session. Lives on the client's event loop.
final class TunnelClient {
    private unowned let core: ClientCore
    private let token: [UInt8]
    private let onEvent: (TunnelEvent) -> Void
    private var table: TunnelTable!
    /// What each open tunnel leads to, for reports.
    private var targets: [UInt64: String] = [:]
    private var lastTunnel: UInt64 = 0
    var listeners: [any Channel] = []

    /// Bytes of one tunnel that wait for a program that reads slowly.
    private static let maximumWindow = 1 << 20
    /// Programs' connections at a time.
    private static let tunnelsMax = 512

    init(core: ClientCore, token: [UInt8], onEvent: @escaping (TunnelEvent) -> Void) {
        self.core = core
        self.token = token
        self.onEvent = onEvent
        table = TunnelTable(maximumWindow: Self.maximumWindow) { [weak self] tunnel, reason in
            guard let target = self?.targets.removeValue(forKey: tunnel) else { return }
            onEvent(.closed(target: target, reset: reason.map(\.name)))
        }
    }

    /// A program has connected. What it says follows the opening, without waiting for its answer.
    func accept(_ channel: any Channel, target: String) throws {
        guard table.count < Self.tunnelsMax else {
            onEvent(.refused(target: target, reason: "\(Self.tunnelsMax) connections are open here already"))
            throw ChannelError.ioOnClosedChannel
        }
        lastTunnel += 1
        let tunnel = lastTunnel
        let socket = TunnelChannelHandler(tunnel: tunnel, table: table, startsWhenActive: true) { [weak core] in
            core?.pump()
        }
        try channel.pipeline.syncOperations.addHandler(socket)
        targets[tunnel] = target
        table.add(tunnel, socket: socket, isAccepted: false, now: .now())
        var body = ByteBuffer()
        TunnelOpen(tunnel: tunnel, token: token, target: target).encode(into: &body)
        let bound = NIOLoopBound(self, eventLoop: core.eventLoop)
        // It waits as long as the program does: a program that gives up resets its tunnel.
        core.send(
            ClientRequest(
                command: Command.tunnelOpen.rawValue, body: body, lane: Self.lane(of: tunnel), timeout: nil,
                replay: .fail)
        ) { bound.value.answered(tunnel, $0) }
    }

    private func answered(_ tunnel: UInt64, _ result: Result<Response, ClientError>) {
        let reason: String
        switch result {
        case .success(let response) where response.isSuccess:
            if table.accepted(tunnel), let target = targets[tunnel] { onEvent(.opened(target: target)) }
            return
        case .success(let response): reason = String(buffer: response.body)
        case .failure(let error): reason = error.description
        }
        // One that the program closed meanwhile, or that ends with the client, needs no report.
        if let target = targets.removeValue(forKey: tunnel), !core.isStopped {
            onEvent(.refused(target: target, reason: reason))
        }
        table.drop(tunnel, .broken)
    }

    func receive(_ body: ByteBuffer) {
        do throws(EnvelopeError) {
            table.receive(try TunnelFrame(decoding: body), now: .now())
        } catch {
            core.log.error("a tunnel frame of the server cannot be read", metadata: ["reason": "\(error)"])
            table.resetAll(.violation)
        }
    }

    /// The next message for the session, as far as it has room.
    func nextMessage(backlog: TunnelTable.Backlog, now: NIODeadline) -> OutgoingMessage? {
        guard let frame = table.nextFrame(backlog: backlog, now: now) else { return nil }
        var body = ByteBuffer()
        frame.encode(into: &body)
        return .push(.tunnel, lane: Self.lane(of: frame.tunnel), body: body)
    }

    /// The server does not know the session any more, or not its messages.
    func sessionLost() { table.dropAccepted(.sessionLost) }

    /// Tells the server that the programs' connections end.
    func stop() {
        for listener in listeners { listener.close(promise: nil) }
        table.resetAll(.stopping)
    }

    /// A tunnel's lane, apart from those of the requests of others.
    private static func lane(of tunnel: UInt64) -> UInt64 { 1 << 62 | tunnel }
}

/// What becomes of programs' connections.
package enum TunnelEvent: Sendable, Equatable {
    /// The server has connected to the target.
    case opened(target: String)
    /// There is no tunnel, for the reason given; the program's connection is broken off.
    case refused(target: String, reason: String)
    /// In order when `reset` is nil, else for that reason.
    case closed(target: String, reset: String?)
}
