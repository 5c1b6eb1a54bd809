import Glibc
import Testing

@testable import Bitcask

@Suite struct PosixTests {
    /// A directory of its own for `body`, removed afterwards.
    private func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/bitcask-tests-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer {
            let disk = PosixFileSystem()
            for name in (try? disk.names(in: path)) ?? [] { try? disk.remove("\(path)/\(name)") }
            rmdir(path)
        }
        try body(path)
    }

    @Test("what was written is there after closing and opening on the real disk")
    func reopen() throws {
        try withDirectory { path in
            var options = BitcaskOptions()
            options.maximumFileBytes = 4_096
            options.maximumOpenFiles = 3
            let store = try Bitcask(directory: path, options: options)
            let storeID = store.storeID
            for index in 0..<400 { try store.put(Array("k\(index % 90)".utf8), Array("value \(index)".utf8)) }
            try store.delete(Array("k7".utf8))
            try store.merge()
            #expect(store.statistics.merges > 0)
            try store.close()
            let again = try Bitcask(directory: path, options: options)
            #expect(again.storeID == storeID)
            #expect(again.statistics.keys == 89)
            #expect(try again.get(Array("k7".utf8)) == nil)
            #expect(try again.get(Array("k39".utf8)) == Array("value 399".utf8))
            #expect(try again.keys(prefix: Array("k8".utf8)).count == 11)
            try again.close()
        }
    }

    @Test("a second opener is refused and told who holds the store")
    func locked() throws {
        try withDirectory { path in
            let store = try Bitcask(directory: path)
            #expect(throws: BitcaskError.locked(path: "\(path)/LOCK", pid: getpid())) {
                _ = try Bitcask(directory: path)
            }
            try store.close()
            try Bitcask(directory: path).close()
        }
    }

    @Test("a directory that cannot be made is a typed error")
    func noDirectory() throws {
        let error = #expect(throws: BitcaskError.self) { _ = try Bitcask(directory: "/dev/null/store") }
        #expect(error == .io(.directory, path: "/dev/null/store", errno: ENOTDIR))
    }

    @Test("a value of the largest size goes to disk and back")
    func largestValue() throws {
        try withDirectory { path in
            let store = try Bitcask(directory: path)
            let key = [UInt8](repeating: 7, count: 65_535)
            let value = [UInt8](repeating: 9, count: 16 << 20)
            try store.put(key, value)
            try store.close()
            let isBack = try Bitcask(directory: path).get(key) == value
            #expect(isBack)
        }
    }
}
