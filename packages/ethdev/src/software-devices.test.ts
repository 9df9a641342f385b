import { Eal } from '@inline-ipsec/eal/eal';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { PktmbufPool, pktmbufAppend, pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import { formatMac } from '@inline-ipsec/net/ethernet';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import { describe, expect, it } from 'vitest';
import type { EthPort } from './port.ts';
import { EthPorts } from './ports.ts';
import { softwareDevices } from './software-devices.ts';

const capture = (...lengths: number[]) => writePcap(lengths.map((length) => ({ data: new Uint8Array(length) })));

function start(vdevs: readonly string[], files: MemoryCaptureFiles | undefined = new MemoryCaptureFiles()) {
  const ports = new EthPorts();
  const environment = simulatedEnvironment();
  const memory = Memory.create({ bytes: 16 * 1024 * 1024 });
  const argv = ['test', '--no-pci', ...vdevs.flatMap((vdev) => ['--vdev', vdev])];
  const eal = Eal.init({ argv, environment, memory, drivers: softwareDevices(ports, files) });
  return { ports, eal, memory, environment, pool: PktmbufPool.create(memory, 'pool', { count: 511 }) };
}

function run(port: EthPort, pool: PktmbufPool): EthPort {
  port.configure();
  port.rxQueueSetup(0, { pool });
  port.txQueueSetup(0);
  port.start();
  return port;
}

describe('virtual devices', () => {
  it('are ports in the order given, with the addresses that DPDK gives them', () => {
    const files = new MemoryCaptureFiles();
    files.files.set('a', capture(60));
    const { ports } = start(['net_pcap0,rx_pcap=a', 'net_ring0,cable=x', 'net_pcap1,tx_pcap=b', 'net_null7'], files);
    const [pcap0, ring, pcap1, none] = [...ports].map((port) => formatMac(port.macAddress));
    expect([...ports].map(({ id, name }) => `${id} ${name}`)).toEqual([
      '0 net_pcap0',
      '1 net_ring0',
      '2 net_pcap1',
      '3 net_null7',
    ]);
    expect([pcap0, ring, pcap1]).toEqual(['02:70:63:61:70:00', '00:00:00:00:00:00', '02:70:63:61:70:01']);
    expect(Number.parseInt(none, 16) & 3).toBe(2);
    expect(ports.byId(0).info().driverName).toBe('net_pcap');
  });

  it('forward packets from file to cable to file', () => {
    const files = new MemoryCaptureFiles();
    files.files.set('in', capture(60, 61, 62));
    const { ports, pool } = start(
      ['net_pcap0,rx_pcap=in', 'net_ring0,cable=c', 'net_ring1,cable=c', 'net_pcap1,tx_pcap=out'],
      files,
    );
    const [source, left, right, sink] = [...ports].map((port) => run(port, pool));
    const table = new Uint32Array(8);
    expect(left.txBurst(0, table, source.rxBurst(0, table, 8))).toBe(3);
    expect(sink.txBurst(0, table, right.rxBurst(0, table, 8))).toBe(3);
    expect(source.rxBurst(0, table, 8)).toBe(0);
    expect(source.wires[0].done).toBe(true);
    sink.stop();
    expect(readCapture(files.files.get('out') ?? new Uint8Array(0)).map(({ data }) => data.length)).toEqual([
      60, 61, 62,
    ]);
  });

  it('give a net_ring without a cable what it sends, as in DPDK', () => {
    const { ports, pool, memory } = start(['net_ring0']);
    const port = run(ports.byId(0), pool);
    const table = new Uint32Array(4);
    table[0] = pool.alloc();
    pktmbufAppend(memory, table[0], 60);
    expect([port.txBurst(0, table, 1), port.rxBurst(0, table, 4)]).toEqual([1, 1]);
  });

  it('take the arguments of net_null', () => {
    const { ports, pool, memory, environment } = start([
      'net_null0,size=128',
      'net_null1,no-rx=1',
      'net_null2,pace=1000',
    ]);
    const table = new Uint32Array(32);
    const [plain, silent, paced] = [...ports].map((port) => run(port, pool));
    expect(plain.rxBurst(0, table, 32)).toBe(32);
    pktmbufFreeBulk(memory, table, 0, 32);
    expect(plain.stats()).toMatchObject({ ipackets: 32, ibytes: 32 * 128 });
    expect(silent.rxBurst(0, table, 32)).toBe(0);
    expect(paced.rxBurst(0, table, 32)).toBe(1);
    environment.advance(5e9);
    paced.rxBurst(0, table, 32);
    expect(paced.stats().imissed).toBe(5000 - 1024);
  });

  it.each([
    ['net_null0,sise=64', /sise.*did you mean size/s],
    ['net_null0,size=0', /size/],
    ['net_ring0,nodeaction=x', /net_ring does not know.*cable/s],
    ['net_pcap0', /lacks a capture file/],
    ['net_pcap0,rx_pcap=missing.pcap', /missing\.pcap/],
  ])('fail with a reason and leave no port behind: %s', (vdev, reason) => {
    const { ports, environment, eal } = start([vdev, 'net_null9']);
    expect(environment.written.stderr).toMatch(reason);
    expect(environment.written.stderr).toContain('Bus (vdev) probe failed.');
    expect([...ports].map(({ name }) => name)).toEqual(['net_null9']);
    eal.cleanup();
  });

  it('let go of their wires when their port cannot be', () => {
    const { eal, ports, environment } = start(['net_ring0,cable=c', 'net_ring1,cable=c', 'net_ring2,cable=c']);
    expect(environment.written.stderr).toMatch(/both ends of cable c are taken/);
    expect(ports.count).toBe(2);
    eal.cleanup();
    expect(ports.count).toBe(0);
    expect(eal.memory.lookup('cable_c')).toBeUndefined();
  });

  it('include net_pcap only where capture files can be opened', () => {
    const names = (files?: MemoryCaptureFiles) => softwareDevices(new EthPorts(), files).map(({ name }) => name);
    expect(names()).toEqual(['net_null', 'net_ring']);
    expect(names(new MemoryCaptureFiles())).toEqual(['net_null', 'net_ring', 'net_pcap']);
  });

  it('are stopped and closed when the EAL is cleaned up', () => {
    const { ports, pool, eal } = start(['net_null0', 'net_null1']);
    run(ports.byId(1), pool);
    eal.cleanup();
    expect(ports.count).toBe(0);
    expect(pool.inUseCount).toBe(0);
  });
});
