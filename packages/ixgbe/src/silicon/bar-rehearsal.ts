import type { Engine } from '@inline-ipsec/cryptodev/engine';
import type { Environment } from '@inline-ipsec/eal/environment';
import type { Memory } from '@inline-ipsec/eal/memory';
import { NullWire } from '@inline-ipsec/wire/null-wire';
import { CTRL_RST, EERD_START, IPSRXIDX_WRITE } from '../register-fields.ts';
import { REG, rdt, tdt } from '../registers.ts';
import { BarPoller } from './bar-poller.ts';
import { Card82599 } from './card.ts';
import { BAR0_BYTES } from './register-map.ts';

/** Resets that are rehearsed: enough for the code to be compiled. */
const TIMES = 400;

/**
 * Has a card that nobody sees do what a driver asks of one in its first moments, so that the code for it is compiled when
 * it counts: code that runs for the first time is too slow for a reset, which must be answered within 10 µs.
 *
 * @param engine is closed
 */
export function rehearse(memory: Memory, engine: Engine, environment: Environment): void {
  const card = Card82599.create({
    name: 'rehearsal',
    memory,
    wire: new NullWire({ memory, environment }, 'rehearsal', { noRx: true }),
    engine,
    environment,
    macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
  });
  const bar = new Int32Array(BAR0_BYTES / 4);
  const poller = new BarPoller(card, bar);
  for (let i = 0; i < TIMES; i++) {
    bar[REG.CTRL >> 2] |= CTRL_RST;
    poller.poll(1);
    bar[REG.EERD >> 2] = EERD_START | ((i & 0x3f) << 2);
    poller.poll(1);
    bar[REG.IPSRXIDX >> 2] = IPSRXIDX_WRITE | ((i & 3) << 1);
    bar[REG.IPSTXIDX >> 2] = IPSRXIDX_WRITE | (i << 3);
    poller.poll(1);
    bar[rdt(0) >> 2] = i;
    bar[tdt(0) >> 2] = i;
    for (let k = 0; k < 16; k++) poller.poll(1);
  }
  card.close();
  engine.close();
}
