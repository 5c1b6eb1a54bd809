import GodwitClient
import GodwitWire
import IMClient
import NIOCore
import NIOPosix
import Synchronization

/// Carries operations from standard input to a client and its events to standard output.
final class JSONLSession: Sendable {
    /// The server's key is not the pinned one.
    static let wrongPinCode: Int32 = 2

    private enum Ending: Sendable {
        /// `quit` or the end of input: what is under way may still be answered.
        case quit
        /// Nothing is under way any more, or the wait was long enough.
        case flushed
        case wrongPin
    }

    /// Requests without an answer; also keeps a repeated id from asking twice.
    private struct Requests {
        var names: [String: UInt64] = [:]
        /// No more operations come and the outbox is empty: the last answer ends the process.
        var isLast = false

        var isDone: Bool { isLast && names.isEmpty }
    }

    private let client: IMClient
    private let output = OutputLines()
    private let requestTimeout: TimeAmount
    private let requests = Mutex(Requests())
    private let endings: AsyncStream<Ending>
    private let end: AsyncStream<Ending>.Continuation

    init(configuration: IMClientConfiguration) throws {
        requestTimeout = configuration.connection.requestTimeout
        let (endings, end) = AsyncStream.makeStream(of: Ending.self, bufferingPolicy: .bufferingOldest(4))
        self.endings = endings
        self.end = end
        let output = output
        client = try IMClient(
            configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.next()
        ) { event in
            output.write(EventLine.make(event))
            if case .problem(.untrustedServer) = event { end.yield(.wrongPin) }
        }
    }

    /// Runs until `quit`, the end of input or a wrong pin. Returns the exit code.
    func run(connecting: Bool, flush: TimeAmount) async -> Int32 {
        client.start(connecting: connecting)
        let reading = Task { [self] in
            var number = 0
            for await line in InputLines.standardInput() {
                number += 1
                if line?.allSatisfy(\.isWhitespace) == true { continue }
                if await act(on: line, number: number) == false { break }
            }
            end.yield(.quit)
        }
        var code: Int32 = 0
        ending: for await ending in endings {
            switch ending {
            case .quit: beginFlush(within: flush)
            case .flushed: break ending
            case .wrongPin:
                code = Self.wrongPinCode
                break ending
            }
        }
        reading.cancel()
        let unsent = await client.queuedCount()
        await client.shutdown()
        var bye = EventLine.begin("bye")
        bye.add("unsent", unsent)
        output.write(bye)
        await output.finish()
        return code
    }

    /// Does what a line says; false ends the input.
    private func act(on line: String?, number: Int) async -> Bool {
        guard let line else {
            let limit = InputLines.maximumLineBytes
            output.write(
                EventLine.error(line: number, code: "bad_line", message: "the line is over \(limit) bytes"))
            return true
        }
        let operation: ClientOperation
        do {
            operation = try ClientOperation(line: line)
        } catch {
            output.write(EventLine.error(id: error.id, line: number, code: "bad_line", message: error.message))
            return true
        }
        return await act(operation)
    }

    private func act(_ operation: ClientOperation) async -> Bool {
        switch operation {
        case .connect:
            client.connect()
        case .disconnect(let forget):
            client.disconnect(forgetting: forget)
        case .networkChanged:
            client.networkChanged()
        case .login(let user, let password, let create):
            client.logIn(user: user, password: password, createIfMissing: create)
        case .send(let id, let to, let body):
            client.send(body, to: to, id: id)
        case .request(let id, let command, let body, let terms):
            request(id: id, command: command, body: body, terms: terms)
        case .cancel(let id):
            cancel(id: id)
        case .datagram(let command, let body, let deadline):
            await datagram(command, body.buffer, deadline: .milliseconds(deadline))
        case .sync:
            client.sync()
        case .history(let peer, let limit):
            let entries = await client.history(with: peer, limit: limit)
            output.write(EventLine.history(peer: peer, entries))
        case .read(let id, let from, let seq):
            read(id: id, from: from, seq: seq)
        case .status:
            await writeStatus()
        case .quit:
            return false
        }
        return true
    }

    private func request(
        id: String, command: UInt32, body: ClientOperation.Body, terms: ClientOperation.RequestTerms
    ) {
        let name = GodwitClient.makeRequestName()
        let isNew = requests.withLock { requests in
            guard requests.names[id] == nil else { return false }
            requests.names[id] = name
            return true
        }
        guard isNew else { return }
        let began = NIODeadline.now()
        let request = ClientRequest(
            command: command, body: body.buffer,
            timeout: terms.timeoutMilliseconds.map { .milliseconds($0) } ?? requestTimeout, replay: .resend,
            urgency: terms.urgency, deadline: terms.deadlineMilliseconds.map { .milliseconds($0) }, name: name)
        client.request(request) { [self] result in
            defer { answered(id) }
            switch result {
            case .success(let response) where response.isSuccess:
                var line = EventLine.begin("reply")
                line.add("id", id)
                body.addAnswer(response.body, to: &line)
                line.add("latency_ms", Double((NIODeadline.now() - began).nanoseconds) / 1e6)
                output.write(line)
            case .success(let response):
                let code = Status(rawValue: response.status)?.name ?? "status_\(response.status)"
                output.write(EventLine.error(id: id, code: code, message: String(buffer: response.body)))
            case .failure(let error):
                output.write(EventLine.error(id: id, code: error.code, message: error.description))
            }
        }
    }

    /// The request's own error is the answer; there is none when the request has been answered or never was.
    private func cancel(id: String) {
        if let name = requests.withLock({ $0.names[id] }) { client.cancelRequest(name) }
    }

    /// Nothing answers it but what the server sends back of its own accord.
    private func datagram(_ command: UInt32, _ body: ByteBuffer, deadline: TimeAmount) async {
        do {
            try await client.sendDatagram(command, body: body, deadline: deadline)
        } catch {
            let failure = error as? ClientError ?? .closed
            output.write(EventLine.error(code: failure.code, message: failure.description))
        }
    }

    /// Does not hold up the operations behind it: the answer may take as long as the network does.
    private func read(id: String?, from: String, seq: UInt64) {
        Task {
            do {
                try await client.markRead(peer: from, upTo: seq)
                var line = EventLine.begin("ok")
                line.add("op", "read")
                line.add("id", id)
                output.write(line)
            } catch let error as IMClientError {
                output.write(EventLine.error(id: id, code: error.code, message: error.description))
            }
        }
    }

    private func writeStatus() async {
        var line = EventLine.begin("status")
        EventLine.add(await client.status(), to: &line)
        line.add("queued", await client.queuedCount())
        line.add("device", await client.device())
        output.write(line)
    }

    private func answered(_ id: String) {
        let isDone = requests.withLock { requests in
            requests.names[id] = nil
            return requests.isDone
        }
        if isDone { end.yield(.flushed) }
    }

    /// `.flushed` follows when outbox and requests are done, `limit` from now at the latest.
    private func beginFlush(within limit: TimeAmount) {
        Task {
            _ = await client.flush(timeout: limit)
            let isDone = requests.withLock { requests in
                requests.isLast = true
                return requests.isDone
            }
            if isDone { end.yield(.flushed) }
        }
        MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: limit) { [end] in _ = end.yield(.flushed) }
    }
}
