import GodwitTransport
import GodwitWire

/// How connection IDs name this server to load balancers, from the configuration and the file of the key that they share.
enum ConnectionIDKey {
    private static let keyBytes = 16
    private static let fileBytesMax = 4_096

    /// - Returns: nil when no server ID is configured.
    static func routing(_ configuration: ServeConfiguration.ConnectionIDs) throws(EdgeError) -> ConnectionIDRouting? {
        guard let serverID = Hex.bytes(configuration.serverID), !serverID.isEmpty else { return nil }
        var routing = ConnectionIDRouting(serverID: serverID)
        routing.nonceLength = configuration.nonceBytes
        routing.rotation = UInt8(clamping: configuration.rotation)
        if !configuration.keyFile.isEmpty { routing.key = try read(configuration.keyFile) }
        return routing
    }

    private static func read(_ path: String) throws(EdgeError) -> [UInt8] {
        let text: String?
        do throws(WholeFile.Failure) {
            text = try WholeFile.read(path, limit: fileBytesMax)
        } catch {
            throw .connectionIDKey(path: path, reason: error.reason)
        }
        guard let text else { throw .connectionIDKey(path: path, reason: "there is no such file") }
        guard let key = Hex.bytes(text.filter { !$0.isWhitespace }), key.count == keyBytes else {
            throw .connectionIDKey(path: path, reason: "it is not 32 hexadecimal digits")
        }
        return key
    }
}
