import Glibc
import GodwitTLS
import GodwitTransport
import Testing

@testable import GodwitEdge

@Suite("The server's identity on disk")
struct IdentityFilesTests {
    private func directory() throws -> String {
        var template = Array("/tmp/godwit-identity-XXXXXX".utf8CString)
        return try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    @Test("it is made once and is the same afterwards; the key is its owner's alone")
    func madeOnce() throws {
        let directory = try directory() + "/deep/er"
        let files = IdentityFiles(dataDirectory: directory)
        #expect(try files.load()?.pin == nil)
        let made = try files.loadOrMake()
        #expect(made.isNew)
        let again = try files.loadOrMake()
        #expect(!again.isNew)
        #expect(again.identity.pin == made.identity.pin)
        // Open for its owner, closed for a process of another user: 0600 in the end of `ls -l`'s terms.
        #expect(access(directory + "/tls/server.key", R_OK | W_OK) == 0)
        #expect(access(directory + "/tls/server.key", X_OK) != 0 || geteuid() == 0)
    }

    @Test("the transport's secret is made once, is not empty, and gives the same keys afterwards")
    func transportSecret() throws {
        let directory = try directory() + "/deep/er"
        let secret = TransportSecret(dataDirectory: directory)
        let made = try secret.loadOrMake()
        #expect(try secret.loadOrMake() == made)
        #expect(try TransportSecret(dataDirectory: self.directory()).loadOrMake() != made)
        let path = directory + "/tls/transport.secret"
        unlink(path)
        try WholeFile.create(path, text: "short\n", mode: 0o600)
        #expect(throws: EdgeError.identityFile(path: path, reason: "it has fewer than 32 characters")) {
            try secret.loadOrMake()
        }
    }

    @Test("the key that load balancers have is read from its file, or the error says what to do")
    func connectionIDKey() throws {
        let path = try directory() + "/key"
        var configuration = ServeConfiguration.ConnectionIDs()
        #expect(try ConnectionIDKey.routing(configuration) == nil)
        configuration.serverID = "0102"
        #expect(try ConnectionIDKey.routing(configuration)?.key == nil)
        configuration.keyFile = path
        #expect(throws: EdgeError.connectionIDKey(path: path, reason: "there is no such file")) {
            try ConnectionIDKey.routing(configuration)
        }
        try WholeFile.create(path, text: "8f95f09245765f80256934e50c6620\n", mode: 0o600)
        let error = #expect(throws: EdgeError.self) { try ConnectionIDKey.routing(configuration) }
        #expect(error?.description.contains("openssl rand -hex 16") == true)
        unlink(path)
        try WholeFile.create(path, text: "8f95f09245765f80256934e50c66207f\n", mode: 0o600)
        let routing = try #require(try ConnectionIDKey.routing(configuration))
        #expect(routing.serverID == [1, 2])
        #expect(routing.key?.first == 0x8f && routing.key?.count == 16)
    }

    @Test("one file without the other is an error that names both")
    func incomplete() throws {
        let directory = try directory()
        let files = IdentityFiles(dataDirectory: directory)
        _ = try files.loadOrMake()
        unlink(directory + "/tls/server.crt")
        #expect(
            throws: EdgeError.incompleteIdentity(
                present: directory + "/tls/server.key", missing: directory + "/tls/server.crt")
        ) { try files.load() }
    }

    @Test("a file that is no key is an error that says where and what to do")
    func garbage() throws {
        let directory = try directory()
        let files = IdentityFiles(dataDirectory: directory)
        _ = try files.loadOrMake()
        unlink(directory + "/tls/server.key")
        try WholeFile.create(directory + "/tls/server.key", text: "not a key\n", mode: 0o600)
        let error = #expect(throws: EdgeError.self) { try files.load() }
        #expect(error?.description.contains(directory + "/tls") == true)
        #expect(error?.description.contains("restore server.key") == true)
    }

    @Test("a directory that cannot be made is an error with the system's reason")
    func notADirectory() throws {
        let directory = try directory()
        try WholeFile.create(directory + "/file", text: "", mode: 0o600)
        let error = #expect(throws: EdgeError.self) {
            try IdentityFiles(dataDirectory: directory + "/file").loadOrMake()
        }
        #expect(error?.description.contains("Not a directory") == true)
    }
}
