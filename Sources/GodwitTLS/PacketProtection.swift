import COpenSSL
import NIOCore

/// Protects the packets of one direction with one secret: AES-128-GCM over the payload and the mask that hides the packet
/// number, as in RFC 9001 sections 5.3 and 5.4, with this protocol's labels.
///
/// One owner. OpenSSL's two contexts hold the expanded keys, 2 KB together. Each is made when it is first needed, so that a packet costs
/// no allocation here, and given back by `rest()`, so that a connection that says nothing costs its keys' bytes only.
package final class PacketProtection {
    /// Bytes that sealing appends.
    package static let tagLength = 16
    /// Bytes of ciphertext that make a header mask.
    package static let sampleLength = 16

    private static let nonceLength = 12

    /// Where the next keys come from.
    private var secret: PacketSecret
    private var packetKey: CipherKey
    private var headerKey: CipherKey
    /// The initialisation vector's 12 bytes: 4 in the low half of `ivHead`, 8 in `ivTail`, both big-endian.
    private let ivHead: UInt32
    private let ivTail: UInt64
    @exclusivity(unchecked) private var packetContext: OpaquePointer?
    @exclusivity(unchecked) private var headerContext: OpaquePointer?

    /// Derives key, vector and header key from a secret of the handshake, which has 32 bytes.
    package convenience init(secret: [UInt8]) throws(TLSError) {
        try self.init(secret: secret, headerKey: CipherKey(secret: secret, label: "godwit hp"))
        // What OpenSSL cannot do at all shows here, not at the first packet.
        guard readyPacketContext() != nil, readyHeaderContext() != nil else {
            throw OpenSSLErrors.failure(of: "EVP_EncryptInit_ex")
        }
    }

    private init(secret: [UInt8], headerKey: CipherKey) throws(TLSError) {
        guard secret.count == KeyDerivation.digestLength else { throw .invalidDerivation }
        let packetKey = try CipherKey(secret: secret, label: "godwit key")
        let iv = try KeyDerivation.hkdfExpandLabel(secret: secret, label: "godwit iv", length: Self.nonceLength)
        self.secret = PacketSecret(secret)
        self.packetKey = packetKey
        self.headerKey = headerKey
        ivHead = iv[0..<4].reduce(0) { $0 << 8 | UInt32($1) }
        ivTail = iv[4..<12].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The protection that follows this one in a key update (RFC 9001 section 6.1): another secret, key and vector, and the same
    /// header key. It has no contexts before its first packet.
    package func next() throws(TLSError) -> PacketProtection {
        try PacketProtection(
            secret: KeyDerivation.hkdfExpandLabel(
                secret: secret.array, label: "godwit ku", length: KeyDerivation.digestLength),
            headerKey: headerKey)
    }

    deinit {
        rest()
        packetKey.cleanse()
        headerKey.cleanse()
        secret.cleanse()
    }

    /// Gives the contexts back until the next packet.
    package func rest() {
        EVP_CIPHER_CTX_free(packetContext)
        EVP_CIPHER_CTX_free(headerContext)
        packetContext = nil
        headerContext = nil
    }

    /// The context with the packet key; nil when there is no memory for it.
    private func readyPacketContext() -> OpaquePointer? {
        if let packetContext { return packetContext }
        packetContext = packetKey.context(EVP_aes_128_gcm())
        return packetContext
    }

    /// The same with the header key.
    private func readyHeaderContext() -> OpaquePointer? {
        if let headerContext { return headerContext }
        guard let made = headerKey.context(EVP_aes_128_ecb()) else { return nil }
        EVP_CIPHER_CTX_set_padding(made, 0)
        headerContext = made
        return made
    }

    /// Encrypts `payloadStart..<writerIndex` in place and appends the tag; `headerStart..<payloadStart` is authenticated.
    ///
    /// The caller reserves the tag's 16 bytes beforehand if the buffer must not grow. A packet number may be used once only.
    package func seal(
        _ packet: inout ByteBuffer, headerStart: Int, payloadStart: Int, packetNumber: UInt64
    ) throws(TLSError) {
        let payloadEnd = packet.writerIndex
        guard headerStart >= 0, headerStart <= payloadStart, payloadStart <= payloadEnd,
            let headerLength = Int32(exactly: payloadStart - headerStart),
            let payloadLength = Int32(exactly: payloadEnd - payloadStart)
        else { throw .invalidPacketBounds }
        guard let cipher = readyPacketContext() else { throw OpenSSLErrors.failure(of: "EVP_CIPHER_CTX_new") }
        packet.writeRepeatingByte(0, count: Self.tagLength)
        let sealed = packet.withVeryUnsafeMutableBytes { bytes -> Bool in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
            let payload = base + payloadStart
            return start(cipher, packetNumber: packetNumber, encrypting: 1)
                && update(cipher, nil, base + headerStart, count: headerLength)
                && update(cipher, payload, payload, count: payloadLength)
                && finish(cipher, payload + Int(payloadLength))
                && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagLength), base + payloadEnd) == 1
        }
        guard sealed else {
            packet.moveWriterIndex(to: payloadEnd)
            throw OpenSSLErrors.failure(of: "EVP_EncryptUpdate")
        }
    }

    /// Decrypts `sealed`, tag included, into `plaintext`, which is cleared first; `header` is what was authenticated with it.
    ///
    /// What arrives is left as it is: received datagrams share their storage, and to change one would copy it.
    ///
    /// - Returns: false when the packet is too short or not authentic; then nothing of it is left in `plaintext`.
    package func open(
        _ sealed: UnsafeRawBufferPointer, header: UnsafeRawBufferPointer, packetNumber: UInt64,
        into plaintext: inout ByteBuffer
    ) -> Bool {
        plaintext.clear()
        guard let input = sealed.baseAddress?.assumingMemoryBound(to: UInt8.self), sealed.count >= Self.tagLength,
            let length = Int32(exactly: sealed.count - Self.tagLength), let headerLength = Int32(exactly: header.count),
            let associated = header.baseAddress?.assumingMemoryBound(to: UInt8.self),
            let cipher = readyPacketContext()
        else { return false }
        var isAuthentic = false
        plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(length)) { room in
            let output = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            // OpenSSL reads the tag through a pointer that is not const.
            let tag = UnsafeMutablePointer(mutating: input + Int(length))
            var end: UInt8 = 0
            isAuthentic =
                start(cipher, packetNumber: packetNumber, encrypting: 0)
                && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagLength), tag) == 1
                && update(cipher, nil, associated, count: headerLength)
                && update(cipher, output, input, count: length) && finish(cipher, &end)
            // GCM decrypts before it knows; what is not authentic must not be left for anyone to read.
            if !isAuthentic { output?.update(repeating: 0, count: Int(length)) }
            return isAuthentic ? Int(length) : 0
        }
        if !isAuthentic { ERR_clear_error() }
        return isAuthentic
    }

    /// The 5 mask bytes for the 16 bytes of ciphertext at `index` (RFC 9001 section 5.4.3), nil when there are fewer.
    package func headerMask(
        sampleAt index: Int, in packet: ByteBuffer
    ) -> (UInt8, UInt8, UInt8, UInt8, UInt8)? {
        guard index >= 0, index <= packet.writerIndex - Self.sampleLength else { return nil }
        return packet.withVeryUnsafeBytes { bytes in
            headerMask(UnsafeRawBufferPointer(rebasing: bytes[index..<(index + Self.sampleLength)]))
        }
    }

    /// The same for a sample of 16 bytes.
    package func headerMask(_ sample: UnsafeRawBufferPointer) -> (UInt8, UInt8, UInt8, UInt8, UInt8)? {
        guard sample.count == Self.sampleLength, let base = sample.baseAddress?.assumingMemoryBound(to: UInt8.self),
            let cipher = readyHeaderContext()
        else { return nil }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.sampleLength) { mask in
            var written: Int32 = 0
            guard EVP_EncryptUpdate(cipher, mask.baseAddress, &written, base, Int32(Self.sampleLength)) == 1,
                written == Self.sampleLength
            else { return nil }
            return (mask[0], mask[1], mask[2], mask[3], mask[4])
        }
    }

    /// The nonce is the initialisation vector with the packet number added by exclusive or (RFC 9001 section 5.3).
    private func start(_ cipher: OpaquePointer, packetNumber: UInt64, encrypting: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Self.nonceLength, alignment: 8) { nonce in
            nonce.storeBytes(of: ivHead.bigEndian, as: UInt32.self)
            nonce.storeBytes(of: (ivTail ^ packetNumber).bigEndian, toByteOffset: 4, as: UInt64.self)
            return EVP_CipherInit_ex(
                cipher, nil, nil, nil, nonce.baseAddress?.assumingMemoryBound(to: UInt8.self), encrypting) == 1
        }
    }

    /// Passes bytes through the cipher; without `output` they are authenticated only.
    private func update(
        _ cipher: OpaquePointer, _ output: UnsafeMutablePointer<UInt8>?, _ input: UnsafePointer<UInt8>, count: Int32
    ) -> Bool {
        guard count > 0 else { return true }
        var written: Int32 = 0
        return EVP_CipherUpdate(cipher, output, &written, input, count) == 1 && written == count
    }

    /// Makes or checks the tag. GCM has no last block, so nothing is written to `output`.
    private func finish(_ cipher: OpaquePointer, _ output: UnsafeMutablePointer<UInt8>) -> Bool {
        var written: Int32 = 0
        return EVP_CipherFinal_ex(cipher, output, &written) == 1
    }
}

