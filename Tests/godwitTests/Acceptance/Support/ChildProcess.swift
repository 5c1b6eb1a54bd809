import Foundation
import Glibc
import Synchronization

/// The `godwit` of this build as a child process: its lines, its exit code, and its end when the test is over.
///
/// Made of `posix_spawn` and threads that block: Foundation's `Process` crashes now and then when many start and end at
/// once.
final class ChildProcess: Sendable {
    struct SpawnFailed: Error {
        let code: Int32
    }

    /// Beside the test bundle, in the same build directory.
    private static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("godwit").path

    private static let oneAtATime = Mutex(())

    let identifier: pid_t
    let output = EventLog<String>()
    let errors = EventLog<String>()
    private let exit = EventLog<Int32>()
    private let input: FileHandle

    /// `onOutput` hears each line of standard output, and nil at its end.
    init(
        _ arguments: [String], environment: [String: String] = [:],
        onOutput: @escaping @Sendable (String?) -> Void = { _ in }
    ) throws {
        // Writing to a child that has died is an error like another.
        signal(SIGPIPE, SIG_IGN)
        // A developer's own settings are not part of the test.
        let variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("GODWIT_") }
            .merging(environment) { _, new in new }
        // One at a time: no child may inherit the end of another's input.
        let (standardOutput, standardError): (Int32, Int32)
        (identifier, input, standardOutput, standardError) = try Self.oneAtATime.withLock { _ in
            let (input, output, error) = (try Self.pipe(), try Self.pipe(), try Self.pipe())
            let theirs = [input.read, output.write, error.write]
            defer { for descriptor in theirs { close(descriptor) } }
            let identifier = try Self.spawn(
                [Self.executable] + arguments, environment: variables, descriptors: theirs)
            return (
                identifier, FileHandle(fileDescriptor: input.write, closeOnDealloc: true), output.read, error.read
            )
        }
        Living.add(identifier)
        Self.read(standardOutput, into: output, onOutput)
        Self.read(standardError, into: errors) { _ in }
        Thread.detachNewThread { [exit, identifier] in
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
            Living.remove(identifier)
            // As a shell has it: killed by a signal is 128 and more.
            let signal = status & 0x7F
            exit.append(signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
        }
    }

    deinit {
        kill()
    }

    func write(_ line: String) throws {
        try input.write(contentsOf: Data((line + "\n").utf8))
    }

    func endInput() throws {
        try input.close()
    }

    /// `kill -9`.
    func kill() { Living.signal(identifier, SIGKILL) }

    func terminate() { Living.signal(identifier, SIGTERM) }

    /// The exit code; 128 and the signal's number if there was none.
    func exitCode(seconds: Double = EventLog<Int32>.patienceSeconds) async throws -> Int32 {
        try await exit.wait(for: "the end of the process", seconds: seconds) { $0.first }
    }

    /// For a failed test: how the process ended, if it has, and what it said on standard error.
    func lastWords() async -> String {
        let code = (try? await exitCode(seconds: 1)).map { "exit code \($0)" } ?? "still running"
        return ([code] + errors.elements.suffix(20)).joined(separator: "\n")
    }

    /// Runs to the end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> (code: Int32, output: String, errors: String) {
        let child = try ChildProcess(arguments, environment: environment)
        try child.endInput()
        let code = try await child.exitCode()
        // The end may be noticed before the last lines are read.
        return (
            code, try await child.output.whole().joined(separator: "\n"),
            try await child.errors.whole().joined(separator: "\n")
        )
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw SpawnFailed(code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// `descriptors` become 0, 1 and 2 of the child.
    private static func spawn(
        _ arguments: [String], environment: [String: String], descriptors: [Int32]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

        let texts = arguments.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in texts + variables { free(text) } }
        var identifier = pid_t()
        let code = posix_spawn(&identifier, arguments[0], &actions, &attributes, texts, variables)
        guard code == 0 else { throw SpawnFailed(code: code) }
        return identifier
    }

    /// Takes the descriptor, and reads lines from it until its end.
    private static func read(
        _ descriptor: Int32, into log: EventLog<String>, _ onLine: @escaping @Sendable (String?) -> Void
    ) {
        Thread.detachNewThread {
            var rest: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            func deliver(_ line: some Collection<UInt8>) {
                let text = String(decoding: line, as: UTF8.self)
                log.append(text)
                onLine(text)
            }
            while true {
                let count = Glibc.read(descriptor, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                if count < 0 { log.append("reading failed: errno \(errno)") }
                guard count > 0 else { break }
                rest += chunk[..<count]
                var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                let unfinished = lines.popLast() ?? []
                for line in lines { deliver(line) }
                rest = Array(unfinished)
            }
            close(descriptor)
            if !rest.isEmpty { deliver(rest) }
            log.append(EventLog<String>.end)
            log.close()
            onLine(nil)
        }
    }

    /// Children that are not waited for yet: only they may be sent signals, and none may outlive the test process.
    private enum Living {
        private static let identifiers = Mutex<Set<pid_t>>([])
        private static let atExit: Void = {
            atexit { for identifier in Living.identifiers.withLock({ $0 }) { Foundation.kill(identifier, SIGKILL) } }
        }()

        static func add(_ identifier: pid_t) {
            _ = atExit
            _ = identifiers.withLock { $0.insert(identifier) }
        }

        static func remove(_ identifier: pid_t) {
            _ = identifiers.withLock { $0.remove(identifier) }
        }

        static func signal(_ identifier: pid_t, _ number: Int32) {
            identifiers.withLock { if $0.contains(identifier) { Foundation.kill(identifier, number) } }
        }
    }
}

extension EventLog<String> {
    /// Stands for the end of a stream; no line is so.
    fileprivate static let end = "\n"

    /// All lines of a stream that has ended.
    func whole() async throws -> [String] {
        try await wait(for: "the end of the output") { $0.last == Self.end ? Array($0.dropLast()) : nil }
    }
}
