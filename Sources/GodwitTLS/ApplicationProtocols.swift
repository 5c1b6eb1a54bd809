import COpenSSL

/// The application protocols of one context, most wanted first (ALPN, RFC 7301).
final class ApplicationProtocols: Sendable {
    /// Each name behind its length byte.
    let wireFormat: [UInt8]

    init(_ names: [String]) throws(TLSError) {
        var bytes: [UInt8] = []
        for name in names {
            guard let length = UInt8(exactly: name.utf8.count), length > 0 else { throw .invalidProtocolName(name) }
            bytes.append(length)
            bytes += name.utf8
        }
        wireFormat = bytes
    }

    /// Makes a server's `context` choose one of these or refuse. The context's owner keeps `self` alive as long as it.
    func installChoice(in context: OpaquePointer) {
        guard !wireFormat.isEmpty else { return }
        SSL_CTX_set_alpn_select_cb(context, chooseProtocol, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Makes a client's `context` offer these.
    func installOffer(in context: OpaquePointer) throws(TLSError) {
        guard !wireFormat.isEmpty else { return }
        // This function returns 0 for success, unlike nearly all others.
        guard SSL_CTX_set_alpn_protos(context, wireFormat, UInt32(wireFormat.count)) == 0 else {
            throw OpenSSLErrors.failure(of: "SSL_CTX_set_alpn_protos")
        }
    }

    /// The range in `offer` of the first of our names that it holds.
    func choose(from offer: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        for ours in Self.names(in: wireFormat) {
            for theirs in Self.names(in: offer) where wireFormat[ours].elementsEqual(offer[theirs]) { return theirs }
        }
        return nil
    }

    /// The ranges of the names; stops at the first that is cut off.
    private static func names<Bytes: RandomAccessCollection<UInt8>>(in bytes: Bytes) -> [Range<Int>]
    where Bytes.Index == Int {
        var ranges: [Range<Int>] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let start = index + 1
            let end = start + Int(bytes[index])
            guard end <= bytes.endIndex else { break }
            ranges.append(start..<end)
            index = end
        }
        return ranges
    }
}

private func chooseProtocol(
    ssl: OpaquePointer?, chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    chosenLength: UnsafeMutablePointer<UInt8>?, offer: UnsafePointer<UInt8>?, offerLength: UInt32,
    protocols: UnsafeMutableRawPointer?
) -> Int32 {
    guard let chosen, let chosenLength, let offer, let protocols else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    let bytes = UnsafeBufferPointer(start: offer, count: Int(offerLength))
    let ours = Unmanaged<ApplicationProtocols>.fromOpaque(protocols).takeUnretainedValue()
    guard let range = ours.choose(from: bytes) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    chosen.pointee = offer + range.lowerBound
    chosenLength.pointee = UInt8(range.count)
    return SSL_TLSEXT_ERR_OK
}
