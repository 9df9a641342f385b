import { Memory } from '@inline-ipsec/eal/memory';
import { PktmbufPool } from '@inline-ipsec/mbuf/pktmbuf';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EthDeviceInfo, EthDriver } from './driver.ts';
import { RX_OFFLOAD_SECURITY, RX_OFFLOAD_VLAN_STRIP, TX_OFFLOAD_IPV4_CKSUM, TX_OFFLOAD_SECURITY } from './offloads.ts';
import type { EthPort } from './port.ts';
import { EthPorts, MAX_ETH_PORTS } from './ports.ts';
import { getSecurityContext } from './security-context.ts';
import { emptyStatistics } from './statistics.ts';

const info: EthDeviceInfo = {
  driverName: 'net_mock',
  maxRxQueues: 4,
  maxTxQueues: 2,
  preferredRxQueues: 2,
  rxDescriptors: { min: 64, max: 4096, align: 8 },
  txDescriptors: { min: 64, max: 4096, align: 8, preferred: 1024 },
  rxOffloads: RX_OFFLOAD_SECURITY | RX_OFFLOAD_VLAN_STRIP,
  txOffloads: TX_OFFLOAD_SECURITY,
  rxQueueOffloads: RX_OFFLOAD_VLAN_STRIP,
  minRxBufferBytes: 1024,
  maxFrameBytes: 9728,
  minMtu: 68,
  maxMtu: 9710,
};

/** A driver that writes down what it is told. */
function mockDriver(changes: Partial<EthDriver> = {}): EthDriver & { readonly calls: string[] } {
  const calls: string[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): void => {
      calls.push(
        `${name}(${args.map((arg) => JSON.stringify(arg, (key, value) => (key === 'pool' ? undefined : value))).join(', ')})`,
      );
    };
  return {
    calls,
    info,
    macAddress: Uint8Array.of(2, 0, 0, 0, 0, 7),
    link: { up: true, speedMbps: 10_000, fullDuplex: true, autoneg: true },
    attach: note('attach'),
    configure: note('configure'),
    rxQueueSetup: note('rxQueueSetup'),
    txQueueSetup: note('txQueueSetup'),
    start: note('start'),
    stop: note('stop'),
    close: note('close'),
    rxBurst: (_queue, table, n) => {
      for (let i = 0; i < n; i++) table[i] = 100 + i;
      return n;
    },
    txBurst: (_queue, _table, n) => Math.min(n, 2),
    readStatistics: (into) => Object.assign(into, emptyStatistics()),
    ...changes,
  };
}

const memory = Memory.create({ bytes: 2 * 1024 * 1024 });
const pool = PktmbufPool.create(memory, 'pool', { count: 63 });
const small = PktmbufPool.create(memory, 'small', { count: 63, dataRoom: 1024 });
let ports: EthPorts;
let driver: ReturnType<typeof mockDriver>;
let port: EthPort;

beforeEach(() => {
  ports = new EthPorts();
  driver = mockDriver();
  port = ports.add(driver, '0000:06:00.0');
});

function startPort(): void {
  port.configure();
  port.rxQueueSetup(0, { pool });
  port.txQueueSetup(0);
  port.start();
}

const code = (value: string) => expect.objectContaining({ code: value });

describe('EthPort, configuring', () => {
  it('fills in what is left out', () => {
    port.configure();
    expect(port.configuration).toEqual({ rxQueues: 1, txQueues: 1, rxOffloads: 0, txOffloads: 0, mtu: 1500 });
    expect(port.state).toBe('configured');
  });

  it('takes what the driver prefers when 0 queues of both kinds are asked for, and 0 as an MTU for 1500', () => {
    port.configure({ rxQueues: 0, txQueues: 0, mtu: 0 });
    expect(port.configuration).toMatchObject({ rxQueues: 2, txQueues: 1, mtu: 1500 });
    port.configure({ rxQueues: 0, txQueues: 2 });
    expect(port.configuration).toMatchObject({ rxQueues: 0, txQueues: 2 });
  });

  it('names the offloads that the device lacks and those that it has', () => {
    expect(() => port.configure({ txOffloads: TX_OFFLOAD_SECURITY | TX_OFFLOAD_IPV4_CKSUM })).toThrow(
      /expected no others than SECURITY, got IPV4_CKSUM/,
    );
    expect(() => port.configure({ rxOffloads: -1 })).toThrow(code('ERR_PORT_OFFLOAD'));
  });

  it('keeps the configuration before when the driver refuses', () => {
    port.configure({ mtu: 1400 });
    driver.configure = () => {
      throw new Error('no');
    };
    expect(() => port.configure({ mtu: 1300 })).toThrow('no');
    expect(port.configuration?.mtu).toBe(1400);
  });

  it('wants queues to be set up again afterwards', () => {
    port.configure();
    port.rxQueueSetup(0, { pool });
    port.txQueueSetup(0);
    port.configure();
    expect(() => port.start()).toThrow(code('ERR_PORT_QUEUE_MISSING'));
    expect(() => port.start()).toThrow(/receive queue 0 of port 0 \(0000:06:00.0\)/);
  });
});

