import { absentEngine, type EngineCandidate } from '@inline-ipsec/cryptodev/engine-choice';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { Eal } from '@inline-ipsec/eal/eal';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { EthPorts } from '@inline-ipsec/ethdev/ports';
import { PktmbufPool, pktmbufAppend, pktmbufFree } from '@inline-ipsec/mbuf/pktmbuf';
import { formatMac } from '@inline-ipsec/net/ethernet';
import type { Wire, WireKind } from '@inline-ipsec/wire/wire';
import { WireKinds } from '@inline-ipsec/wire/wire-kinds';
import { describe, expect, it } from 'vitest';
import { ixgbeDevice } from './ixgbe-device.ts';
import { REG } from './registers.ts';
import type { Card82599 } from './silicon/card.ts';
import { ListWire } from './testing/list-wire.ts';

const ENGINES: readonly EngineCandidate[] = [absentEngine('ipsec-mb'), { name: 'noble', create: createNobleEngine }];

/** A program with these devices. */
function start(...options: string[]) {
  const environment = simulatedEnvironment();
  const ports = new EthPorts();
  const cards: Card82599[] = [];
  const closed: string[] = [];
  const wires = new WireKinds();
  const two: WireKind = {
    name: 'two',
    keys: ['count'],
    open: ({ memory }, device) =>
      Array.from({ length: device.integer('count') ?? 2 }, (_, i): Wire => {
        const wire = new ListWire(memory);
        wire.close = () => closed.push(`${device.name} ${i}`);
        return wire;
      }),
  };
  wires.add(two);
  const driver = ixgbeDevice({ ports, wires, engines: ENGINES, onCard: (card) => cards.push(card) });
  const argv = ['app', '-m', '64', ...options, '--'];
  const eal = Eal.init({ argv, environment, drivers: [driver], processors: 2 });
  return { eal, ports, cards, closed, errors: () => environment.written.stderr };
}

