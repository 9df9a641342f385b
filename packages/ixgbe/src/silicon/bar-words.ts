import { BAR0_BYTES, ROW_ALIAS, registerMap } from './register-map.ts';

/**
 * The words of BAR0 in the order in which changes of them are taken over: first what is only stored, then what sets
 * something in motion that depends on it.
 */

/**
 * Registers that set something in motion, in the order in which they are dispatched when several were written between
 * two looks: the security block before its tables, for its enables are zero while it is off; queues before the units that
 * use them; tails last, for they are software's word that all before is as it should be.
 */
const DOORBELLS: readonly string[] = [
  'EERD',
  'SECTXCTRL',
  'SECRXCTRL',
  'IPSTXIDX',
  'IPSRXIDX',
  'RXDCTL',
  'TXDCTL',
  'DMATXCTL',
  'RXCTRL',
  'RDT',
  'TDT',
];

/** CTRL is dispatched by itself: a reset ends whatever was written before it. */
const RESET = 'CTRL';

/** The register table, as whoever compares words wants it. All numbers are words of BAR0, offsets over 4. */
export interface BarWords {
  /** What is only stored. */
  readonly states: Int32Array;
  /** {@link DOORBELLS}, in that order. */
  readonly doorbells: Int32Array;
  /** All words of the table. */
  readonly known: Int32Array;
  /** Of each word of BAR0 the one that holds its register: itself, but for an alias. */
  readonly sources: Int32Array;
  /** Of each word of BAR0: 1 when the table does not have it. */
  readonly unknown: Uint8Array;
}

let shared: BarWords | undefined;

/** The words of the register table. They are looked up once a process. */
export function barWords(): BarWords {
  shared ??= build();
  return shared;
}

function build(): BarWords {
  const { rows, aliases, table } = registerMap();
  const states: number[] = [];
  const byDoorbell: number[][] = DOORBELLS.map(() => []);
  const sources = Int32Array.from({ length: BAR0_BYTES / 4 }, (_, word) => aliases.get(word) ?? word);
  for (let word = 0; word < rows.length; word++) {
    if (rows[word] === 0) continue;
    const { name } = table[(rows[word] & (ROW_ALIAS - 1)) - 1];
    if (name === RESET) continue;
    const place = DOORBELLS.indexOf(name);
    (place < 0 ? states : byDoorbell[place]).push(word);
  }
  const doorbells = byDoorbell.flat();
  return {
    states: Int32Array.from(states),
    doorbells: Int32Array.from(doorbells),
    known: Int32Array.from([0, ...states, ...doorbells]),
    sources,
    unknown: Uint8Array.from(rows, (row) => (row === 0 ? 1 : 0)),
  };
}