describe('EthPort, setting queues up', () => {
  it('gives a queue what the driver prefers, else 512 descriptors', () => {
    port.configure({ rxOffloads: RX_OFFLOAD_SECURITY });
    port.rxQueueSetup(0, { pool, offloads: RX_OFFLOAD_VLAN_STRIP });
    port.txQueueSetup(0, { descriptors: 0 });
    expect(driver.calls.slice(-2)).toEqual([
      `rxQueueSetup(0, {"descriptors":512,"offloads":${RX_OFFLOAD_SECURITY | RX_OFFLOAD_VLAN_STRIP}})`,
      'txQueueSetup(0, {"descriptors":1024,"offloads":0})',
    ]);
  });

  it.each([63, 56, 68, 4104, 100.5, Number.NaN])('refuses %d descriptors', (descriptors) => {
    port.configure();
    if (Number.isNaN(descriptors)) {
      port.txQueueSetup(0, { descriptors });
      expect(driver.calls.at(-1)).toContain('"descriptors":1024');
      return;
    }
    expect(() => port.rxQueueSetup(0, { pool, descriptors })).toThrow(code('ERR_PORT_DESCRIPTORS'));
    expect(() => port.txQueueSetup(0, { descriptors })).toThrow(/64 to 4096, a multiple of 8/);
  });

  it('finds the nearest counts of descriptors', () => {
    expect(port.adjustDescriptors(1, 65)).toEqual({ rx: 64, tx: 72 });
    expect(port.adjustDescriptors(100_000, 4096)).toEqual({ rx: 4096, tx: 4096 });
  });

  it('refuses no pool, a pool of small mbufs, and offloads that a queue cannot have by itself', () => {
    port.configure();
    expect(() => port.rxQueueSetup(0, { pool: undefined as unknown as PktmbufPool })).toThrow(code('ERR_PORT_POOL'));
    expect(() => port.rxQueueSetup(0, { pool: small })).toThrow(/at least 1152 bytes, got 1024/);
    expect(() => port.rxQueueSetup(0, { pool, offloads: RX_OFFLOAD_SECURITY })).toThrow(code('ERR_PORT_OFFLOAD'));
    expect(() => port.txQueueSetup(0, { offloads: TX_OFFLOAD_SECURITY })).toThrow(code('ERR_PORT_OFFLOAD'));
    expect(() => port.rxQueueSetup(-1, { pool })).toThrow(code('ERR_PORT_QUEUE'));
  });

  it('sets queues of a running port up only where the driver can', () => {
    startPort();
    expect(() => port.txQueueSetup(0)).toThrow(code('ERR_PORT_STARTED'));
    const able = mockDriver({ info: { ...info, runtimeQueueSetup: true } });
    port = ports.add(able, 'able');
    startPort();
    port.txQueueSetup(0);
  });
});

