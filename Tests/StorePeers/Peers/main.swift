// `godwit-store-peers`: the child process of `godwit bench store` for the stores that Godwit is measured beside.
import Glibc
import StoreBench

exit(
    StoreBench.main(
        argument: CommandLine.arguments.dropFirst().first,
        engines: ["leveldb": LevelDB.self, "rocksdb": RocksDB.self, "lmdb": LMDB.self]))
