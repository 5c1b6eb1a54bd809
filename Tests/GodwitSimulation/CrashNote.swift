import Glibc

/// Names the running seed when the process traps: a trap inside a simulation kills the whole test run, and without this note
/// nobody would know which seed to replay.
package enum CrashNote {
    /// Runs `body`; if it traps, the command that replays the seed goes to standard error first.
    package static func whileRunning<R>(seed: UInt64, _ body: () throws -> R) rethrows -> R {
        precondition(Handler.isInstalled, "the key is made before it is used")
        var text = "\nSimulation trapped. " + replayAdvice(seed: seed) + "\n"
        return try text.withUTF8 { bytes in
            var note = Note(start: UnsafeRawPointer(bytes.baseAddress), count: bytes.count)
            return try withUnsafeMutablePointer(to: &note) { note in
                pthread_setspecific(Handler.key, note)
                defer { pthread_setspecific(Handler.key, nil) }
                return try body()
            }
        }
    }

    package static func replayAdvice(seed: UInt64) -> String {
        "Replay it with: GODWIT_SIM_SEED=\(seed) swift test --filter GodwitSimulationTests.SeedTests"
            + " (or: make simulate SEED=\(seed))"
    }
}

/// What the thread's slot points at; plain memory, because a signal handler must not allocate or count references.
private struct Note {
    let start: UnsafeRawPointer?
    let count: Int
}

private enum Handler {
    static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Swift traps by an illegal instruction (x86) or a trap instruction (ARM); the rest is for wild pointers in C.
    static let isInstalled: Bool = {
        _ = key
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT] {
            signal(number) { number in
                if let slot = pthread_getspecific(Handler.key) {
                    let note = slot.assumingMemoryBound(to: Note.self)
                    _ = write(STDERR_FILENO, note.pointee.start, note.pointee.count)
                }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
        return true
    }()
}
