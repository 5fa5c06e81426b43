// What `import Tessera` brings: every module of the library.
@_exported import PartitionStrategies
@_exported import SaliencyMetrics
@_exported import TesseraCluster
@_exported import TesseraCore
@_exported import TesseraMetrics
@_exported import TesseraNetwork
@_exported import TesseraONNX
@_exported import TesseraOneDNN
@_exported import TesseraOperators
@_exported import TesseraPartition
@_exported import TesseraPruning
@_exported import TesseraQuantization
@_exported import TesseraRuntime
@_exported import TesseraSecurity
@_exported import TesseraTraining
@_exported import TransportMulticast
@_exported import TransportTCP
