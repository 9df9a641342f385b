import type { CounterName } from '@inline-ipsec/ixgbe/silicon/counters';
import type { WireCounts } from './counted-wire.ts';

/** What one card saw of a foreign driver. */
export interface CardReport {
  /** Its PCI address. */
  readonly address: string;
  readonly wire: string;
  readonly engine: string;
  readonly counts: WireCounts;
  /** The silicon's own counters that are not 0. */
  readonly counters: Partial<Record<CounterName, number>>;
  /** Register writes seen, and resets among them. */
  readonly writes: number;
  readonly resets: number;
  /** Why its wire failed, if it did. */
  readonly failure: string | undefined;
}

/** The end report: frames and bytes, the security block's decisions, commands, and what else was counted. */
export function siliconReportText(cards: readonly CardReport[]): string {
  return cards.map(cardText).join('');
}

function cardText(card: CardReport): string {
  const { receivedFrames, receivedBytes, sentFrames, sentBytes } = card.counts;
  const entries = Object.entries(card.counters);
  const security = entries.filter(([name]) => /^[rt]xSecurity/.test(name));
  const tables = entries.filter(([name]) => /^(table|sessions)/.test(name));
  const rest = entries.filter(([name]) => !/^([rt]xSecurity|table|sessions|resets$)/.test(name));
  const lines = [
    `Silicon ${card.address}: wire ${card.wire}, engine ${card.engine}`,
    `  in   ${receivedFrames} frames, ${receivedBytes} bytes`,
    `  out  ${sentFrames} frames, ${sentBytes} bytes`,
    `  security decisions: ${list(security)}`,
    `  register writes seen: ${card.writes}, resets ${card.resets}; commands: ${list(tables)}`,
  ];
  if (rest.length > 0) lines.push(`  besides: ${list(rest)}`);
  if (card.failure !== undefined) lines.push(`  failed: ${card.failure}`);
  return lines.map((line) => `${line}\n`).join('');
}

function list(entries: readonly (readonly [string, number])[]): string {
  return entries.length === 0 ? 'none' : entries.map(([name, value]) => `${name} ${value}`).join(', ');
}