/// The 32 bytes of a secret, inline.
private struct PacketSecret {
    private var bytes: InlineArray<32, UInt8>

    /// `secret` has 32 bytes.
    init(_ secret: [UInt8]) { bytes = InlineArray { secret[$0] } }

    var array: [UInt8] { bytes.indices.map { bytes[$0] } }

    mutating func cleanse() {
        var span = bytes.mutableSpan
        span.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}

/// An AES-128 key's 16 bytes, inline.
private struct CipherKey {
    private static let length = 16

    private var bytes: InlineArray<16, UInt8>

    init(secret: [UInt8], label: String) throws(TLSError) {
        let derived = try KeyDerivation.hkdfExpandLabel(secret: secret, label: label, length: Self.length)
        bytes = InlineArray { derived[$0] }
    }

    /// A new context for encryption, and for the other direction too where the mode allows it; nil when there is no memory for it.
    func context(_ cipher: OpaquePointer?) -> OpaquePointer? {
        guard let context = EVP_CIPHER_CTX_new() else { return nil }
        let isReady = bytes.span.withUnsafeBufferPointer {
            EVP_EncryptInit_ex(context, cipher, nil, $0.baseAddress, nil) == 1
        }
        guard isReady else {
            EVP_CIPHER_CTX_free(context)
            return nil
        }
        return context
    }

    mutating func cleanse() {
        var span = bytes.mutableSpan
        span.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}
