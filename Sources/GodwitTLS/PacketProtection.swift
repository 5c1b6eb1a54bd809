import COpenSSL
import NIOCore

/// Protects the packets of one direction with one secret: AES-128-GCM over the payload and the mask that hides the packet
/// number, as in RFC 9001 sections 5.3 and 5.4, with this protocol's labels.
///
/// One owner. The two cipher contexts are made once, so a packet costs no allocation here.
package final class PacketProtection {
    /// Bytes that sealing appends.
    package static let tagLength = 16
    /// Bytes of ciphertext that make a header mask.
    package static let sampleLength = 16

    private static let keyLength = 16
    private static let nonceLength = 12

    private let packetCipher: OpaquePointer
    private let headerCipher: OpaquePointer
    /// The initialisation vector's 12 bytes: 4 in the low half of `ivHead`, 8 in `ivTail`, both big-endian.
    private let ivHead: UInt32
    private let ivTail: UInt64

    /// Derives key, vector and header key from a secret of the handshake.
    package init(secret: [UInt8]) throws(TLSError) {
        let key = try KeyDerivation.hkdfExpandLabel(secret: secret, label: "godwit key", length: Self.keyLength)
        let iv = try KeyDerivation.hkdfExpandLabel(secret: secret, label: "godwit iv", length: Self.nonceLength)
        let headerKey = try KeyDerivation.hkdfExpandLabel(secret: secret, label: "godwit hp", length: Self.keyLength)
        ivHead = iv[0..<4].reduce(0) { $0 << 8 | UInt32($1) }
        ivTail = iv[4..<12].reduce(0) { $0 << 8 | UInt64($1) }

        guard let packetCipher = EVP_CIPHER_CTX_new() else { throw OpenSSLErrors.failure(of: "EVP_CIPHER_CTX_new") }
        guard let headerCipher = EVP_CIPHER_CTX_new() else {
            EVP_CIPHER_CTX_free(packetCipher)
            throw OpenSSLErrors.failure(of: "EVP_CIPHER_CTX_new")
        }
        self.packetCipher = packetCipher
        self.headerCipher = headerCipher
        guard EVP_EncryptInit_ex(packetCipher, EVP_aes_128_gcm(), nil, key, nil) == 1,
            EVP_EncryptInit_ex(headerCipher, EVP_aes_128_ecb(), nil, headerKey, nil) == 1,
            EVP_CIPHER_CTX_set_padding(headerCipher, 0) == 1
        else { throw OpenSSLErrors.failure(of: "EVP_EncryptInit_ex") }
    }

    deinit {
        EVP_CIPHER_CTX_free(packetCipher)
        EVP_CIPHER_CTX_free(headerCipher)
    }

    /// Encrypts `payloadStart..<writerIndex` in place and appends the tag; `headerStart..<payloadStart` is authenticated.
    ///
    /// The caller reserves the tag's 16 bytes beforehand if the buffer must not grow. A packet number may be used once only.
    package func seal(
        _ packet: inout ByteBuffer, headerStart: Int, payloadStart: Int, packetNumber: UInt64
    ) throws(TLSError) {
        let payloadEnd = packet.writerIndex
        guard let layout = Layout(headerStart, payloadStart, payloadEnd) else { throw .invalidPacketBounds }
        packet.writeRepeatingByte(0, count: Self.tagLength)
        let sealed = packet.withVeryUnsafeMutableBytes { bytes -> Bool in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
            let payload = base + payloadStart
            return start(packetNumber: packetNumber, encrypting: 1)
                && update(nil, base + headerStart, count: layout.headerLength)
                && update(payload, payload, count: layout.payloadLength)
                && finish(payload + Int(layout.payloadLength))
                && EVP_CIPHER_CTX_ctrl(packetCipher, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagLength), base + payloadEnd)
                    == 1
        }
        guard sealed else {
            packet.moveWriterIndex(to: payloadEnd)
            throw OpenSSLErrors.failure(of: "EVP_EncryptUpdate")
        }
    }

    /// Decrypts `payloadStart..<payloadEnd`, tag included, in place.
    ///
    /// - Returns: the plaintext's length, or nil when the packet is too short or not authentic; then its payload is zeroed.
    package func open(
        _ packet: inout ByteBuffer, headerStart: Int, payloadStart: Int, payloadEnd: Int, packetNumber: UInt64
    ) -> Int? {
        guard payloadEnd <= packet.writerIndex, payloadEnd >= Self.tagLength,
            let layout = Layout(headerStart, payloadStart, payloadEnd - Self.tagLength)
        else { return nil }
        let opened = packet.withVeryUnsafeMutableBytes { bytes -> Bool in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
            let payload = base + payloadStart
            let tag = payload + Int(layout.payloadLength)
            let authentic =
                start(packetNumber: packetNumber, encrypting: 0)
                && EVP_CIPHER_CTX_ctrl(packetCipher, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagLength), tag) == 1
                && update(nil, base + headerStart, count: layout.headerLength)
                && update(payload, payload, count: layout.payloadLength)
                && finish(tag)
            // GCM decrypts before it knows; what is not authentic must not be left for anyone to read.
            if !authentic { payload.update(repeating: 0, count: Int(layout.payloadLength)) }
            return authentic
        }
        guard opened else {
            ERR_clear_error()
            return nil
        }
        return Int(layout.payloadLength)
    }

    /// The 5 mask bytes for the 16 bytes of ciphertext at `index` (RFC 9001 section 5.4.3), nil when there are fewer.
    package func headerMask(
        sampleAt index: Int, in packet: ByteBuffer
    ) -> (UInt8, UInt8, UInt8, UInt8, UInt8)? {
        guard index >= 0, index <= packet.writerIndex - Self.sampleLength else { return nil }
        return packet.withVeryUnsafeBytes { bytes in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.sampleLength) { mask in
                var written: Int32 = 0
                guard
                    EVP_EncryptUpdate(headerCipher, mask.baseAddress, &written, base + index, Int32(Self.sampleLength))
                        == 1, written == Self.sampleLength
                else { return nil }
                return (mask[0], mask[1], mask[2], mask[3], mask[4])
            }
        }
    }

    /// The nonce is the initialisation vector with the packet number added by exclusive or (RFC 9001 section 5.3).
    private func start(packetNumber: UInt64, encrypting: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Self.nonceLength, alignment: 8) { nonce in
            nonce.storeBytes(of: ivHead.bigEndian, as: UInt32.self)
            nonce.storeBytes(of: (ivTail ^ packetNumber).bigEndian, toByteOffset: 4, as: UInt64.self)
            return EVP_CipherInit_ex(
                packetCipher, nil, nil, nil, nonce.baseAddress?.assumingMemoryBound(to: UInt8.self), encrypting) == 1
        }
    }

    /// Passes bytes through the cipher; without `output` they are authenticated only.
    private func update(_ output: UnsafeMutablePointer<UInt8>?, _ input: UnsafePointer<UInt8>, count: Int32) -> Bool {
        guard count > 0 else { return true }
        var written: Int32 = 0
        return EVP_CipherUpdate(packetCipher, output, &written, input, count) == 1 && written == count
    }

    /// Makes or checks the tag. GCM has no last block, so nothing is written to `output`.
    private func finish(_ output: UnsafeMutablePointer<UInt8>) -> Bool {
        var written: Int32 = 0
        return EVP_CipherFinal_ex(packetCipher, output, &written) == 1
    }
}

/// The lengths of a packet's parts, checked to lie in order.
private struct Layout {
    let headerLength: Int32
    let payloadLength: Int32

    init?(_ headerStart: Int, _ payloadStart: Int, _ payloadEnd: Int) {
        guard headerStart >= 0, headerStart <= payloadStart, payloadStart <= payloadEnd,
            let headerLength = Int32(exactly: payloadStart - headerStart),
            let payloadLength = Int32(exactly: payloadEnd - payloadStart)
        else { return nil }
        self.headerLength = headerLength
        self.payloadLength = payloadLength
    }
}
