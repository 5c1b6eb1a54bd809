import COpenSSL
import Glibc
import GodwitWire

/// Makes OpenSSL's keys, signatures and random numbers come from a seed, for one thread at a time and a scope.
///
/// Without it a replayed seed would give other key shares and signatures of other lengths, so other datagrams, so other losses.
package enum DeterministicOpenSSL {
    /// Runs `body` on this thread with OpenSSL's randomness seeded. `body` cannot suspend, so it stays on the thread.
    package static func run<R, Failure: Error>(
        seed: UInt64, _ body: () throws(Failure) -> R
    ) throws(Failure) -> R {
        precondition(ThreadSeed.isInstalled, "OpenSSL refused the simulator's random method")
        let before = pthread_getspecific(ThreadSeed.key)
        let generator = SeededGenerator(.seeded(seed))
        pthread_setspecific(ThreadSeed.key, Unmanaged.passUnretained(generator).toOpaque())
        defer { pthread_setspecific(ThreadSeed.key, before) }
        return try withExtendedLifetime(generator) { () throws(Failure) in try body() }
    }
}

/// What the thread's slot points at while a seeded scope runs.
private final class SeededGenerator {
    let random: RandomSource

    init(_ random: RandomSource) { self.random = random }

    func fill(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
        var word: UInt64 = 0
        for index in bytes.indices {
            if index % 8 == 0 { word = random.next() }
            bytes[index] = UInt8(truncatingIfNeeded: word)
            word >>= 8
        }
    }
}

/// The hook in OpenSSL, installed once for the process. Threads without a seed get OpenSSL's own generator.
private enum ThreadSeed {
    static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    static let isInstalled: Bool = {
        _ = key
        // OpenSSL keeps the pointer for the rest of the process, so the method is never freed.
        let method = UnsafeMutablePointer<RAND_METHOD>.allocate(capacity: 1)
        method.initialize(
            to: RAND_METHOD(
                seed: { _, _ in 1 }, bytes: { fill($0, $1) }, cleanup: nil, add: { _, _, _ in 1 },
                pseudorand: { fill($0, $1) }, status: { 1 }))
        return godwit_RAND_set_rand_method(method) == 1
    }()

    private static func fill(_ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int32) -> Int32 {
        guard let bytes, count >= 0 else { return 0 }
        guard let slot = pthread_getspecific(key) else {
            return godwit_RAND_OpenSSL().pointee.bytes(bytes, count)
        }
        Unmanaged<SeededGenerator>.fromOpaque(slot).takeUnretainedValue().fill(
            UnsafeMutableBufferPointer(start: bytes, count: Int(count)))
        return 1
    }
}