describe('-a', () => {
  it('with strict makes an access that the register table does not allow an error; this driver makes none', () => {
    const { eal, ports, cards } = start('-a', '06:00.0,wire=two,count=1,strict', '-a', '06:00.1,strict=0');
    const pool = PktmbufPool.create(eal.memory, 'strict', { count: 255 });
    for (const port of ports) {
      port.configure({});
      port.rxQueueSetup(0, { pool, descriptors: 64 });
      port.txQueueSetup(0, { descriptors: 64 });
      port.start();
      port.stats();
    }
    const refused = expect.objectContaining({ code: 'ERR_CARD_REGISTER' });
    expect(() => cards[0].read(0x7fff0)).toThrow(refused);
    expect(() => cards[0].write(0x7fff0, 1)).toThrow(refused);
    expect(cards[1].read(0x7fff0)).toBe(0);
    expect(cards.map((card) => [card.counter('unknownReads'), card.counter('readOnlyWrites')])).toEqual([
      [1, 0],
      [1, 0],
    ]);
    for (const port of ports) port.stop();
    eal.cleanup();
  });

  it('makes a card and its driver of each address, in the order given', () => {
    const { eal, ports, cards } = start('-a', '06:00.1', '-a', '0000:06:00.0', '-w', '0a:1f.7');
    expect([...ports].map(({ id, name }) => [id, name])).toEqual([
      [0, '0000:06:00.1'],
      [1, '0000:06:00.0'],
      [2, '0000:0a:1f.7'],
    ]);
    expect([...ports].map(({ macAddress }) => formatMac(macAddress))).toEqual([
      '90:e2:ba:00:06:01',
      '90:e2:ba:00:06:00',
      '90:e2:ba:00:0a:ff',
    ]);
    expect(ports.byId(0).info().driverName).toBe('net_ixgbe');
    expect(eal.steps.devices()).toEqual(cards);
    expect(eal.steps.ownerOf('0000:06:00.1')).toBeDefined();
    eal.cleanup();
    expect([ports.count, eal.steps.devices(), eal.memory.memzones().map(({ name }) => name)]).toEqual([
      0,
      [],
      ['MBUF_dynamic'],
    ]);
  });

  it('tells each card what it is like', () => {
    const { ports, cards, eal } = start('-a', '06:00.0,fuse=fused', '-a', '06:00.1,idle-ready', '-a', '07:00.0');
    expect([...ports].map(({ securityContext }) => securityContext === undefined)).toEqual([true, false, false]);
    // SECTXSTAT.SECTX_RDY, and SECTXCTRL.SECTX_DIS of the part without the block.
    expect(cards.map((card) => card.read(REG.SECTXSTAT) & 1)).toEqual([0, 1, 0]);
    cards[0].write(REG.SECTXCTRL, 0);
    expect(cards[0].read(REG.SECTXCTRL) & 1).toBe(1);
    eal.cleanup();
  });

  it('without wire= is a card whose cable is unplugged: up, and its link down', () => {
    const { ports, eal } = start('-a', '06:00.0');
    const port = ports.byId(0);
    const pool = PktmbufPool.create(eal.memory, 'pool', { count: 255 });
    port.configure();
    port.rxQueueSetup(0, { pool, descriptors: 64 });
    port.txQueueSetup(0, { descriptors: 64 });
    port.start();
    expect(port.link().up).toBe(false);
    expect(port.wires.map(({ name, done }) => [name, done])).toEqual([['none', true]]);
    eal.cleanup();
  });

  it('joins two cards by a cable, stepped through the EAL', () => {
    const { ports, eal } = start('-a', '06:00.0,wire=cable,cable=c', '-a', '06:00.1,wire=cable,cable=c,engine=noble');
    const pool = PktmbufPool.create(eal.memory, 'pool', { count: 511 });
    for (const port of ports) {
      port.configure();
      port.rxQueueSetup(0, { pool, descriptors: 64 });
      port.txQueueSetup(0, { descriptors: 64 });
      port.promiscuous = true;
      port.start();
    }
    expect(ports.byId(1).link()).toMatchObject({ up: true, speedMbps: 10_000 });
    const m = pool.alloc();
    eal.memory.u8.fill(7, pktmbufAppend(eal.memory, m, 60), 60);
    expect(ports.byId(0).txBurst(0, Uint32Array.of(m), 1)).toBe(1);
    const table = new Uint32Array(4);
    expect(ports.byId(1).rxBurst(0, table, 4)).toBe(0);
    for (let i = 0; i < 2; i++) eal.steps.stepAll(eal.steps.ownerOf('0000:06:00.0') ?? 0, 32);
    expect(ports.byId(1).rxBurst(0, table, 4)).toBe(1);
    pktmbufFree(eal.memory, table[0]);
    eal.cleanup();
    expect(pool.inUseCount).toBe(0);
  });

  it.each([
    ['06:00.0,wire=cabel', /expected none, cable, null.*got cabel; did you mean cable\?/],
    [
      '06:00.0,wire=cable,cable=c,colour=red',
      /does not know this argument.*expected wire, engine, cable, fuse, .*strict, got colour/,
    ],
    ['06:00.0,cable=c', /does not know this argument.*expected wire, engine, fuse, .*strict, got cable/],
    ['06:00.0,strict=perhaps', /expected 0 or 1, got "perhaps"/],
    ['06:00.0,engine=open', /no crypto engine of this name: expected ipsec-mb, noble, got open/],
    ['06:00.0,engine=ipsec-mb', /engine ipsec-mb is not in this build/],
    ['06:00.0,esp-header=20', /cannot have this esp-header: expected version, iplen, got "20"/],
    ['06:00.0,esp-heder=iplen', /got esp-heder; did you mean esp-header\?/],
    ['06:00.0,wire=two', /cannot be plugged into several wires: expected one, got 2/],
  ])('%s is refused with what would do, and the start goes on', (device, message) => {
    const { errors, ports, closed, eal } = start('-a', device, '-a', '07:00.0,wire=two,count=1');
    expect(errors()).toMatch(message);
    expect(errors()).toContain('Bus (pci) probe failed.');
    expect([...ports].map(({ name }) => name)).toEqual(['0000:07:00.0']);
    if (device.endsWith('two')) expect(closed).toEqual(['0000:06:00.0 1', '0000:06:00.0 0']);
    eal.cleanup();
    expect(closed).toContain('0000:07:00.0 0');
  });

  it('gives a card the best engine that opens, and says which others do not', () => {
    const { errors, eal } = start('--log-level', 'pmd.net.ixgbe:debug', '-a', '06:00.0');
    expect(errors()).toMatch(/IXGBE: 0000:06:00\.0: engine ipsec-mb is not used: engine ipsec-mb is not in this build/);
    expect(errors()).toMatch(/IXGBE: 0000:06:00\.0: 82599 over wire none, engine noble/);
    eal.cleanup();
  });

  it('takes a card out when its port is closed, and its address can have another', () => {
    const { ports, eal, closed } = start('-a', '06:00.0,wire=two,count=1');
    ports.byId(0).close();
    expect(closed).toEqual(['0000:06:00.0 0']);
    expect(eal.steps.devices()).toEqual([]);
    expect(eal.memory.memzones().map(({ name }) => name)).toEqual(['MBUF_dynamic']);
    eal.cleanup();
    expect(closed).toHaveLength(1);
  });
});
