import type { Memory } from '@inline-ipsec/eal/memory';

/**
 * The counters of one lcore: float64 each, in the memory, with that lcore as the only writer. Byte positions are from
 * the beginning of the lcore's zone.
 */
export const COUNTER = {
  /** Packets that came from ports. */
  received: 0,
  /** Packets that ports took. */
  sent: 8,
  /** Receive calls that gave anything. */
  rxCalls: 16,
  /** Receive calls that gave a full burst. */
  fullBursts: 24,
  /** Transmit calls. */
  txCalls: 32,
  /** Polls since the start. */
  polls: 40,
  /** Verdicts of the policies: three each, protect, bypass, discard. */
  outbound4: 64,
  outbound6: 88,
  inbound4: 112,
  inbound6: 136,
} as const;

const ZONE_BYTES = 192;

/** Names of the policy counters, as telemetry gives them (DPDK: `/examples/ipsec-secgw/stats/outbound`). */
export const POLICY_VERDICTS = ['protect', 'bypass', 'discard'] as const;

/** The counters of `lcore`, made if they are not there yet; as an index into `memory.f64`. */
export function lcoreCounters(memory: Memory, lcore: number): number {
  const name = `LCORE_COUNTERS_${lcore}`;
  const zone = memory.lookup(name) ?? memory.reserve(name, ZONE_BYTES);
  return zone.position >> 3;
}
