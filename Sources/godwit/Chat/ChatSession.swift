import Foundation
import GodwitClient
import IMClient
import NIOCore
import NIOPosix

/// One run of the terminal client: joins the client, the editor and the screen. Everything happens on one task.
final class ChatSession {
    private static let passwordTries = 3
    /// How long leaving waits for what is unsent; it is on disk and goes out next time.
    private static let leavingPatience: TimeAmount = .seconds(3)

    private let name: String
    private let server: String
    private let client: IMClient
    private let inputs: AsyncStream<ChatInput>
    private let sink: AsyncStream<ChatInput>.Continuation
    private let isInteractive: Bool
    private let lastPeerFile: URL
    private var screen: ChatScreen
    private var editor = LineEditor()
    private var keys = KeyDecoder()
    private var lines = LineSplitter(limit: 1 << 20)
    private var peer: String?
    private var passwordTries = 0
    /// A password being typed.
    private var secret: LineEditor?
    /// Our messages on the screen whose mark may still change.
    private var shown: [String: ChatMessage] = [:]
    private var shownOrder: [String] = []
    private var connection = ConnectionStatus(state: .connecting)
    private var disconnectedAt: NIODeadline?
    private var queued = 0
    private var savedTerminal: termios?

    init(name: String, peer: String?, configuration: IMClientConfiguration, directory: String) throws {
        self.name = name
        server = configuration.connection.server.description
        (inputs, sink) = AsyncStream.makeStream(of: ChatInput.self, bufferingPolicy: .bufferingOldest(100_000))
        isInteractive = Terminal.isInteractive
        screen = ChatScreen(isInteractive: isInteractive)
        lastPeerFile = URL(fileURLWithPath: directory).appendingPathComponent("last-peer")
        self.peer = peer ?? (try? String(contentsOf: lastPeerFile, encoding: .utf8)).flatMap { $0.isEmpty ? nil : $0 }
        client = try IMClient(
            configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.next()
        ) { [sink] event in sink.yield(.client(event)) }
    }

    /// Runs until the person leaves. Returns the exit code.
    func run() async -> Int32 {
        if await client.savedLogin() == nil {
            guard let password = askPassword() else {
                Terminal.write("a password is needed the first time\n")
                return 1
            }
            client.logIn(user: name, password: password)
        } else {
            client.logIn(user: name, password: nil)
        }
        client.start()
        if isInteractive { savedTerminal = Terminal.enterRawMode() }
        defer { leaveRawMode() }
        let signals = ChatSources.watchSignals(into: sink)
        ChatSources.readInput(into: sink)
        let ticking = startTicking()
        defer { ticking.cancel() }
        refreshStatus()
        if !isInteractive, peer == nil { note("type /to NAME, then your message; /help lists the commands") }
        var code: Int32 = 0
        for await input in inputs {
            if let exit = await handle(input) {
                code = exit
                break
            }
        }
        await leave()
        withExtendedLifetime(signals) {}
        return code
    }

