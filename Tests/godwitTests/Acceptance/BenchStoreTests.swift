import Foundation
import Testing

@Suite("godwit bench store", .timeLimit(.minutes(2)))
struct BenchStoreTests {
    @Test("it measures in child processes, prints a table, writes JSON, and leaves nothing behind")
    func table() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("figures.json")
        let result = try await ChildProcess.run([
            "bench", "store", "--engine", "bitcask", "--only", "get", "--only", "open", "--rounds", "1", "--seconds",
            "0.1",
            "--keys", "10000", "--directory", directory.file(""), "--json", file,
        ])
        #expect(result.code == 0)
        #expect(result.output.contains("| figure | bitcask |"))
        for figure in ["get 100 B, 1 thread", "get 100 B, 2 threads", "open 10000 keys", "memory a key"] {
            #expect(result.output.contains("| \(figure) | "))
        }
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect((json["figures"] as? [Any])?.count == 4)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.file("")) == ["figures.json"])
    }

    @Test("what it cannot do it says: no such directory, no such program, no such store")
    func refusals() async throws {
        let nowhere = try await ChildProcess.run([
            "bench", "store", "--engine", "bitcask", "--directory", "/nonexistent",
        ])
        #expect(nowhere.code == 1)
        #expect(nowhere.errors.contains("/nonexistent: No such file or directory; choose another --directory"))
        let peers = try await ChildProcess.run(["bench", "store", "--peers", "/nonexistent"])
        #expect(peers.code == 1)
        #expect(peers.errors.contains("make bench-store"))
        let engine = try await ChildProcess.run(["bench", "store", "--engine", "berkeleydb"])
        #expect(engine.errors.contains("bitcask, bitcask-ordered, leveldb, rocksdb, lmdb"))
    }
}
