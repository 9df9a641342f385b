import type { Engine } from '@inline-ipsec/cryptodev/engine';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { type Environment, simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import type { PortOptions } from '@inline-ipsec/ethdev/port-options';
import { EthPorts } from '@inline-ipsec/ethdev/ports';
import { MBUF_DATA_LEN, MBUF_NEXT } from '@inline-ipsec/mbuf/layout';
import { PktmbufPool, pktmbufAppend, pktmbufChain, pktmbufData, pktmbufFree } from '@inline-ipsec/mbuf/pktmbuf';
import type { PortSecurity } from '@inline-ipsec/security/port-security';
import type { SecuritySession } from '@inline-ipsec/security/session';
import type { SecuritySessionConfiguration } from '@inline-ipsec/security/session-configuration';
import { SecuritySessionPool } from '@inline-ipsec/security/session-pool';
import type { Wire } from '@inline-ipsec/wire/wire';
import type { IxgbeDriver } from '../driver/ixgbe-driver.ts';
import { driverOf } from '../ixgbe-device.ts';
import { Card82599 } from '../silicon/card.ts';
import type { CardOptions } from '../silicon/options.ts';
import { ListWire } from './list-wire.ts';

/** For tests: a card, its driver and the port over it, with what a program needs to use them. */

/** What a {@link PortBench} is made from; all of it has a default. */
export interface PortBenchOptions {
  readonly memory?: Memory;
  readonly ports?: EthPorts;
  readonly environment?: Environment;
  /** Of the device. */
  readonly name?: string;
  readonly wire?: Wire;
  readonly engine?: (memory: Memory) => Engine;
  readonly card?: CardOptions;
  readonly mbufs?: number;
  readonly dataRoom?: number;
  readonly sessions?: number;
  readonly macAddress?: Uint8Array;
}

let benches = 0;

export class PortBench {
  readonly memory: Memory;
  readonly wire: Wire;
  readonly card: Card82599;
  readonly driver: IxgbeDriver;
  readonly ports: EthPorts;
  readonly port: EthPort;
  readonly pool: PktmbufPool;
  readonly sessions: SecuritySessionPool;

  constructor(options: PortBenchOptions = {}) {
    const { mbufs = 1023, dataRoom, sessions = 64, name = `0000:06:${(benches++).toString(16)}.0` } = options;
    const memory = options.memory ?? Memory.create({ bytes: 32 * 1024 * 1024 });
    this.memory = memory;
    this.wire = options.wire ?? new ListWire(memory);
    this.card = Card82599.create({
      name,
      memory,
      wire: this.wire,
      engine: (options.engine ?? createNobleEngine)(memory),
      environment: options.environment ?? simulatedEnvironment(),
      macAddress: options.macAddress ?? Uint8Array.of(0x90, 0xe2, 0xba, 0, 0, 1),
      ...(options.card === undefined ? {} : { options: options.card }),
    });
    this.driver = driverOf(this.card);
    this.ports = options.ports ?? new EthPorts();
    this.port = this.ports.add(this.driver, name, [this.wire]);
    const pool = {
      count: mbufs,
      cacheSize: Math.min(32, mbufs),
      poison: true,
      ...(dataRoom === undefined ? {} : { dataRoom }),
    };
    this.pool = PktmbufPool.create(memory, `mbufs_${name}`, pool);
    const bytes = this.security?.sessionPrivateBytes ?? 64;
    this.sessions = SecuritySessionPool.create(memory, `sess_${name}`, sessions, bytes);
  }

  /** The port's security context; there is one, unless the card is fused. */
  get security(): PortSecurity {
    return this.driver.security as PortSecurity;
  }

  /** The wire, when it is the one that the bench made. */
  get list(): ListWire {
    return this.wire as ListWire;
  }

  /** Configures the port with one queue each way, unless told otherwise, and sets the queues up. */
  configure(options: PortOptions = {}, descriptors = 64): this {
    this.port.configure(options);
    const { rxQueues = 1, txQueues = 1 } = options;
    for (let q = 0; q < rxQueues; q++) this.port.rxQueueSetup(q, { pool: this.pool, descriptors });
    for (let q = 0; q < txQueues; q++) this.port.txQueueSetup(q, { descriptors });
    return this;
  }

  /** Configures and starts. */
  start(options: PortOptions = {}, descriptors = 64): this {
    this.configure(options, descriptors);
    this.port.promiscuous = true;
    this.port.start();
    return this;
  }

  session(configuration: SecuritySessionConfiguration): SecuritySession {
    return this.security.sessionCreate(configuration, this.sessions);
  }

  /** An mbuf with these bytes. */
  mbuf(bytes: Uint8Array): number {
    const m = this.pool.alloc();
    this.memory.u8.set(bytes, pktmbufAppend(this.memory, m, bytes.length));
    return m;
  }

  /** Puts a packet behind another. */
  chain(head: number, tail: number): void {
    pktmbufChain(this.memory, head, tail);
  }

  /** All bytes of a packet, over its segments. */
  bytes(m: number): Uint8Array {
    const { u8, u16, u32 } = this.memory;
    const parts: number[] = [];
    for (let s = m; s !== 0; s = u32[(s + MBUF_NEXT) >> 2]) {
      const at = pktmbufData(this.memory, s);
      parts.push(...u8.subarray(at, at + u16[(s + MBUF_DATA_LEN) >> 1]));
    }
    return Uint8Array.from(parts);
  }

  /** Sends mbufs, has the card work, and gives how many were taken. */
  send(mbufs: readonly number[], queue = 0): number {
    const taken = this.port.txBurst(queue, Uint32Array.from(mbufs), mbufs.length);
    this.card.step(64);
    return taken;
  }

  /** Has the card work and receives up to `n` packets. */
  receive(n = 32, queue = 0): number[] {
    this.card.step(64);
    const table = new Uint32Array(n);
    return [...table.subarray(0, this.port.rxBurst(queue, table, n))];
  }

  free(...mbufs: readonly number[]): void {
    for (const m of mbufs) pktmbufFree(this.memory, m);
  }

  /** Stops and closes the port. All mbufs must be back then. */
  end(): void {
    this.port.stop();
    this.port.close();
    this.pool.audit();
  }
}