    private func startTicking() -> Task<Void, Never> {
        Task { [client, sink] in
            while !Task.isCancelled {
                sink.yield(.tick(await client.status(), queued: await client.queuedCount()))
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Returns the exit code when the session ends.
    private func handle(_ input: ChatInput) async -> Int32? {
        switch input {
        case .bytes(let bytes): return await typed(bytes)
        case .endOfInput:
            for line in lines.end() { if await obey(ChatOrder(line: line ?? "")) { return 0 } }
            return 0
        case .client(let event): return await happened(event)
        case .tick(let status, let count):
            connection = status
            queued = count
            refreshStatus()
        case .resized:
            screen.resize()
            refreshStatus()
        case .terminated: return 0
        }
        return nil
    }

    // MARK: What is typed

    private func typed(_ bytes: [UInt8]) async -> Int32? {
        guard isInteractive else {
            for line in lines.receive(bytes) {
                guard let line else {
                    note("that line is too long")
                    continue
                }
                if await obey(ChatOrder(line: line)) { return 0 }
            }
            return nil
        }
        for key in keys.receive(bytes) {
            if secret != nil {
                if let exit = typedSecret(key) { return exit }
                continue
            }
            switch editor.apply(key) {
            case .none: break
            case .changed: screen.drawFooter(editor: editor)
            case .redraw: screen.clear(editor: editor)
            case .submitted(let line): if await obey(ChatOrder(line: line)) { return 0 }
            case .ended: return 0
            case .interrupted:
                if editor.isEmpty { return 0 }
                editor.clear()
                screen.drawFooter(editor: editor)
            }
        }
        return nil
    }

    /// Returns whether to leave.
    private func obey(_ order: ChatOrder) async -> Bool {
        switch order {
        case .nothing: break
        case .say(let text): say(text)
        case .to(let name): await turn(to: name)
        case .history(let count): await showHistory(count)
        case .status: note(statusText())
        case .help: for line in ChatOrder.helpText { note(line) }
        case .quit: return true
        case .unknown(let word): note("\(Ink.safe(word)) is no command; /help lists them")
        }
        screen.drawFooter(editor: editor)
        return false
    }

    private func say(_ text: String) {
        guard let peer else { return note("to whom? /to NAME") }
        let id = String(UInt64.random(in: 1 ... .max), radix: 16)
        let message = ChatMessage(
            from: name, to: peer, body: text, seq: 0, serverID: 0,
            timeMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000), id: id)
        show(message, mark: .queued)
        client.send(text, to: peer, id: id)
    }

    private func turn(to name: String?) async {
        guard let name else { return note(peer.map { "writing to \($0)" } ?? "to whom? /to NAME") }
        peer = name
        try? Data(name.utf8).write(to: lastPeerFile, options: .atomic)
        refreshStatus()
        await showHistory(ChatOrder.defaultHistory)
    }

    private func showHistory(_ count: Int) async {
        guard let peer else { return note("with whom? /to NAME") }
        let entries = await client.history(with: peer, limit: count)
        note(entries.isEmpty ? "no messages with \(Ink.safe(peer)) yet" : "the last messages with \(Ink.safe(peer)):")
        for entry in entries { show(entry.message, mark: entry.mark) }
        markRead(entries.last { $0.message.from == peer }?.message)
    }

    // MARK: What the client says

    private func happened(_ event: IMClientEvent) async -> Int32? {
        switch event {
        case .connection(let status): connectionChanged(status)
        case .problem(let problem): return stumble(problem)
        case .loggedIn(_, _, let created): await loggedIn(created: created)
        case .loginFailed(let failure): return loginFailed(failure)
        case .queued: break
        case .sent(let receipt): remark(receipt)
        case .failed(let id, let failure):
            shown[id] = nil
            note("not sent: \(failure)", ink: .red)
        case .message(let message):
            show(message, mark: message.from == name ? .sent : nil)
            if message.from == peer { markRead(message) }
        case .read(let reader, let upTo): remarkRead(by: reader, upTo: upTo)
        case .synced, .datagram: break
        case .storageFailed(let text): note(text, ink: .red)
        }
        return nil
    }

    private func connectionChanged(_ status: ConnectionStatus) {
        connection = status
        switch status.state {
        case .connected, .resumed:
            disconnectedAt = nil
            if !isInteractive { note("\(status.state.rawValue) over \(status.carrier?.rawValue ?? "")") }
        case .disconnected, .connecting:
            disconnectedAt = disconnectedAt ?? .now()
            if !isInteractive, status.state == .disconnected { note("disconnected; trying again") }
        }
        refreshStatus()
    }

    private func stumble(_ problem: ClientProblem) -> Int32? {
        switch problem {
        case .untrustedServer(let text):
            note(text, ink: .red)
            return JSONLSession.wrongPinCode
        case .refused(let text): note("the server refused: \(text)", ink: .red)
        case .nameNotResolved(let host): note("no address for \(host) yet", ink: .yellow)
        }
        return nil
    }

    private func loggedIn(created: Bool) async {
        if created { note("welcome, \(name): your account is made and this machine stays logged in") }
        refreshStatus()
        if peer == nil {
            note("type /to NAME to begin; /help lists the commands")
        } else if isInteractive {
            await showHistory(ChatOrder.defaultHistory)
        }
    }

    private func loginFailed(_ failure: IMClientError) -> Int32? {
        note(failure.description, ink: .red)
        guard isInteractive else { return 1 }
        switch failure {
        case .wrongPassword, .loginExpired:
            guard passwordTries < Self.passwordTries else { return 1 }
            passwordTries += 1
            secret = LineEditor()
            screen.secretPrompt = "Password for \(name): "
            screen.drawFooter(editor: editor)
            return nil
        default: return 1
        }
    }

    /// A key of a password, which goes neither to the screen nor to the history.
    private func typedSecret(_ key: Key) -> Int32? {
        guard var editor = secret else { return nil }
        switch editor.apply(key) {
        case .submitted(let password):
            secret = nil
            screen.secretPrompt = nil
            client.logIn(user: name, password: password)
            screen.drawFooter(editor: self.editor)
        case .ended, .interrupted: return 1
        case .none, .changed, .redraw: secret = editor
        }
        return nil
    }

    private func markRead(_ message: ChatMessage?) {
        guard let message, isInteractive, message.seq > 0 else { return }
        Task { [client] in try? await client.markRead(peer: message.from, upTo: message.seq) }
    }

    // MARK: What is shown

    private func show(_ message: ChatMessage, mark: DeliveryMark?) {
        let isOurs = message.from == name && !message.id.isEmpty
        if isOurs { remember(message) }
        // Without a terminal a line cannot be marked later: it is printed when it is safe.
        if !isInteractive, mark == .queued { return }
        screen.print(
            ChatLine.coloured(message, mark: mark, user: name),
            plain: ChatLine.plain(message, mark: mark, user: name), id: isOurs ? message.id : "", editor: editor)
    }

    private func remember(_ message: ChatMessage) {
        if shown.updateValue(message, forKey: message.id) == nil { shownOrder.append(message.id) }
        if shownOrder.count > 512 { shown[shownOrder.removeFirst()] = nil }
    }

    private func remark(_ receipt: SentReceipt) {
        guard var message = shown[receipt.id] else { return }
        message.serverID = receipt.serverID
        message.seq = receipt.seq
        message.timeMilliseconds = receipt.timeMilliseconds
        shown[receipt.id] = message
        if isInteractive {
            screen.rewrite(ChatLine.coloured(message, mark: .sent, user: name), id: receipt.id, editor: editor)
        } else {
            screen.print("", plain: ChatLine.plain(message, mark: .sent, user: name), editor: editor)
        }
    }

    private func remarkRead(by reader: String, upTo serverID: UInt64) {
        for id in shownOrder {
            guard let message = shown[id], message.to == reader, message.serverID > 0, message.serverID <= serverID
            else { continue }
            screen.rewrite(ChatLine.coloured(message, mark: .read, user: name), id: id, editor: editor)
        }
    }

    private func note(_ text: String, ink: Ink = .dim) {
        screen.print(ink("· " + text), plain: "* " + text, editor: editor)
    }

    private func refreshStatus() {
        screen.status = statusText()
        screen.isStatusGood = (connection.state == .connected || connection.state == .resumed) && !connection.isSuspect
        screen.drawFooter(editor: editor)
    }

    private func statusText() -> String {
        var parts = ["\(name) @ \(server)"]
        switch connection.state {
        case .connected, .resumed:
            parts.append(connection.carrier?.rawValue ?? "")
            if let roundTrip = connection.roundTrip { parts.append("\(roundTrip.nanoseconds / 1_000_000) ms") }
            if let loss = connection.lossRate { parts.append("\(Int((loss * 100).rounded())) % lost") }
            if connection.isSuspect { parts.append("no answer, trying other ways") }
        case .connecting, .disconnected:
            let seconds = disconnectedAt.map { (NIODeadline.now() - $0).nanoseconds / 1_000_000_000 } ?? 0
            parts.append(seconds > 0 ? "connecting… \(seconds) s" : "connecting…")
        }
        if queued > 0 { parts.append("\(queued) waiting") }
        if let peer { parts.append("to \(Ink.safe(peer))") }
        return parts.joined(separator: " · ")
    }

    // MARK: Coming and going

    private func askPassword() -> String? {
        if let given = ProcessInfo.processInfo.environment["GODWIT_PASSWORD"], !given.isEmpty { return given }
        let answer = Terminal.askSecret("Password for \(name) (a new name gets a new account): ")
        return answer.flatMap { $0.isEmpty ? nil : $0 }
    }

    private func leave() async {
        screen.eraseForExit()
        leaveRawMode()
        let isFlushed = await client.flush(timeout: isInteractive ? Self.leavingPatience : .seconds(30))
        if !isFlushed {
            let count = await client.queuedCount()
            Terminal.write("\(count) unsent: they are kept and go out next time\n")
        }
        await client.shutdown()
        guard !isInteractive else { return }
        // The receipts that came while leaving.
        sink.finish()
        for await input in inputs {
            if case .client(.sent(let receipt)) = input { remark(receipt) }
        }
    }

    private func leaveRawMode() {
        if let savedTerminal { Terminal.restore(savedTerminal) }
        savedTerminal = nil
    }
}
