import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import {
  MBUF_BUF_ADDR,
  MBUF_BUF_LEN,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_HASH_RSS,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_OL_FLAGS_HI,
  MBUF_OL_FLAGS_LO,
  MBUF_PACKET_TYPE,
  MBUF_PKT_LEN,
  MBUF_POOL,
  MBUF_PORT,
  MBUF_VLAN_TCI,
  MBUF_VLAN_TCI_OUTER,
} from './layout.ts';
import { rxOffloadFlagNames, txOffloadFlagNames } from './offload-flags.ts';
import { packetTypeName } from './packet-type.ts';
import {
  pktmbufAdj,
  pktmbufAppend,
  pktmbufData,
  pktmbufFree,
  pktmbufHeadroom,
  pktmbufPrepend,
  pktmbufRefcnt,
  pktmbufTailroom,
  pktmbufTrim,
} from './pktmbuf.ts';
import {
  setTxOffload,
  txL2Length,
  txL3Length,
  txL4Length,
  txOuterL2Length,
  txOuterL3Length,
  txTsoSegmentSize,
} from './tx-offload.ts';

/**
 * The comfortable way to an mbuf, for people and tests: an object with properties over the same bytes. It can be moved
 * from one mbuf to another, and holds nothing itself. The data path uses positions and the functions of `pktmbuf`.
 */
export class Mbuf {
  readonly memory: Memory;
  /** Position of the mbuf that it is at, 0 at first. */
  position = 0;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  /** Goes to another mbuf. */
  at(position: number): this {
    this.position = position;
    return this;
  }

  /** Position of the pool that it goes back to. */
  get pool(): number {
    return this.#u32(MBUF_POOL);
  }

  /** Position of the next segment, 0 if there is none. */
  get next(): number {
    return this.#u32(MBUF_NEXT);
  }

  /** Segments of the packet. */
  get segments(): number {
    return this.#u16(MBUF_NB_SEGS);
  }

  /** References to it. */
  get refcnt(): number {
    return pktmbufRefcnt(this.memory, this.position);
  }

  /** Position of the buffer. */
  get bufferPosition(): number {
    return this.#u32(MBUF_BUF_ADDR);
  }

  /** Length of the buffer in bytes. */
  get bufferLength(): number {
    return this.#u16(MBUF_BUF_LEN);
  }

  /** Position of the first byte of data. */
  get dataPosition(): number {
    return pktmbufData(this.memory, this.position);
  }

  /** Bytes from the buffer's beginning to the data. */
  get dataOffset(): number {
    return this.#u16(MBUF_DATA_OFF);
  }

  /** Bytes of data in this segment. */
  get dataLength(): number {
    return this.#u16(MBUF_DATA_LEN);
  }

  /** Bytes of data in all segments. */
  get packetLength(): number {
    return this.#u32(MBUF_PKT_LEN);
  }

  /** Bytes free before the data. */
  get headroom(): number {
    return pktmbufHeadroom(this.memory, this.position);
  }

  /** Bytes free behind the data of this segment. */
  get tailroom(): number {
    return pktmbufTailroom(this.memory, this.position);
  }

  /** The port that it came in on, 65535 if none. */
  get port(): number {
    return this.#u16(MBUF_PORT);
  }

  set port(port: number) {
    this.memory.u16[(this.position + MBUF_PORT) >>> 1] = port;
  }

  /** Offload flags 0 to 31. */
  get olFlagsLo(): number {
    return this.#u32(MBUF_OL_FLAGS_LO);
  }

  set olFlagsLo(flags: number) {
    this.memory.u32[(this.position + MBUF_OL_FLAGS_LO) >>> 2] = flags;
  }

  /** Offload flags 32 to 63. */
  get olFlagsHi(): number {
    return this.#u32(MBUF_OL_FLAGS_HI);
  }

  set olFlagsHi(flags: number) {
    this.memory.u32[(this.position + MBUF_OL_FLAGS_HI) >>> 2] = flags;
  }

  /** Names of the flags that a port set when it received it. */
  get rxFlagNames(): string[] {
    return rxOffloadFlagNames(this.olFlagsLo, this.olFlagsHi);
  }

  /** Names of the flags that ask a port for something when it sends it. */
  get txFlagNames(): string[] {
    return txOffloadFlagNames(this.olFlagsLo, this.olFlagsHi);
  }

  /** `PTYPE_` values. */
  get packetType(): number {
    return this.#u32(MBUF_PACKET_TYPE);
  }

  set packetType(type: number) {
    this.memory.u32[(this.position + MBUF_PACKET_TYPE) >>> 2] = type;
  }

  /** VLAN tag, host order. */
  get vlanTci(): number {
    return this.#u16(MBUF_VLAN_TCI);
  }

  set vlanTci(tci: number) {
    this.memory.u16[(this.position + MBUF_VLAN_TCI) >>> 1] = tci;
  }

  /** Outer VLAN tag, host order. */
  get vlanTciOuter(): number {
    return this.#u16(MBUF_VLAN_TCI_OUTER);
  }

  set vlanTciOuter(tci: number) {
    this.memory.u16[(this.position + MBUF_VLAN_TCI_OUTER) >>> 1] = tci;
  }

  /** RSS hash. */
  get hashRss(): number {
    return this.#u32(MBUF_HASH_RSS);
  }

  set hashRss(hash: number) {
    this.memory.u32[(this.position + MBUF_HASH_RSS) >>> 2] = hash;
  }

