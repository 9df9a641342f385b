import type { Acl4Rule } from '@inline-ipsec/acl/acl-rule';
import { AclTable } from '@inline-ipsec/acl/acl-table';
import type { Memory } from '@inline-ipsec/eal/memory';
import { Lpm4 } from '@inline-ipsec/lpm/lpm4';
import type { BenchSetting } from './setting.ts';
import { type Round, type Subject, takeTurns } from './subject.ts';
import { flowOf, policyNetwork } from './traffic.ts';

/** What is looked up. */
export type LookupTable = 'policies' | 'routes';

/** Look-ups with few rules and with many. */
export interface LookupRow {
  readonly table: LookupTable;
  readonly few: number;
  readonly many: number;
  readonly flows: number;
  /** Nanoseconds a look-up with few rules, and with many. */
  readonly nanosecondsFew: number;
  readonly nanosecondsMany: number;
  /** The second over the first. */
  readonly ratio: number;
}

const FLOWS = 65_536;
const BURST = 32;
const HEADER_BYTES = 64;
const TABLE_MEMORY = 64 << 20;
const SOURCE = 0xc0a8_690a;

/** Measures look-ups alone: 65,536 flows, no two alike, spread over all rules and never in the order of the rules. */
export function lookupRow(setting: BenchSetting, table: LookupTable, few: number, many: number): LookupRow {
  const [bareFew, bareMany, lookFew, lookMany] = takeTurns(
    [
      new LookupLoop(setting, table, few, false),
      new LookupLoop(setting, table, many, false),
      new LookupLoop(setting, table, few, true),
      new LookupLoop(setting, table, many, true),
    ],
    setting.budget,
  ).map(({ nanoseconds }) => nanoseconds);
  const nanosecondsFew = lookFew - bareFew;
  const nanosecondsMany = lookMany - bareMany;
  return { table, few, many, flows: FLOWS, nanosecondsFew, nanosecondsMany, ratio: nanosecondsMany / nanosecondsFew };
}

/** Writes the headers of one flow after the other, as a port would, and looks them up or not. */
class LookupLoop implements Subject {
  readonly #memory: Memory;
  readonly #now: () => number;
  readonly #acl: AclTable | undefined;
  readonly #lpm: Lpm4 | undefined;
  readonly #headers = new Uint32Array(BURST);
  readonly #verdicts = new Uint32Array(BURST);
  readonly #hops = new Int32Array(BURST);
  /** Destination and ports of each flow, as they lie in memory. */
  readonly #flows = new Int32Array(2 * FLOWS);
  #next = 0;

  constructor({ platform, memory }: BenchSetting, table: LookupTable, rules: number, looks: boolean) {
    this.#memory = memory(TABLE_MEMORY);
    this.#now = platform.environment.now;
    if (looks && table === 'policies')
      this.#acl = AclTable.build(this.#memory, 'bench', policies(rules), { family: 4 });
    if (looks && table === 'routes') {
      this.#lpm = Lpm4.create(this.#memory, 'bench', { maxRules: rules });
      for (let i = 0; i < rules; i++) this.#lpm.add(policyNetwork(i), 24, 1);
    }
    const zone = this.#memory.reserve('BENCH_HEADERS', BURST * HEADER_BYTES);
    const view = new DataView(this.#memory.u8.buffer);
    for (let i = 0; i < BURST; i++) {
      const header = zone.position + i * HEADER_BYTES;
      this.#headers[i] = header;
      view.setUint16(header, 0x4500);
      view.setUint8(header + 9, 17);
      view.setUint32(header + 12, SOURCE);
    }
    const words = new DataView(this.#flows.buffer);
    for (let i = 0; i < FLOWS; i++) {
      // An odd step goes through all of them, out of order.
      const flow = flowOf((i * 40_503) % FLOWS, rules);
      words.setUint32(8 * i, flow.destination);
      words.setUint16(8 * i + 4, flow.sourcePort);
      words.setUint16(8 * i + 6, flow.destinationPort);
    }
  }

  round(limit: { readonly nanoseconds: number; readonly packets: number }): Round {
    const start = this.#now();
    let packets = 0;
    let nanoseconds = 0;
    do {
      for (let i = 0; i < 64; i++) this.#burst();
      packets += 64 * BURST;
      nanoseconds = this.#now() - start;
    } while (nanoseconds < limit.nanoseconds && packets < limit.packets);
    return { packets, nanoseconds };
  }

  #burst(): void {
    const { i32 } = this.#memory;
    const headers = this.#headers;
    const flows = this.#flows;
    let flow = this.#next;
    for (let i = 0; i < BURST; i++) {
      const word = headers[i] >> 2;
      i32[word + 4] = flows[2 * flow];
      i32[word + 5] = flows[2 * flow + 1];
      flow = (flow + 1) & (FLOWS - 1);
    }
    this.#next = flow;
    if (this.#acl !== undefined) this.#acl.classify(headers, BURST, this.#verdicts);
    else if (this.#lpm !== undefined) this.#lpm.lookupBurst(headers, BURST, this.#hops);
  }

  close(): void {
    if (this.#acl !== undefined && this.#verdicts.includes(0)) throw new RangeError('a flow found no policy');
    if (this.#lpm !== undefined && this.#hops.includes(-1)) throw new RangeError('a flow found no route');
  }
}

function policies(count: number): Acl4Rule[] {
  const any = { low: 0, high: 65_535 };
  return Array.from({ length: count }, (_, i) => ({
    priority: 1,
    userdata: i + 1,
    dst: { address: policyNetwork(i), depth: 24 },
    sport: any,
    dport: any,
  }));
}
