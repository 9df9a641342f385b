import { PktmbufPool, pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import { type AddCase, check, refused, same, start } from './_conformance-bench.ts';
import { linkToText } from './link.ts';

/** Cases of the conformance suite: from attached to closed. */
export function addLifeCycleCases(add: AddCase): void {
  add('is attached first, and refuses what needs a configuration', ({ port, pool }) => {
    same(port.state, 'attached', 'state');
    refused(() => port.rxQueueSetup(0, { pool }), 'ERR_PORT_NOT_CONFIGURED', 'EINVAL');
    refused(() => port.txQueueSetup(0), 'ERR_PORT_NOT_CONFIGURED', 'EINVAL');
    refused(() => port.start(), 'ERR_PORT_NOT_CONFIGURED', 'EINVAL');
    refused(() => port.setMtu(1500), 'ERR_PORT_NOT_CONFIGURED', 'EINVAL');
  });

  add('tells limits that make sense, and an address of 6 bytes', ({ port }) => {
    const info = port.info();
    for (const { min, max, align } of [info.rxDescriptors, info.txDescriptors]) {
      check(min >= 1 && max >= min && max % align === 0 && min % align === 0, 'descriptor limits');
    }
    check(info.maxRxQueues >= 1 && info.maxTxQueues >= 1, 'queues');
    check(info.minMtu <= 1500 && info.maxMtu >= 1500, 'MTU limits');
    same(port.macAddress.length, 6, 'length of the address');
    same(
      port.adjustDescriptors(1, 1e9),
      { rx: Math.max(info.rxDescriptors.min, info.rxDescriptors.align), tx: info.txDescriptors.max },
      'adjusted descriptors',
    );
  });

  add('refuses a configuration beyond its limits and keeps the one before', ({ port }) => {
    const { maxRxQueues, maxTxQueues, maxMtu, rxOffloads, txOffloads } = port.info();
    port.configure({ mtu: 1400 });
    refused(() => port.configure({ rxQueues: maxRxQueues + 1 }), 'ERR_PORT_QUEUES', 'EINVAL');
    refused(() => port.configure({ txQueues: maxTxQueues + 1 }), 'ERR_PORT_QUEUES', 'EINVAL');
    refused(() => port.configure({ mtu: maxMtu + 1 }), 'ERR_PORT_MTU', 'EINVAL');
    refused(() => port.configure({ mtu: 67 }), 'ERR_PORT_MTU', 'EINVAL');
    const missingRx = ~rxOffloads & -~rxOffloads;
    const missingTx = ~txOffloads & -~txOffloads;
    refused(() => port.configure({ rxOffloads: missingRx >>> 0 }), 'ERR_PORT_OFFLOAD', 'EINVAL');
    refused(() => port.configure({ txOffloads: missingTx >>> 0 }), 'ERR_PORT_OFFLOAD', 'EINVAL');
    same(port.configuration?.mtu, 1400, 'MTU of the configuration before');
  });

  add('refuses queues that it was not configured for, and descriptors and pools that do not fit', (bench) => {
    const { port, pool, memory } = bench;
    const { rxDescriptors, txDescriptors, minRxBufferBytes } = port.info();
    port.configure();
    refused(() => port.rxQueueSetup(1, { pool }), 'ERR_PORT_QUEUE', 'EINVAL');
    refused(() => port.txQueueSetup(1), 'ERR_PORT_QUEUE', 'EINVAL');
    const tooMany = rxDescriptors.max + rxDescriptors.align;
    refused(() => port.rxQueueSetup(0, { pool, descriptors: tooMany }), 'ERR_PORT_DESCRIPTORS', 'EINVAL');
    refused(
      () => port.txQueueSetup(0, { descriptors: txDescriptors.max + txDescriptors.align }),
      'ERR_PORT_DESCRIPTORS',
      'EINVAL',
    );
    if (minRxBufferBytes > 0) {
      const small = PktmbufPool.create(memory, 'conf_small', { count: 8, dataRoom: 128 });
      refused(() => port.rxQueueSetup(0, { pool: small }), 'ERR_PORT_POOL', 'EINVAL');
      small.free();
    }
    refused(() => port.start(), 'ERR_PORT_QUEUE_MISSING', 'EINVAL');
  });

  add('starts and stops, twice too, and is neither configured nor closed while it runs', (bench) => {
    const { port, pool } = bench;
    start(bench);
    port.start();
    refused(() => port.configure(), 'ERR_PORT_STARTED', 'EBUSY');
    refused(() => port.close(), 'ERR_PORT_STARTED', 'EINVAL');
    if (port.info().runtimeQueueSetup !== true) {
      refused(() => port.rxQueueSetup(0, { pool }), 'ERR_PORT_STARTED', 'EBUSY');
    }
    port.stop();
    port.stop();
    same(port.state, 'stopped', 'state');
    port.configure();
  });

  add('is stopped by a reset, and runs again after a start', (bench) => {
    const { port } = bench;
    start(bench);
    if (bench.port.driver.reset === undefined) {
      refused(() => port.reset(), 'ERR_PORT_UNSUPPORTED', 'ENOTSUP');
      same(port.state, 'started', 'state');
      return;
    }
    for (let i = 0; i < 2; i++) {
      port.reset();
      same(port.state, 'stopped', 'state');
      same(port.rxBurst(0, new Uint32Array(1), 1), 0, 'received after a reset');
      port.start();
      same(port.state, 'started', 'state');
    }
  });

  add('gives and takes nothing while it is not started, and nothing on a queue that is not there', (bench) => {
    const { port, pool, memory } = bench;
    const table = new Uint32Array(4);
    same(port.rxBurst(0, table, 4), 0, 'received before the configuration');
    start(bench);
    same(port.rxBurst(1, table, 4), 0, 'received on a queue that is not there');
    port.stop();
    same(port.rxBurst(0, table, 4), 0, 'received after stop');
    pool.allocBulk(table, 0, 1);
    same(port.txBurst(0, table, 1), 0, 'sent after stop');
    pktmbufFreeBulk(memory, table, 0, 1);
  });

  add('has a link as DPDK prints it', (bench) => {
    start(bench);
    bench.step?.();
    const text = linkToText(bench.port.link());
    check(/^Link (down|up at \d+(\.\d+)? [GM]bps (FDX|HDX) (Autoneg|Fixed))$/.test(text), `link: ${text}`);
  });

  add('refuses a group address and zero as its own, and MTUs beyond its limits', ({ port }) => {
    port.configure();
    refused(() => port.setMacAddress(Uint8Array.of(1, 0, 0, 0, 0, 1)), 'ERR_PORT_MAC', 'EINVAL');
    refused(() => port.setMacAddress(new Uint8Array(6)), 'ERR_PORT_MAC', 'EINVAL');
    refused(() => port.setMacAddress(new Uint8Array(5)), 'ERR_PORT_MAC', 'EINVAL');
    refused(() => port.setMtu(port.info().maxMtu + 1), 'ERR_PORT_MTU', 'EINVAL');
    port.setMtu(1400);
    same(port.mtu, 1400, 'MTU');
  });

  add('is gone when it is closed: its id is free, and calls find no port', ({ port, ports }) => {
    port.configure();
    port.close();
    check(!ports.has(port.id), 'the id is still there');
    refused(() => port.configure(), 'ERR_PORT_UNKNOWN', 'ENODEV');
    refused(() => port.stats(), 'ERR_PORT_UNKNOWN', 'ENODEV');
    refused(() => port.start(), 'ERR_PORT_UNKNOWN', 'ENODEV');
    refused(() => ports.byId(port.id), 'ERR_PORT_UNKNOWN', 'ENODEV');
    same(port.rxBurst(0, new Uint32Array(1), 1), 0, 'received after close');
  });

  add('holds no mbuf after stop and close', (bench) => {
    const { port, pool } = bench;
    start(bench);
    const table = new Uint32Array(32);
    for (let i = 0; i < 4; i++) {
      bench.step?.();
      pktmbufFreeBulk(bench.memory, table, 0, port.rxBurst(0, table, 32));
    }
    port.stop();
    port.close();
    same(pool.inUseCount, 0, 'mbufs in use');
  });
}