describe('EthPort, running', () => {
  it('calls the driver in the order of the life cycle', () => {
    startPort();
    port.stop();
    port.close();
    expect(driver.calls.map((call) => call.slice(0, call.indexOf('(')))).toEqual([
      'attach',
      'configure',
      'rxQueueSetup',
      'txQueueSetup',
      'start',
      'stop',
      'close',
    ]);
    expect(driver.calls[0]).toBe('attach(0)');
  });

  it('is reset by a driver that can, running or not, and needs a start then', () => {
    startPort();
    expect(() => port.reset()).toThrow(code('ERR_PORT_UNSUPPORTED'));
    expect(port.state).toBe('started');
    const calls: string[] = [];
    port = ports.add(mockDriver({ reset: () => calls.push('reset'), stop: () => calls.push('stop') }), 'able');
    port.reset();
    expect(port.state).toBe('attached');
    startPort();
    port.reset();
    expect([port.state, port.rxBurst(0, new Uint32Array(4), 4)]).toEqual(['stopped', 0]);
    port.start();
    expect(port.rxBurst(0, new Uint32Array(4), 4)).toBe(4);
    expect(calls).toEqual(['reset', 'reset']);
  });

  it('gives bursts to the driver as they are, and its answer back', () => {
    startPort();
    const table = new Uint32Array(4);
    expect(port.rxBurst(0, table, 3)).toBe(3);
    expect([...table]).toEqual([100, 101, 102, 0]);
    expect(port.txBurst(0, table, 3)).toBe(2);
    expect(port.rxBurst(1, table, 3)).toBe(0);
    expect(port.txBurst(7, table, 3)).toBe(0);
  });

  it('calls callbacks in the order in which they were added, each on what the one before left', () => {
    startPort();
    const removeFirst = port.addRxCallback(0, (_table, count) => count - 1);
    port.addRxCallback(0, (_table, count, queue, of) => (queue === 0 && of === port ? count * 2 : 0));
    const table = new Uint32Array(8);
    expect(port.rxBurst(0, table, 4)).toBe(6);
    removeFirst();
    removeFirst();
    expect(port.rxBurst(0, table, 4)).toBe(8);
    expect(() => port.addRxCallback(1, () => 0)).toThrow(code('ERR_PORT_QUEUE'));
  });

  it('leaves to the sender exactly what neither a callback nor the driver took', () => {
    startPort();
    // It takes out what is odd; the driver takes two.
    port.addTxCallback(0, (table, count) => {
      const even = table.slice(0, count).filter((m) => m % 2 === 0);
      table.set(even);
      return even.length;
    });
    const table = Uint32Array.of(1, 2, 3, 4, 5, 6, 8, 9);
    const took = port.txBurst(0, table, 8);
    expect(took).toBe(6);
    expect([...table.slice(took)]).toEqual([6, 8]);
    expect(port.txBurst(0, Uint32Array.of(1, 3, 5), 3)).toBe(3);
  });

  it('tells statistics since their reset, whatever the driver counted before', () => {
    let ipackets = 5;
    driver.readStatistics = (into) => Object.assign(into, emptyStatistics(), { ipackets, oerrors: 2 });
    expect(port.stats()).toMatchObject({ ipackets: 5, oerrors: 2 });
    port.resetStats();
    ipackets += 3;
    expect(port.stats()).toMatchObject({ ipackets: 3, oerrors: 0 });
  });

  it('tells what it has lost since then, by the reasons of its driver or by the three that all have', () => {
    driver.readStatistics = (into) => Object.assign(into, emptyStatistics(), { imissed: 1, ierrors: 2, oerrors: 3 });
    expect(port.losses()).toEqual({ rxMissed: 1, rxErrors: 2, txErrors: 3 });
    let rxOversize = 2;
    driver.readLosses = () => ({ rxMissed: 1, rxOversize, txBadLength: 3 });
    expect(port.losses()).toEqual({ rxMissed: 1, rxOversize: 2, txBadLength: 3 });
    port.resetStats();
    rxOversize++;
    expect(port.losses()).toEqual({ rxMissed: 0, rxOversize: 1, txBadLength: 0 });
  });

  it('tells the driver what it was made to be before the start', () => {
    driver.setPromiscuous = (on) => driver.calls.push(`promiscuous ${on}`);
    driver.setAllMulticast = (on) => driver.calls.push(`allmulticast ${on}`);
    port.promiscuous = true;
    startPort();
    expect(driver.calls.slice(-3)).toEqual(['start()', 'promiscuous true', 'allmulticast false']);
    port.allMulticast = true;
    expect([port.promiscuous, port.allMulticast]).toEqual([true, true]);
  });

  it('changes address and MTU where the driver can', () => {
    port.configure();
    expect(() => port.setMtu(1400)).toThrow(code('ERR_PORT_UNSUPPORTED'));
    expect(() => port.setMacAddress(Uint8Array.of(2, 0, 0, 0, 0, 1))).toThrow(code('ERR_PORT_UNSUPPORTED'));
    driver.setMtu = (mtu) => driver.calls.push(`mtu ${mtu}`);
    port.setMtu(9000);
    expect([port.mtu, driver.calls.at(-1)]).toEqual([9000, 'mtu 9000']);
    expect(() => port.setMacAddress(Uint8Array.of(1, 2, 3, 4, 5, 6))).toThrow(/got 01:02:03:04:05:06/);
  });

  it('has a security context when its driver has one', () => {
    expect(getSecurityContext(port)).toBeUndefined();
    const security = { sessionCount: 0 };
    expect(getSecurityContext(ports.add(mockDriver({ security }), 'secure'))).toBe(security);
  });
});

describe('EthPorts', () => {
  it('gives the lowest id that is free', () => {
    const [one, two] = [ports.add(mockDriver(), 'one'), ports.add(mockDriver(), 'two')];
    expect([port.id, one.id, two.id, ports.count]).toEqual([0, 1, 2, 3]);
    one.close();
    expect([ports.count, ports.has(1), [...ports].map(({ id }) => id)]).toEqual([2, false, [0, 2]]);
    expect(ports.add(mockDriver(), 'three').id).toBe(1);
  });

  it('finds ports by id and by name', () => {
    expect(ports.byId(0)).toBe(port);
    expect(ports.byName('0000:06:00.0')).toBe(port);
    expect(ports.byName('other')).toBeUndefined();
    expect(() => ports.byId(5)).toThrow(expect.objectContaining({ code: 'ERR_PORT_UNKNOWN', errno: 'ENODEV' }));
    expect(() => ports.byId(5)).toThrow('Invalid port_id=5');
  });

  it('refuses names that are taken or too long, and more ports than there can be', () => {
    expect(() => ports.add(mockDriver(), '0000:06:00.0')).toThrow(code('ERR_PORT_EXISTS'));
    expect(() => ports.add(mockDriver(), 'x'.repeat(64))).toThrow(code('ERR_PORT_NAME'));
    while (ports.count < MAX_ETH_PORTS) ports.add(mockDriver(), `port${ports.count}`);
    expect(() => ports.add(mockDriver(), 'more')).toThrow(code('ERR_PORT_LIMIT'));
  });
});
