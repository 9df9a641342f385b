import { RAH_AV, RDRXCTL_DMAIDONE, STATUS_LAN_ID_SHIFT } from '../register-fields.ts';
import { REG, rah, ral } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import {
  LAST_LINKS,
  LOOKUP_STALE,
  MARK_FILTERS,
  MARK_LIMITS,
  MARK_QUEUES,
  MARK_STEERING,
  MARKS,
  QUEUE_BYTES,
  QUEUE_ENABLED,
  QUEUES,
  RX_HELD,
  RX_QUEUES,
  TABLES_READY,
  TX_HELD,
  TX_QUEUES,
} from './_layout.ts';
import { counterSlot } from './counters.ts';
import { resetRegisters } from './register-map.ts';
import { clearKeyTables } from './security-tables.ts';

/**
 * A reset: registers at their defaults, the MAC address from the EEPROM, frames inside lost, the transmit SA table and
 * the receive key table cleared. The receive IP and SPI tables keep what they have: software must clear them (X550
 * datasheet 7.13). The link comes up again by itself.
 */

const RESETS = counterSlot('resets');

/** @param link the link was reset as well (CTRL.LRST): its coming back raises an interrupt cause */
export function resetCard(core: CardCore, link: boolean): void {
  const { registers, state, macAddress } = core;
  const { u32 } = core.memory;
  resetRegisters(registers);
  registers[REG.STATUS >> 2] |= core.choices.lanId << STATUS_LAN_ID_SHIFT;
  registers[REG.RDRXCTL >> 2] |= RDRXCTL_DMAIDONE;
  registers[ral(0) >> 2] = macAddress[0] | (macAddress[1] << 8) | (macAddress[2] << 16) | (macAddress[3] << 24);
  registers[rah(0) >> 2] = RAH_AV | macAddress[4] | (macAddress[5] << 8);
  u32[(state + RX_HELD) >> 2] = 0;
  u32[(state + TX_HELD) >> 2] = 0;
  for (let q = 0; q < QUEUES; q++) {
    u32[(state + RX_QUEUES + q * QUEUE_BYTES + QUEUE_ENABLED) >> 2] = 0;
    u32[(state + TX_QUEUES + q * QUEUE_BYTES + QUEUE_ENABLED) >> 2] = 0;
  }
  clearKeyTables(core);
  u32[(state + LOOKUP_STALE) >> 2] = 1;
  core.memory.f64[(state + TABLES_READY) >> 3] = core.environment.now() + core.choices.tableAccessDelay;
  if (link) u32[(state + LAST_LINKS) >> 2] = 0;
  Atomics.or(core.memory.i32, (state + MARKS) >> 2, MARK_FILTERS | MARK_LIMITS | MARK_STEERING | MARK_QUEUES);
  count(core, RESETS);
}
