import { Memory } from '@inline-ipsec/eal/memory';
import { pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import { LoopWire } from '@inline-ipsec/wire/loop-wire';
import { describe, expect, it } from 'vitest';
import { portConformance } from './conformance.ts';
import type { EthConfiguration } from './driver.ts';
import { EthPorts } from './ports.ts';
import { SoftwarePort, type SoftwarePortOptions } from './software-port.ts';
import type { EthStatistics } from './statistics.ts';

/** The suite finds ports that do wrong: each of these has one fault, and fails just the cases that are about it. */

/** Names of the cases that fail. */
function failures(make: (options: SoftwarePortOptions) => SoftwarePort): string[] {
  const open = () => {
    const [memory, ports] = [Memory.create({ bytes: 8 * 1024 * 1024 }), new EthPorts()];
    const wires = [new LoopWire(memory, 'l')];
    const driver = make({
      memory,
      name: 'net_t0',
      driverName: 'net_t',
      wires,
      macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
    });
    return { memory, ports, port: ports.add(driver, 'net_t0', wires) };
  };
  return portConformance({ open, receives: false, sends: false }).flatMap(({ name, run }) => {
    try {
      run();
      return [];
    } catch {
      return [name];
    }
  });
}

class FreesWhatItDidNotTake extends SoftwarePort {
  readonly #memory: Memory;

  constructor(options: SoftwarePortOptions) {
    super(options);
    this.#memory = options.memory;
  }

  override txBurst(queue: number, table: Uint32Array, n: number): number {
    const taken = super.txBurst(queue, table, Math.min(n, 8));
    pktmbufFreeBulk(this.#memory, table, taken, n - taken);
    return taken;
  }
}

class KeepsWhatItTook extends SoftwarePort {
  override txBurst(_queue: number, _table: Uint32Array, n: number): number {
    return n;
  }
}

class WritesBehindTheBurst extends SoftwarePort {
  override rxBurst(queue: number, table: Uint32Array, n: number): number {
    const count = super.rxBurst(queue, table, n);
    if (n < table.length) table[n] = 1;
    return count;
  }
}

class CountsBackwards extends SoftwarePort {
  #configured = 0;

  override configure(configuration: EthConfiguration): void {
    super.configure(configuration);
    this.#configured++;
  }

  override readStatistics(into: EthStatistics): void {
    super.readStatistics(into);
    into.opackets -= this.#configured;
  }
}

class SaysThatItCanOffloadSecurity extends SoftwarePort {
  constructor(options: SoftwarePortOptions) {
    super(options);
    Object.assign(this.info, { txOffloads: 1 << 17 });
  }
}

class MakesAnyRule extends SoftwarePort {
  readonly flow = { validate: () => {}, create: () => ({}), destroy: () => {}, flush: () => {}, calls: 0 };

  constructor(options: SoftwarePortOptions) {
    super(options);
    this.flow.create = () => {
      throw new TypeError('not after all');
    };
  }
}

describe('the conformance suite', () => {
  it('has nothing against a good port', () => {
    expect(failures((options) => new SoftwarePort(options))).toEqual([]);
  });

  it.each<[string, (options: SoftwarePortOptions) => SoftwarePort, RegExp]>([
    ['frees what it did not take', (options) => new FreesWhatItDidNotTake(options), /leaves the rest of a burst/],
    ['keeps what it took', (options) => new KeepsWhatItTook(options), /frees once what it took/],
    ['writes behind a burst', (options) => new WritesBehindTheBurst(options), /writes no more into the table/],
    ['counts backwards', (options) => new CountsBackwards(options), /counts nothing before it starts|statistics/],
    ['offers what it has not', (options) => new SaysThatItCanOffloadSecurity(options), /has a security context if/],
    ['validates what it does not make', (options) => new MakesAnyRule(options), /the same of a flow rule/],
  ])('finds a port that %s', (_fault, make, about) => {
    expect(failures(make)).toEqual(expect.arrayContaining([expect.stringMatching(about)]));
  });
});
