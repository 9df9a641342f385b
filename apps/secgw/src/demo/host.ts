import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { Eal } from '@inline-ipsec/eal/eal';
import type { Environment } from '@inline-ipsec/eal/environment';
import { LCORE_ID_ANY } from '@inline-ipsec/eal/lcore';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import { EthPorts } from '@inline-ipsec/ethdev/ports';
import { ixgbeDevice } from '@inline-ipsec/ixgbe/ixgbe-device';
import { MBUF_DATA_LEN } from '@inline-ipsec/mbuf/layout';
import { PktmbufPool, pktmbufAppend, pktmbufData, pktmbufFree } from '@inline-ipsec/mbuf/pktmbuf';
import { WireKinds } from '@inline-ipsec/wire/wire-kinds';

/** Steps of the modelled cards between two looks. */
const STEP_BUDGET = 64;

/**
 * The host on the other side of the article's Figure 2: card 0 with its ports enp2s0f0 and enp2s0f1, cabled to the ports
 * of card 1. It sends frames and listens, with the cards' plain driver and no security.
 */
export class Host {
  /** enp2s0f0, cabled to port 0 of the gateway. */
  readonly enp2s0f0: EthPort;
  /** enp2s0f1, cabled to port 1 of the gateway. */
  readonly enp2s0f1: EthPort;
  readonly #eal: Eal;
  readonly #pool: PktmbufPool;
  readonly #table = new Uint32Array(32);

  /** @param memory the memory that the gateway's card lies in too: the cables do */
  constructor(memory: Memory, environment: Environment) {
    const ports = new EthPorts();
    const wire = (cable: string) => `wire=cable,cable=${cable},engine=noble`;
    this.#eal = Eal.init({
      argv: ['host', '-a', `02:00.0,${wire('0')}`, '-a', `02:00.1,${wire('1')}`, '--log-level', 'error'],
      environment,
      drivers: [
        ixgbeDevice({ ports, wires: new WireKinds(), engines: [{ name: 'noble', create: createNobleEngine }] }),
      ],
      memory,
    });
    this.#pool = PktmbufPool.create(memory, 'host', { count: 2047 });
    [this.enp2s0f0, this.enp2s0f1] = [...ports];
    for (const port of ports) {
      port.configure();
      port.rxQueueSetup(0, { pool: this.#pool, descriptors: 256 });
      port.txQueueSetup(0, { descriptors: 256 });
      // As tcpdump does while it listens.
      port.promiscuous = true;
      port.start();
    }
  }

  /** Sends frames, Ethernet header included, and waits until the card has them. */
  send(port: EthPort, frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      const m = this.#pool.alloc();
      const at = pktmbufAppend(this.#pool.memory, m, frame.length);
      this.#pool.memory.u8.set(frame, at);
      this.#table[0] = m;
      while (port.txBurst(0, this.#table, 1) === 0) this.step();
    }
    this.step();
  }

  /** All frames that came in on a port since the last call. */
  receive(port: EthPort): Uint8Array[] {
    const { memory } = this.#pool;
    const frames: Uint8Array[] = [];
    this.step();
    for (;;) {
      const count = port.rxBurst(0, this.#table, this.#table.length);
      for (let i = 0; i < count; i++) {
        const m = this.#table[i];
        const at = pktmbufData(memory, m);
        frames.push(memory.u8.slice(at, at + memory.u16[(m + MBUF_DATA_LEN) >> 1]));
        pktmbufFree(memory, m);
      }
      if (count === 0 && this.step() === 0) return frames;
    }
  }

  /** Lets both cards work. Returns how much they did. */
  step(): number {
    return this.#eal.steps.stepAll(LCORE_ID_ANY, STEP_BUDGET);
  }

  /** Stops both ports. */
  close(): void {
    for (const port of [this.enp2s0f0, this.enp2s0f1]) {
      port.stop();
      port.close();
    }
    this.#eal.cleanup();
  }
}
