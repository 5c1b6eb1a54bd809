import Foundation
import Testing

@Suite("godwit store", .timeLimit(.minutes(3)))
struct StoreCommandTests {
    private func store(_ arguments: String...) async throws -> (code: Int32, output: String, errors: String) {
        let result = try await ChildProcess.run(["store"] + arguments)
        #expect(!result.errors.contains("Fatal error"))
        return result
    }

    /// A server's data directory with one account and one message in it, whose server has ended.
    private func served(_ directory: TemporaryDirectory) async throws -> String {
        let server = try await ServerProcess.start(data: directory.file("data"))
        let client = try ClientProcess(server)
        _ = try await client.logIn("ann", create: true)
        try client.send("1", to: "ann", "hello")
        _ = try await client.first("sent")

        let inUse = try await store("check", server.data)
        #expect(inUse.code == 1)
        #expect(inUse.errors.contains("in use by process \(server.child.identifier)"))
        #expect(try await server.terminate() == 0)
        return server.data
    }

    private func dump(_ directory: String) async throws -> String {
        let result = try await store("dump", directory)
        #expect(result.code == 0)
        return result.output
    }

    @Test(
        "a store can be checked, counted, dumped, compacted, backed up and restored, and a server goes on with the restored one"
    )
    func roundTrip() async throws {
        let directory = try TemporaryDirectory()
        let data = try await served(directory)
        let check = try await store("check", data)
        #expect(check.code == 0)
        #expect(check.output.contains("shard-03: "))
        #expect(!check.output.contains("damaged"))
        #expect(try await store("stat", data).output.contains("in all: "))
        let before = try await dump(data)
        #expect(before.contains("\"shard\":\"shard-0"))

        let backup = directory.file("backup")
        #expect(try await store("backup", data, backup).code == 0)
        #expect(try await store("check", backup).code == 0)
        #expect(try await store("backup", data, backup).errors.contains("is there already"))
        #expect(try await store("stat", backup).code == 0)
        #expect(try await store("compact", data).code == 0)
        #expect(try await dump(data) == before)

        let restored = directory.file("restored")
        #expect(try await store("restore", backup, restored + "/store").code == 0)
        #expect(try await dump(restored) == before)
        let server = try await ServerProcess.start(data: restored)
        let client = try ClientProcess(server)
        _ = try await client.logIn("ann")
        #expect(try await server.terminate() == 0)
    }

    @Test("damage is told with its file and place and code 2, and a damaged backup is only restored by force")
    func damage() async throws {
        let directory = try TemporaryDirectory()
        let data = try await served(directory)
        let backup = directory.file("backup")
        #expect(try await store("backup", data, backup).code == 0)
        // The largest file has records: a bit of the first one flips.
        let files = try #require(FileManager.default.enumerator(atPath: backup)).compactMap { $0 as? String }
            .filter { $0.hasSuffix(".data") }.map { "\(backup)/\($0)" }
        func size(_ path: String) -> Int { (try? Data(contentsOf: URL(fileURLWithPath: path)).count) ?? 0 }
        let file = try #require(files.max { size($0) < size($1) })
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[100] ^= 1
        try bytes.write(to: URL(fileURLWithPath: file))

        let check = try await store("check", backup)
        #expect(check.code == 2)
        #expect(check.output.contains(file))
        #expect(check.output.contains("damaged: restore a backup"))
        #expect(try await store("check", "--json", backup).code == 2)
        let restored = directory.file("restored")
        let refused = try await store("restore", backup, restored)
        #expect(refused.code == 2)
        #expect(refused.errors.contains("nothing was restored"))
        #expect(!FileManager.default.fileExists(atPath: restored))
        #expect(!FileManager.default.fileExists(atPath: restored + ".partial"))
        #expect(try await store("restore", "--force", backup, restored).code == 0)
    }

    @Test("what is no store is told so, and a missing shard by its name")
    func refusals() async throws {
        let directory = try TemporaryDirectory()
        #expect(try await store("check", directory.file("nothing")).errors.contains("no such directory"))
        #expect(try await store("check", directory.path).errors.contains("is no store"))
        let data = try await served(directory)
        try FileManager.default.removeItem(atPath: data + "/store/shard-02")
        let missing = try await store("stat", data)
        #expect(missing.code == 1)
        #expect(missing.errors.contains("shard-02 is missing, one of 4 shards"))
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: data + "/store/store.meta"))
        #expect(try await store("stat", data).errors.contains("store.meta is damaged"))
    }
}
