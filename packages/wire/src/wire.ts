import type { DeviceArguments } from '@inline-ipsec/eal/device-arguments';
import type { Environment } from '@inline-ipsec/eal/environment';
import type { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { NetworkInterface } from './network-interface.ts';

/**
 * What a port is plugged into. A wire is where Ethernet frames come from and go to: a cable to another port, a capture
 * file, nothing at all. A modelled card and the software port use the same wires, so a wire knows nothing of mbufs,
 * descriptors or queues: it moves frames from and to places in the one memory.
 *
 * Frames on a wire begin with the destination MAC address and have no frame check sequence. A wire does not pad short
 * frames; a card does. Lengths are in bytes.
 */

/** The longest frame, in bytes without FCS, that any wire is asked to take. A jumbo frame of an 82599 is well below. */
export const MAX_FRAME_BYTES = 65535;

/** What the physical layer sees. A wire gives one of few constant objects, so asking costs nothing. */
export interface WireLink {
  readonly up: boolean;
  /** Megabits per second; 0 when the link is down. */
  readonly speedMbps: number;
}

/** The link of every wire that is plugged in: 10 Gbit/s, the speed of the 82599 and of DPDK's virtual ports. */
export const LINK_UP_10G: WireLink = Object.freeze({ up: true, speedMbps: 10_000 });

/** The link of a wire without another end. */
export const LINK_DOWN: WireLink = Object.freeze({ up: false, speedMbps: 0 });

/**
 * One wire, polled by one lcore at a time. Nothing here throws after it was opened: `receive` and `transmit` return
 * counts, and what goes wrong on the way (a broken file, a full disk) is told by {@link Wire.failure}.
 */
export interface Wire {
  /** Its kind: `none`, `cable`, `null`, `pcap`, … */
  readonly name: string;
  /** The link as of now. */
  readonly link: WireLink;
  /** True when nothing will come out of it any more, unless somebody puts it there: a capture that is used up, an empty cable. */
  readonly done: boolean;
  /** Why it will never be {@link done}, as a clause for a person; undefined when it can be done. */
  readonly endless: string | undefined;
  /** Frames that fell due and were lost because nobody took them in time. Only a paced wire loses any. */
  readonly missed?: number;
  /**
   * A file descriptor that poll(2) finds readable whenever {@link Wire.receive} would give something. A thread with
   * nothing to do sleeps on it; a wire without one is looked after by the clock.
   */
  readonly descriptor?: number | undefined;
  /** The interface of the operating system that it is, if it is one. */
  readonly networkInterface?: NetworkInterface;
  /** What stopped it, if anything did: a capture cut in mid-frame, a write that failed. */
  readonly failure?: SetupError | undefined;
  /**
   * Takes up to `n` frames off the wire. Frames wait on it until they are taken, unless it is paced.
   *
   * @param at positions: frame i is written at `at[i]`. A wire is quickest when they are 2 modulo 8, as an mbuf's data is at first
   * @param room bytes that may be written at each of them
   * @param lengths gets the true length of frame i; one longer than `room` is cut there, and the caller can see it
   * @param n how many entries of `at` and `lengths` may be used
   * @returns how many frames came: they are 0 to that − 1
   */
  receive(at: Uint32Array, room: number, lengths: Uint32Array, n: number): number;
  /**
   * Takes up to `n` frames off the wire without copying them: they stay where the wire has them in the memory, at 2 modulo
   * 8, until the next `lend` or {@link Wire.receive}, and must not be changed. Only wires that have their frames there can.
   *
   * @param at gets the position of frame i
   * @param lengths gets its length
   * @returns how many there are, or −1 when this wire cannot lend: they have to be received
   */
  lend?: ((at: Uint32Array, lengths: Uint32Array, n: number) => number) | undefined;
  /**
   * Puts frames on the wire. They are copied, so the places are the caller's again afterwards.
   *
   * @param at positions: frame i lies at `at[i]`
   * @param lengths bytes of frame i, 1 to {@link MAX_FRAME_BYTES}
   * @param n how many frames there are
   * @returns how many it took, from the first on; the rest stay the caller's
   */
  transmit(at: Uint32Array, lengths: Uint32Array, n: number): number;
  /** What is buffered goes out. Only files buffer. */
  flush(): void;
  /** Flushes, and lets go of what it holds. A closed wire gives and takes nothing. A second call does nothing. */
  close(): void;
}

/** What a {@link WireKind} makes a wire from, besides the device's arguments. */
export interface WireContext {
  readonly memory: Memory;
  readonly environment: Environment;
}

/** A kind of wire, as device arguments name it: `wire=cable,cable=NAME`. */
export interface WireKind {
  /** The word behind `wire=`. */
  readonly name: string;
  /** The arguments that it reads, for the message that refuses others. */
  readonly keys: readonly string[];
  /**
   * Opens what the arguments ask for: one wire a queue. All kinds give one wire, but for pcap with several `rx_pcap=`.
   *
   * @throws SetupError when an argument is missing or wrong, or the thing behind it cannot be opened
   */
  open(context: WireContext, device: DeviceArguments): readonly Wire[];
}