  /** Lengths of the headers for offloads, in bytes. */
  get txOffload(): TxOffload {
    const { memory, position } = this;
    return {
      l2: txL2Length(memory, position),
      l3: txL3Length(memory, position),
      l4: txL4Length(memory, position),
      tsoSegment: txTsoSegmentSize(memory, position),
      outerL3: txOuterL3Length(memory, position),
      outerL2: txOuterL2Length(memory, position),
    };
  }

  set txOffload(lengths: Partial<TxOffload>) {
    const { l2 = 0, l3 = 0, l4 = 0, tsoSegment = 0, outerL3 = 0, outerL2 = 0 } = lengths;
    setTxOffload(this.memory, this.position, l2, l3, l4, tsoSegment, outerL3, outerL2);
  }

  /** The data of this segment, as a view that shares them. */
  view(): Uint8Array {
    return this.memory.view(this.dataPosition, this.dataLength);
  }

  /** A copy of the data of the packet, all segments. */
  bytes(): Uint8Array {
    const { memory } = this;
    const copy = new Uint8Array(this.packetLength);
    let at = 0;
    for (let s = this.position; s !== 0; s = memory.u32[(s + MBUF_NEXT) >>> 2]) {
      const data = pktmbufData(memory, s);
      const length = memory.u16[(s + MBUF_DATA_LEN) >>> 1];
      copy.set(memory.view(data, Math.min(length, copy.length - at)), at);
      at += length;
    }
    return copy;
  }

  /**
   * Makes `bytes` the data of this packet of one segment, where its data begin now.
   *
   * @throws SetupError `ERR_MBUF_ROOM` (ENOSPC) when the buffer has not room behind that, `ERR_MBUF_SEGMENTS` (EINVAL)
   * for a packet of several segments
   */
  setBytes(bytes: Uint8Array): this {
    const { memory, position } = this;
    if (this.next !== 0) {
      throw new SetupError({
        code: 'ERR_MBUF_SEGMENTS',
        errno: 'EINVAL',
        message: 'the data of a packet of several segments cannot be replaced',
        remedy: 'linearize it first',
      });
    }
    this.#need(bytes.length, this.dataLength + this.tailroom);
    memory.u16[(position + MBUF_DATA_LEN) >>> 1] = bytes.length;
    memory.u32[(position + MBUF_PKT_LEN) >>> 2] = bytes.length;
    memory.u8.set(bytes, this.dataPosition);
    return this;
  }

  /**
   * Puts `bytes` before the data.
   *
   * @throws SetupError `ERR_MBUF_ROOM` (ENOSPC) when the headroom is too small
   */
  prepend(bytes: Uint8Array): this {
    this.#need(bytes.length, this.headroom);
    this.memory.u8.set(bytes, pktmbufPrepend(this.memory, this.position, bytes.length));
    return this;
  }

  /**
   * Puts `bytes` behind the data of the packet's last segment.
   *
   * @throws SetupError `ERR_MBUF_ROOM` (ENOSPC) when the tailroom is too small
   */
  append(bytes: Uint8Array): this {
    const at = pktmbufAppend(this.memory, this.position, bytes.length);
    if (at === 0) this.#need(bytes.length, this.tailroom);
    this.memory.u8.set(bytes, at);
    return this;
  }

  /** Cuts bytes off at the beginning; false when the first segment has not so many. */
  adj(length: number): boolean {
    return pktmbufAdj(this.memory, this.position, length) !== 0;
  }

  /** Cuts bytes off at the end; false when the last segment has not so many. */
  trim(length: number): boolean {
    return pktmbufTrim(this.memory, this.position, length);
  }

  /** Frees the packet; the cursor is at none then. */
  free(): void {
    pktmbufFree(this.memory, this.position);
    this.position = 0;
  }

  /**
   * The packet in words, for people (DPDK: `rte_pktmbuf_dump`).
   *
   * @param dataBytes how many bytes of data to show at most. Default 0
   */
  dump(dataBytes = 0): string {
    const lines = [
      `mbuf 0x${this.position.toString(16)} buffer=0x${this.bufferPosition.toString(16)}+${this.bufferLength} ` +
        `data=+${this.dataOffset} data_len=${this.dataLength} pkt_len=${this.packetLength} ` +
        `segments=${this.segments} port=${this.port} refcnt=${this.refcnt}`,
      `  type=${packetTypeName(this.packetType)} flags=${[...this.rxFlagNames, ...this.txFlagNames].join(',')}`,
    ];
    const data = this.bytes().subarray(0, dataBytes);
    for (let at = 0; at < data.length; at += 16) {
      const row = data.subarray(at, at + 16);
      const hex = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
      const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
      lines.push(`  ${at.toString(16).padStart(4, '0')}: ${hex.padEnd(48)} ${text}`);
    }
    return lines.map((line) => `${line}\n`).join('');
  }

  #u16(field: number): number {
    return this.memory.u16[(this.position + field) >>> 1];
  }

  #u32(field: number): number {
    return this.memory.u32[(this.position + field) >>> 2];
  }

  #need(bytes: number, room: number): void {
    if (bytes <= room) return;
    throw new SetupError({
      code: 'ERR_MBUF_ROOM',
      errno: 'ENOSPC',
      message: 'the buffer of the mbuf has not room for this',
      expected: `at most ${room} bytes`,
      got: String(bytes),
    });
  }
}

/** Lengths of a packet's headers in bytes, as {@link Mbuf.txOffload} tells them. */
export interface TxOffload {
  readonly l2: number;
  readonly l3: number;
  readonly l4: number;
  readonly tsoSegment: number;
  readonly outerL3: number;
  readonly outerL2: number;
}
