enum CompressionDictionary1 {
    static let text = "hello"
}
