import GodwitWire
import NIOCore

/// One end of one tunnelled TCP connection, between a program's socket on one side and the session on the other. The two ends
/// are alike once the edge has made its connection. It opens no socket: what it is told and what it answers is all.
///
///     program ──read──▶ unsent ──nextFrame (within the peer's credit)──▶ session
///     program ◀─write── receive (within the credit given) ◀── session
///
/// The session delivers the frames of one tunnel once and in order, so there are no offsets and no repeats here.
package struct TunnelStream {
    /// What the owner does with the program's socket.
    package enum Action: Hashable {
        /// Write this, then tell `wrote`.
        case write(ByteBuffer)
        /// Close the writing half: everything has been written.
        case finishWriting
        /// Close the socket so that the program sees a broken connection, not an end.
        case abort(TunnelReset)
    }

    private enum Half {
        case open
        /// The end is known but not passed on yet: bytes before it wait.
        case ending
        case ended
    }

    private var sending = Half.open
    private var receiving = Half.open
    private var unsent = ByteBuffer()
    private var sent: UInt64 = 0
    /// The peer takes bytes up to here.
    private var peerLimit = UInt64(TunnelLimits.initialWindow)
    private var window: ReceiveWindow
    /// To be sent before everything else; nothing follows it.
    private var resetToSend: TunnelReset?
    /// Why it was reset, by either end; nil = it was not.
    package private(set) var resetReason: TunnelReset?
    private var isReset: Bool { resetReason != nil }

    /// - Parameter maximumWindow: bytes that may wait here for a program that reads slowly.
    package init(maximumWindow: Int) { window = ReceiveWindow(maximum: maximumWindow) }

    /// Nothing more will come of it, and nothing is owed.
    package var isOver: Bool {
        isReset ? resetToSend == nil : sending == .ended && receiving == .ended
    }

    // MARK: The program's side

    /// Whether the owner should read from the socket.
    package var wantsRead: Bool { !isReset && sending == .open && unsent.readableBytes < TunnelLimits.unsentBytes }

    /// The program has sent these bytes.
    package mutating func read(_ bytes: ByteBuffer) {
        guard !isReset, sending == .open else { return }
        if unsent.readableBytes == 0 {
            unsent = bytes
        } else {
            unsent.writeImmutableBuffer(bytes)
        }
    }

    /// The program has closed its writing half.
    package mutating func readEnded() {
        if sending == .open { sending = .ending }
    }

    /// The socket has taken `count` bytes of those in `write`.
    package mutating func wrote(_ count: Int, now: NIODeadline) -> Action? {
        guard !isReset else { return nil }
        window.passOn(count, now: now)
        guard receiving == .ending, window.unread == 0 else { return nil }
        receiving = .ended
        return .finishWriting
    }

    /// The socket broke, or its owner ends the tunnel: what was not sent is dropped.
    package mutating func reset(_ reason: TunnelReset) {
        guard !isReset, !isOver else { return }
        resetReason = reason
        unsent = ByteBuffer()
        resetToSend = reason
    }

    /// The socket is closed. That is a break, unless both directions had ended there.
    package mutating func socketClosed() {
        guard receiving == .ended, sending != .open else { return reset(.broken) }
    }

    // MARK: The session's side

    package mutating func receive(_ content: TunnelFrame.Content) -> Action? {
        guard !isReset else { return nil }
        switch content {
        case .data(let bytes):
            guard receiving == .open, window.receive(bytes.readableBytes) else { return violated() }
            return .write(bytes)
        case .finish:
            guard receiving == .open else { return violated() }
            receiving = .ending
            guard window.unread == 0 else { return nil }
            receiving = .ended
            return .finishWriting
        case .reset(let reason):
            resetReason = reason
            unsent = ByteBuffer()
            return .abort(reason)
        case .credit(let limit):
            // Credit cannot be taken back; a lower one is from a peer that cannot count.
            peerLimit = max(peerLimit, limit)
            return nil
        }
    }

    private mutating func violated() -> Action {
        reset(.violation)
        return .abort(.violation)
    }

    /// What the next frame says; nil when there is none. With `data` false, only what carries no bytes of the stream.
    package mutating func nextFrame(data: Bool) -> TunnelFrame.Content? {
        if let reason = resetToSend {
            resetToSend = nil
            return .reset(reason)
        }
        guard !isReset else { return nil }
        if receiving == .open, let limit = window.creditDue() { return .credit(limit: limit) }
        if data, hasData {
            let room = Int(min(peerLimit - sent, UInt64(TunnelLimits.frameBytes)))
            if let bytes = unsent.readSlice(length: min(room, unsent.readableBytes)) {
                sent += UInt64(bytes.readableBytes)
                return .data(bytes)
            }
        }
        guard sending == .ending, unsent.readableBytes == 0 else { return nil }
        sending = .ended
        return .finish
    }

    /// Whether `nextFrame(data: true)` would give a DATA frame at some time without more credit.
    package var hasData: Bool { !isReset && unsent.readableBytes > 0 && sent < peerLimit }
}
