import COpenSSL
import IMMessages

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The cost of scrypt (RFC 7914): memory is 128 · r · 2^log2N bytes.
package struct PasswordCost: Hashable, Sendable {
    package var log2N: UInt32
    package var blockSize: UInt32
    package var parallelism: UInt32

    /// N = 2^15, r = 8, p = 1: 32 MiB and about 0.1 s of a core (OWASP Password Storage Cheat Sheet's smallest memory
    /// class for scrypt, with p lowered since logins are rare and tokens last a month).
    package static let standard = PasswordCost(log2N: 15, blockSize: 8, parallelism: 1)

    package init(log2N: UInt32, blockSize: UInt32, parallelism: UInt32) {
        self.log2N = log2N
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    var isValid: Bool { (1...20).contains(log2N) && (1...32).contains(blockSize) && (1...16).contains(parallelism) }
}

/// Makes and checks the stored form of a password.
enum PasswordHash {
    private static let hashBytes = 32
    private static let saltBytes = 16

    /// Nil when OpenSSL has no memory or no randomness.
    static func make(_ password: [UInt8], cost: PasswordCost) -> StoredAccount? {
        guard let salt = SecureRandom.bytes(saltBytes), let hash = scrypt(password, salt: salt, cost: cost) else {
            return nil
        }
        var account = StoredAccount()
        account.hash = Data(hash)
        account.salt = Data(salt)
        account.log2N = cost.log2N
        account.blockSize = cost.blockSize
        account.parallelism = cost.parallelism
        return account
    }

    /// Compares in constant time, at the cost that the hash was made with. Nil when it cannot be computed.
    static func verify(_ password: [UInt8], against account: StoredAccount) -> Bool? {
        let cost = PasswordCost(
            log2N: account.log2N, blockSize: account.blockSize, parallelism: account.parallelism)
        guard let hash = scrypt(password, salt: Array(account.salt), cost: cost) else { return nil }
        let stored = Array(account.hash)
        return stored.count == hash.count && CRYPTO_memcmp(stored, hash, hash.count) == 0
    }

    private static func scrypt(_ password: [UInt8], salt: [UInt8], cost: PasswordCost) -> [UInt8]? {
        // The values come from the store as well: a damaged record must not ask for terabytes.
        guard cost.isValid else { return nil }
        let n = UInt64(1) << UInt64(cost.log2N)
        // 128 r (N + p + 2) bytes, as OpenSSL counts; doubled for its own bookkeeping.
        let memoryMax = 2 * 128 * UInt64(cost.blockSize) * (n + UInt64(cost.parallelism) + 2)
        var hash = [UInt8](repeating: 0, count: hashBytes)
        let done = password.withUnsafeBytes { password in
            EVP_PBE_scrypt(
                password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count, salt, salt.count, n,
                UInt64(cost.blockSize), UInt64(cost.parallelism), memoryMax, &hash, hash.count)
        }
        return done == 1 ? hash : nil
    }
}
