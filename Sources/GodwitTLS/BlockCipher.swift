import COpenSSL

/// AES-128 on single blocks (ECB), for constructions that are made of them. One owner; the contexts are made once.
package final class BlockCipher {
    package static let keyLength = 16
    package static let blockLength = 16

    private let encrypting: OpaquePointer
    private let decrypting: OpaquePointer

    /// - Parameter key: 16 bytes.
    package init(key: [UInt8]) throws(TLSError) {
        guard key.count == Self.keyLength else { throw .invalidDerivation }
        encrypting = try Self.context(key, isEncrypting: 1)
        do throws(TLSError) {
            decrypting = try Self.context(key, isEncrypting: 0)
        } catch {
            EVP_CIPHER_CTX_free(encrypting)
            throw error
        }
    }

    deinit {
        EVP_CIPHER_CTX_free(encrypting)
        EVP_CIPHER_CTX_free(decrypting)
    }

    /// - Parameter block: 16 bytes; nil is returned for any other number.
    package func encrypt(_ block: [UInt8]) -> [UInt8]? { Self.pass(block, through: encrypting) }

    package func decrypt(_ block: [UInt8]) -> [UInt8]? { Self.pass(block, through: decrypting) }

    private static func context(_ key: [UInt8], isEncrypting: Int32) throws(TLSError) -> OpaquePointer {
        guard let context = EVP_CIPHER_CTX_new() else { throw OpenSSLErrors.failure(of: "EVP_CIPHER_CTX_new") }
        guard EVP_CipherInit_ex(context, EVP_aes_128_ecb(), nil, key, nil, isEncrypting) == 1,
            EVP_CIPHER_CTX_set_padding(context, 0) == 1
        else {
            EVP_CIPHER_CTX_free(context)
            throw OpenSSLErrors.failure(of: "EVP_CipherInit_ex")
        }
        return context
    }

    private static func pass(_ block: [UInt8], through context: OpaquePointer) -> [UInt8]? {
        guard block.count == blockLength else { return nil }
        // Room for one more, which OpenSSL may ask for when it decrypts.
        var output = [UInt8](repeating: 0, count: 2 * blockLength)
        var written: Int32 = 0
        guard EVP_CipherUpdate(context, &output, &written, block, Int32(blockLength)) == 1, written == blockLength
        else {
            return nil
        }
        return Array(output[..<blockLength])
    }
}
