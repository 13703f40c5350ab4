// What a node of Apache Cassandra 5 is told: its cassandra.yaml, its log and the flags of its Java machine.
// Flags that open Java's modules are those of the release's own conf/jvm17-server.options.

const EXPORTS = [
  "java.base/jdk.internal.misc", "java.base/jdk.internal.ref", "java.base/sun.nio.ch",
  "java.management.rmi/com.sun.jmx.remote.internal.rmi", "java.rmi/sun.rmi.registry", "java.rmi/sun.rmi.server",
  "java.rmi/sun.rmi.transport.tcp", "java.sql/java.sql", "jdk.unsupported/sun.misc",
];
const OPENS = [
  "java.base/java.io", "java.base/java.lang.module", "java.base/java.lang.reflect", "java.base/java.net",
  "java.base/java.nio", "java.base/jdk.internal.loader", "java.base/jdk.internal.math", "java.base/jdk.internal.module",
  "java.base/jdk.internal.ref", "java.base/jdk.internal.reflect", "java.base/jdk.internal.util.jar",
  "java.base/sun.nio.ch", "jdk.management/com.sun.management.internal", "jdk.naming.dns/com.sun.jndi.dns",
];

/// From so many MiB on a heap is not a laptop's.
const ROOMY = 2048;
const SMALL = `commitlog_segment_size: 8MiB
commitlog_total_space: 128MiB
memtable_heap_space: 64MiB
memtable_offheap_space: 64MiB
file_cache_size: 32MiB
key_cache_size: 8MiB
`;
/// What Apache advises new clusters of this release to use (conf/cassandra_latest.yaml).
const LATEST = `memtable:
  configurations:
    trie:
      class_name: TrieMemtable
    default:
      inherits: trie
`;

/// How many places the ring of tokens has, and where the node of this index sits among `nodes`.
function token(index, nodes) {
  return (-(2n ** 63n) + (2n ** 64n / BigInt(nodes)) * BigInt(index) + 1n).toString();
}

/// The node's cassandra.yaml. `durable`: an acknowledged write is on the disk; otherwise it gets there within 10 s,
/// which a killed process does not survive whole, so it is for tests that kill nobody. Beside a `heap` of less than
/// ROOMY MiB everything else is small, too; from there on sizes are Cassandra's own, in proportion to it.
export function yaml({ folder, index, nodes, address, seeds, ports, durable, heap }) {
  const sync = durable ? "commitlog_sync: batch" : "commitlog_sync: periodic\ncommitlog_sync_period: 10000ms";
  return `# Written by scripts/cassandra/node.mjs at every start.
cluster_name: parterre
num_tokens: 1
initial_token: "${token(index, nodes)}"
auto_bootstrap: false
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
${sync}
commitlog_disk_access_mode: legacy
data_file_directories: ["${folder}/data"]
commitlog_directory: "${folder}/commitlog"
saved_caches_directory: "${folder}/saved_caches"
hints_directory: "${folder}/hints"
cdc_raw_directory: "${folder}/cdc_raw"
listen_address: ${address}
rpc_address: ${address}
storage_port: ${ports.storage}
native_transport_port: ${ports.native}
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "${seeds.map((seed) => `${seed}:${ports.storage}`).join(",")}"
paxos_variant: v2
auto_snapshot: false
${heap < ROOMY ? SMALL : LATEST}row_cache_size: 0MiB
concurrent_reads: 32
concurrent_writes: 32
concurrent_compactors: 1
compaction_throughput: 64MiB/s
trickle_fsync: false
`;
}

export const LOGBACK = `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%date{ISO8601} %-5level %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="out"/></root>
</configuration>
`;

/// The arguments of `java` for the node whose files are in `folder`.
export function flags({ folder, lib, heap, quick }) {
  return [
    `-Xms${heap < ROOMY ? Math.min(heap, 256) : heap}m`, `-Xmx${heap}m`, "-Xss256k", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData",
    // Half-optimised code starts sooner, which is what short tests want.
    ...(quick ? ["-XX:TieredStopAtLevel=1", "-Xshare:auto"] : []),
    `-Dcassandra.config=file://${folder}/cassandra.yaml`, `-Dlogback.configurationFile=${folder}/logback.xml`,
    `-Dcassandra.storagedir=${folder}`, "-Dcassandra.ring_delay_ms=0", "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.superuser_setup_delay_ms=0",
    // A node that missed a change of the schema asks for it in a second, not in a minute.
    "-Dcassandra.migration_delay_ms=1000", "-Dcassandra.schema_pull_interval_ms=2000", "-Dcassandra-foreground=yes", "-Djdk.attach.allowAttachSelf=true",
    "-Djava.awt.headless=true", "-Dio.netty.eventLoopThreads=2",
    ...EXPORTS.flatMap((name) => ["--add-exports", `${name}=ALL-UNNAMED`]),
    ...OPENS.flatMap((name) => ["--add-opens", `${name}=ALL-UNNAMED`]),
    "-cp", `${folder}:${lib}/*`, "org.apache.cassandra.service.CassandraDaemon",
  ];
}
