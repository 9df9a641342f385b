import type { Memory } from '@inline-ipsec/eal/memory';

/** The most packets that a burst holds (DPDK's gateway: `MAX_PKT_BURST`). */
export const BURST_MAX = 32;

/** `fate` of a packet that goes on. */
export const GOES_ON = -1;

/** `port` of a packet whose way the route table decides: what route look-ups write where they find nothing. */
export const PORT_BY_ROUTE = -1;

// The columns, in words from `PacketBurst.position`; row r of a column is r words further on.
/** Positions of the mbufs. */
export const BURST_MBUF = 0;
/** Positions of the IP headers, the outermost at that stage; 4-byte aligned, as behind Ethernet in an mbuf. */
export const BURST_HEADER: number = BURST_MAX;
/** Bytes from the IP header to the end of the IP packet. */
export const BURST_LENGTH: number = 2 * BURST_MAX;
/** Bytes from the IP header to what it carries: ESP, a transport header. */
export const BURST_L3: number = 3 * BURST_MAX;
/** Positions of the SAs that the packets belong to, 0 for none. */
export const BURST_SA: number = 4 * BURST_MAX;
/** Where a packet shall leave: a port id, or {@link PORT_BY_ROUTE}. Without meaning before the burst is `ported`. */
export const BURST_PORT: number = 5 * BURST_MAX;
/** Why a packet shall be dropped, a number of `DROP`. Between stages it is {@link GOES_ON} in all rows. */
export const BURST_FATE: number = 6 * BURST_MAX;
/**
 * The first of three columns that a stage may use as it likes, for what it finds out in one loop and needs in another. It
 * alone keeps to its row when others are swept out.
 */
export const BURST_SCRATCH: number = 7 * BURST_MAX;
const COLUMNS = 10;

/**
 * A burst on its way through the data path: the columns of a table whose rows are packets. Stages go over the rows in
 * order and write a reason into the `fate` of each loser; behind such a loop `Drops.sweep` takes the losers out, if there
 * are any. Mbuf lengths are brought up to date only when a packet leaves.
 *
 * The columns lie in the memory, and a stage's loop reads and writes them, like all else, through `memory.i32`, and calls
 * nothing. So an optimizing compiler keeps one address and one length in registers, and looks at them once. Such a loop
 * goes by positions and shifts each by two where it is used: what is shifted is known to be small, so that adding a
 * column to it is no more than an addressing mode. Everybody else has the columns as arrays.
 *
 * The hottest loops are closed over the views of their memory: a function `…Loop(memory)` makes each, once for a stage, and
 * its comment tells what the loop does. Where a thread has one of a kind, the compiler takes the views for constants, their
 * addresses and lengths with them.
 *
 * It is the scratch of one lcore between receive and transmit, and no state: nothing in it outlives a poll.
 */
export class PacketBurst {
  /** Rows in use. */
  count = 0;
  /** 4 or 6 where all rows are known to be of that IP version, else 0. */
  family = 0;
  /** Whether the column `port` holds anything; otherwise the route table decides for all rows. */
  ported = false;
  /** Where the columns begin. Row r of a column is the word `i32[((position + 4 * r) >> 2) + BURST_…]`. */
  readonly position: number;
  /** {@link BURST_MBUF} */
  readonly mbuf: Uint32Array;
  /** {@link BURST_HEADER} */
  readonly header: Uint32Array;
  /** {@link BURST_LENGTH} */
  readonly length: Uint32Array;
  /** {@link BURST_L3} */
  readonly l3: Uint32Array;
  /** {@link BURST_SA} */
  readonly sa: Uint32Array;
  /** {@link BURST_PORT} */
  readonly port: Int32Array;
  /** {@link BURST_FATE} */
  readonly fate: Int32Array;
  /** {@link BURST_SCRATCH}, the first of them. */
  readonly scratch: Uint32Array;

  /** The burst of that name in the memory, made empty if it is not there yet. */
  constructor(memory: Memory, name: string) {
    const zone = memory.lookup(name) ?? memory.reserve(name, COLUMNS * BURST_MAX * 4);
    const rows = zone.position >> 2;
    const { u32, i32 } = memory;
    this.position = zone.position;
    this.mbuf = u32.subarray(rows + BURST_MBUF, rows + BURST_MBUF + BURST_MAX);
    this.header = u32.subarray(rows + BURST_HEADER, rows + BURST_HEADER + BURST_MAX);
    this.length = u32.subarray(rows + BURST_LENGTH, rows + BURST_LENGTH + BURST_MAX);
    this.l3 = u32.subarray(rows + BURST_L3, rows + BURST_L3 + BURST_MAX);
    this.sa = u32.subarray(rows + BURST_SA, rows + BURST_SA + BURST_MAX);
    this.port = i32.subarray(rows + BURST_PORT, rows + BURST_PORT + BURST_MAX);
    this.fate = i32.subarray(rows + BURST_FATE, rows + BURST_FATE + BURST_MAX).fill(GOES_ON);
    this.scratch = u32.subarray(rows + BURST_SCRATCH, rows + BURST_SCRATCH + BURST_MAX);
  }

  /** Copies row `from` to row `to`, as the sweep does with a survivor. */
  move(from: number, to: number): void {
    this.mbuf[to] = this.mbuf[from];
    this.header[to] = this.header[from];
    this.length[to] = this.length[from];
    this.l3[to] = this.l3[from];
    this.sa[to] = this.sa[from];
    this.port[to] = this.port[from];
    this.scratch[to] = this.scratch[from];
  }

  /** Makes it empty, of that IP version or, 0, of any. */
  clear(family = 0): void {
    this.count = 0;
    this.family = family;
    this.ported = false;
  }

  /** Gives rows `first` to `end` - 1 a port of their own. */
  setPort(first: number, end: number, port: number): void {
    const ports = this.port;
    if (!this.ported) for (let row = 0; row < BURST_MAX; row++) ports[row] = PORT_BY_ROUTE;
    this.ported = true;
    for (let row = first; row < end; row++) ports[row] = port;
  }

  /** Appends a row: `header` 4-byte aligned, `length` from there to the end of the packet, `l3` to what it carries. */
  push(mbuf: number, header: number, length: number, l3: number): void {
    const row = this.count++;
    if (row === 0) this.ported = false;
    this.mbuf[row] = mbuf;
    this.header[row] = header;
    this.length[row] = length;
    this.l3[row] = l3;
    this.sa[row] = 0;
    this.port[row] = PORT_BY_ROUTE;
    this.family = 0;
  }

  /** Appends row `row` of another burst. */
  take(other: PacketBurst, row: number): void {
    this.push(other.mbuf[row], other.header[row], other.length[row], other.l3[row]);
    this.sa[this.count - 1] = other.sa[row];
    if (other.ported) this.setPort(this.count - 1, this.count, other.port[row]);
  }

  /** Appends all rows of another burst, in order. */
  append(other: PacketBurst): void {
    for (let row = 0; row < other.count; row++) this.take(other, row);
  }
}

/** Packets of one SA that follow each other are a run: the row behind the one that begins at row `first`. */
export function runEnd(memory: Memory, burst: PacketBurst, first: number): number {
  const { i32 } = memory;
  const start = burst.position + (first << 2);
  const stop = burst.position + (burst.count << 2);
  const owner = i32[(start >> 2) + BURST_SA];
  let at = (start + 4) | 0;
  while (at < stop && i32[(at >> 2) + BURST_SA] === owner) at = (at + 4) | 0;
  return (at - burst.position) >> 2;
}
