import DequeModule
import GodwitWire
import NIOCore

/// The tunnels of one session at one end, and whose turn it is to send. Its owner, one event loop, feeds it the frames that arrive,
/// takes frames from it while the session has room, and hands it the sockets. It touches them only through `TunnelSocket`.
package final class TunnelTable {
    private struct Entry {
        var stream: TunnelStream
        /// nil once it is closed.
        var socket: (any TunnelSocket)?
        /// At the client: whether the edge has answered. What comes before belongs to an older process's tunnel of this number.
        var isAccepted: Bool
        var isReady = false
        var lastMoved: NIODeadline
    }

    /// How much of the session's queue is in use.
    package struct Backlog {
        var messages: Int
        var bytes: Int

        package init(messages: Int, bytes: Int) {
            self.messages = messages
            self.bytes = bytes
        }
    }

    private let maximumWindow: Int
    /// A tunnel is over: `nil` for an orderly end.
    private let ended: (UInt64, TunnelReset?) -> Void
    private var entries: [UInt64: Entry] = [:]
    /// Those that may have a frame to send, in turn.
    private var ready = Deque<UInt64>()
    private var allowance = SendAllowance()

    /// Bytes of tunnelled streams since the beginning.
    package private(set) var bytesReceived = 0
    package private(set) var bytesSent = 0

    package init(maximumWindow: Int, ended: @escaping (UInt64, TunnelReset?) -> Void) {
        self.maximumWindow = maximumWindow
        self.ended = ended
    }

    package var count: Int { entries.count }

    package func contains(_ tunnel: UInt64) -> Bool { entries[tunnel] != nil }

    // MARK: Life

    /// Begins a tunnel whose number is not in use.
    package func add(_ tunnel: UInt64, socket: any TunnelSocket, isAccepted: Bool, now: NIODeadline) {
        entries[tunnel] = Entry(
            stream: TunnelStream(maximumWindow: maximumWindow), socket: socket, isAccepted: isAccepted, lastMoved: now)
    }

    /// Client: the edge has made the connection. False when the tunnel is gone meanwhile.
    @discardableResult
    package func accepted(_ tunnel: UInt64) -> Bool {
        entries[tunnel]?.isAccepted = true
        return entries[tunnel] != nil
    }

    /// Forgets a tunnel that the peer does not have, or will not have any more; a socket sees a broken connection.
    package func drop(_ tunnel: UInt64, _ reason: TunnelReset) {
        guard let entry = entries.removeValue(forKey: tunnel) else { return }
        entry.socket?.perform(.abort(reason))
        ended(tunnel, reason)
    }

    /// The peer has none of the accepted tunnels any more.
    package func dropAccepted(_ reason: TunnelReset) {
        for (tunnel, entry) in entries where entry.isAccepted { drop(tunnel, reason) }
    }

    /// Resets all tunnels at both ends.
    package func resetAll(_ reason: TunnelReset) {
        for tunnel in entries.keys { reset(tunnel, reason) }
    }

    /// Resets those on which nothing has moved since `since`.
    package func resetIdle(since: NIODeadline) {
        for (tunnel, entry) in entries where entry.lastMoved < since { reset(tunnel, .idle) }
    }

    private func reset(_ tunnel: UInt64, _ reason: TunnelReset) {
        let socket = entries[tunnel]?.socket
        entries[tunnel]?.socket = nil
        entries[tunnel]?.stream.reset(reason)
        socket?.perform(.abort(reason))
        wake(tunnel)
    }

    // MARK: From the sockets

    package func wantsRead(_ tunnel: UInt64) -> Bool { entries[tunnel]?.stream.wantsRead ?? false }

    package func read(_ bytes: ByteBuffer, from tunnel: UInt64, now: NIODeadline) {
        entries[tunnel]?.lastMoved = now
        entries[tunnel]?.stream.read(bytes)
        wake(tunnel)
    }

    package func readEnded(_ tunnel: UInt64) {
        entries[tunnel]?.stream.readEnded()
        wake(tunnel)
    }

    package func wrote(_ count: Int, to tunnel: UInt64, now: NIODeadline) {
        entries[tunnel]?.lastMoved = now
        if let action = entries[tunnel]?.stream.wrote(count, now: now) { perform(action, for: tunnel) }
        wake(tunnel)
        retireIfOver(tunnel)
    }

    /// The socket is closed, for whatever reason.
    package func lost(_ tunnel: UInt64) {
        guard entries[tunnel]?.socket != nil else { return }
        entries[tunnel]?.socket = nil
        entries[tunnel]?.stream.socketClosed()
        wake(tunnel)
    }

    // MARK: To and from the session

    /// A frame from the peer. One for an unknown tunnel is late and ignored.
    package func receive(_ frame: TunnelFrame, now: NIODeadline) {
        let tunnel = frame.tunnel
        guard entries[tunnel]?.isAccepted == true else { return }
        if case .data(let bytes) = frame.content {
            bytesReceived += bytes.readableBytes
            entries[tunnel]?.lastMoved = now
        }
        if let action = entries[tunnel]?.stream.receive(frame.content) { perform(action, for: tunnel) }
        wake(tunnel)
        retireIfOver(tunnel)
    }

    /// The next frame for the session; nil when there is none, or no room for one.
    package func nextFrame(backlog: Backlog, now: NIODeadline) -> TunnelFrame? {
        guard !ready.isEmpty, backlog.messages < TunnelLimits.backlogMessages else { return nil }
        let mayData = allowance.permits(backlog: backlog.bytes, now: now)
        for _ in 0..<ready.count {
            guard let tunnel = ready.popFirst() else { break }
            guard let content = entries[tunnel]?.stream.nextFrame(data: mayData) else {
                // Its bytes wait for the session; it keeps its turn. Credit wakes the others.
                if entries[tunnel]?.stream.hasData == true {
                    ready.append(tunnel)
                } else {
                    entries[tunnel]?.isReady = false
                }
                continue
            }
            ready.append(tunnel)
            if case .data(let bytes) = content {
                bytesSent += bytes.readableBytes
                allowance.gave(bytes.readableBytes, now: now)
                entries[tunnel]?.socket?.readIfWanted()
            }
            let frame = TunnelFrame(tunnel: tunnel, content)
            retireIfOver(tunnel)
            return frame
        }
        return nil
    }

    private func wake(_ tunnel: UInt64) {
        guard entries[tunnel]?.isReady == false else { return }
        entries[tunnel]?.isReady = true
        ready.append(tunnel)
    }

    private func perform(_ action: TunnelStream.Action, for tunnel: UInt64) {
        guard let socket = entries[tunnel]?.socket else { return }
        if case .abort = action { entries[tunnel]?.socket = nil }
        socket.perform(action)
    }

    private func retireIfOver(_ tunnel: UInt64) {
        guard entries[tunnel]?.stream.isOver == true, let entry = entries.removeValue(forKey: tunnel) else { return }
        entry.socket?.finish()
        ended(tunnel, entry.stream.resetReason)
    }
}
