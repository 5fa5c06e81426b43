// What `import Tessera` brings: every module of the library.
@_exported import TesseraCore
@_exported import TesseraOperators
@_exported import TesseraOneDNN
@_exported import TesseraPartition
@_exported import TesseraRuntime
