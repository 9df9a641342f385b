import type { Memory } from '@inline-ipsec/eal/memory';

/** The most packets that a burst holds (DPDK's gateway: `MAX_PKT_BURST`). */
export const BURST_MAX = 32;

/** `fate` of a packet that goes on. */
export const GOES_ON = -1;

/** `port` of a packet whose way the route table decides: what route look-ups write where they find nothing. */
export const PORT_BY_ROUTE = -1;

// The columns, in words from `PacketBurst.rows`; row r of a column is r words further on.
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
/** Where a packet shall leave: a port id, or {@link PORT_BY_ROUTE}. */
export const BURST_PORT: number = 5 * BURST_MAX;
/** Why a packet shall be dropped, a number of `DROP`. Between stages it is {@link GOES_ON} in all rows. */
export const BURST_FATE: number = 6 * BURST_MAX;
const COLUMNS = 7;

/**
 * A burst on its way through the data path: the columns of a table whose rows are packets. Stages go over the rows in
 * order and write a reason into the `fate` of each loser; behind such a loop `Drops.sweep` takes the losers out, if there
 * are any. Mbuf lengths are brought up to date only when a packet leaves.
 *
 * The columns lie in the memory, and a stage's loop reads and writes them, like all else, through `memory.i32`, and calls
 * nothing. So an optimizing compiler keeps one address and one length in registers, and looks at them once. Everybody
 * else has the columns as arrays.
 *
 * It is the scratch of one lcore between receive and transmit, and no state: nothing in it outlives a poll.
 */
export class PacketBurst {
  /** Rows in use. */
  count = 0;
  /** Where the columns begin: an index in `memory.i32`. */
  readonly rows: number;
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

  /** The burst of that name in the memory, made empty if it is not there yet. */
  constructor(memory: Memory, name: string) {
    const zone = memory.lookup(name) ?? memory.reserve(name, COLUMNS * BURST_MAX * 4);
    const rows = zone.position >> 2;
    const { u32, i32 } = memory;
    this.rows = rows;
    this.mbuf = u32.subarray(rows + BURST_MBUF, rows + BURST_MBUF + BURST_MAX);
    this.header = u32.subarray(rows + BURST_HEADER, rows + BURST_HEADER + BURST_MAX);
    this.length = u32.subarray(rows + BURST_LENGTH, rows + BURST_LENGTH + BURST_MAX);
    this.l3 = u32.subarray(rows + BURST_L3, rows + BURST_L3 + BURST_MAX);
    this.sa = u32.subarray(rows + BURST_SA, rows + BURST_SA + BURST_MAX);
    this.port = i32.subarray(rows + BURST_PORT, rows + BURST_PORT + BURST_MAX);
    this.fate = i32.subarray(rows + BURST_FATE, rows + BURST_FATE + BURST_MAX).fill(GOES_ON);
  }

  /** Copies row `from` to row `to`, as the sweep does with a survivor. */
  move(from: number, to: number): void {
    this.mbuf[to] = this.mbuf[from];
    this.header[to] = this.header[from];
    this.length[to] = this.length[from];
    this.l3[to] = this.l3[from];
    this.sa[to] = this.sa[from];
    this.port[to] = this.port[from];
  }

  /** Appends a row: `header` 4-byte aligned, `length` from there to the end of the packet, `l3` to what it carries. */
  push(mbuf: number, header: number, length: number, l3: number): void {
    const row = this.count++;
    this.mbuf[row] = mbuf;
    this.header[row] = header;
    this.length[row] = length;
    this.l3[row] = l3;
    this.sa[row] = 0;
    this.port[row] = PORT_BY_ROUTE;
  }

  /** Appends row `row` of another burst. */
  take(other: PacketBurst, row: number): void {
    const to = this.count++;
    this.mbuf[to] = other.mbuf[row];
    this.header[to] = other.header[row];
    this.length[to] = other.length[row];
    this.l3[to] = other.l3[row];
    this.sa[to] = other.sa[row];
    this.port[to] = other.port[row];
  }

  /** Appends all rows of another burst, in order. */
  append(other: PacketBurst): void {
    for (let row = 0; row < other.count; row++) this.take(other, row);
  }
}

/** Packets of one SA that follow each other are a run: the row behind the one that begins at row `first`. */
export function runEnd(memory: Memory, burst: PacketBurst, first: number): number {
  const { i32 } = memory;
  const owners = burst.rows + BURST_SA;
  const count = burst.count;
  const owner = i32[owners + first];
  let end = first + 1;
  while (end < count && i32[owners + end] === owner) end++;
  return end;
}
