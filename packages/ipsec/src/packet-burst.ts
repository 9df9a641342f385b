/** The most packets that a burst holds (DPDK's gateway: `MAX_PKT_BURST`). */
export const BURST_MAX = 32;

/** `fate` of a packet that goes on. */
export const GOES_ON = -1;

/**
 * A burst on its way through the data path: the columns of a table whose rows are packets. Stages go over the rows in
 * order and write a reason into the `fate` of each loser; behind such a loop `Drops.sweep` takes the losers out, if there
 * are any. So the loop itself calls nothing, and an optimizing compiler keeps in registers what it needs of the memory.
 * Mbuf lengths are brought up to date only when a packet leaves.
 *
 * It is the scratch of one lcore between receive and transmit, and no state: nothing in it outlives a poll.
 */
export class PacketBurst {
  /** Rows in use. */
  count = 0;
  /** Positions of the mbufs. */
  readonly mbuf: Uint32Array;
  /** Positions of the IP headers, the outermost at that stage; 4-byte aligned, as behind Ethernet in an mbuf. */
  readonly header: Uint32Array;
  /** Bytes from the IP header to the end of the IP packet. */
  readonly length: Uint32Array;
  /** Bytes from the IP header to what it carries: ESP, a transport header. */
  readonly l3: Uint32Array;
  /** Positions of the SAs that the packets belong to, 0 for none. */
  readonly sa: Uint32Array;
  /** Where a packet shall leave: a port id, or {@link PORT_BY_ROUTE}. */
  readonly port: Int32Array;
  /** Why a packet shall be dropped, a number of `DROP`. Between stages it is {@link GOES_ON} in all rows. */
  readonly fate: Int32Array;

  constructor(capacity: number = BURST_MAX) {
    this.mbuf = new Uint32Array(capacity);
    this.header = new Uint32Array(capacity);
    this.length = new Uint32Array(capacity);
    this.l3 = new Uint32Array(capacity);
    this.sa = new Uint32Array(capacity);
    this.port = new Int32Array(capacity);
    this.fate = new Int32Array(capacity).fill(GOES_ON);
  }

  /** Copies row `from` to row `to`, as a stage does with a survivor. */
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

/** `port` of a packet whose way the route table decides: what route look-ups write where they find nothing. */
export const PORT_BY_ROUTE = -1;

/** Packets of one SA that follow each other are a run: the row behind the one that begins at row `first`. */
export function runEnd(burst: PacketBurst, first: number): number {
  const { sa, count } = burst;
  const owner = sa[first];
  let end = first + 1;
  while (end < count && sa[end] === owner) end++;
  return end;
}
