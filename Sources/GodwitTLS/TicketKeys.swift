/// The keys that seal session tickets (RFC 5077 section 4): a new one each period, two old ones still good for opening.
///
/// All keys come from one secret and the number of the period, so edges that share the secret open each other's tickets without
/// talking to each other.
struct TicketKeys {
    struct Key {
        /// Tells which key sealed a ticket; public.
        let name: [UInt8]
        /// AES-256-CBC.
        let encryption: [UInt8]
        /// HMAC with SHA-256.
        let authentication: [UInt8]
    }

    static let nameLength = 16
    private static let cipherKeyLength = 32
    /// Keys of past periods that still open tickets.
    static let oldKeys: Int64 = 2

    /// How long a key seals, in seconds.
    let period: Int64
    private let secret: [UInt8]
    /// By period; those of the present period, of the one after it (another edge's clock may be ahead) and of the old ones.
    private var keys: [Int64: Key] = [:]

    init(secret: [UInt8], period: Int64) {
        self.secret = secret
        self.period = max(1, period)
    }

    /// The key that seals now; nil if it cannot be derived.
    ///
    /// - Parameter now: in seconds, on the clock of all that share the secret.
    mutating func sealing(now: Int64) -> Key? { key(now / period) }

    /// The key that sealed a ticket; nil when its period is too long ago, or it is somebody else's.
    mutating func opening(name: UnsafeBufferPointer<UInt8>, now: Int64) -> Key? {
        let present = now / period
        for candidate in stride(from: present + 1, through: max(0, present - Self.oldKeys), by: -1) {
            if let key = key(candidate), key.name.elementsEqual(name) { return key }
        }
        return nil
    }

    private mutating func key(_ period: Int64) -> Key? {
        if let known = keys[period] { return known }
        let context = withUnsafeBytes(of: period.bigEndian) { Array($0) }
        let length = Self.nameLength + 2 * Self.cipherKeyLength
        guard
            let material = try? KeyDerivation.hkdfExpandLabel(
                secret: secret, label: "godwit ticket", context: context, length: length)
        else { return nil }
        let key = Key(
            name: Array(material[..<Self.nameLength]),
            encryption: Array(material[Self.nameLength..<(Self.nameLength + Self.cipherKeyLength)]),
            authentication: Array(material[(Self.nameLength + Self.cipherKeyLength)...]))
        keys = keys.filter { $0.key >= period - Self.oldKeys - 1 && $0.key <= period + 2 }
        keys[period] = key
        return key
    }
}
