import { LINKS_SPEED_1G, LINKS_SPEED_10G, LINKS_SPEED_100M } from '../descriptors.ts';
import * as field from '../register-fields.ts';
import { REG } from '../registers.ts';
import type { CardCore } from './_core.ts';
import * as layout from './_layout.ts';
import { eepromWord } from './eeprom.ts';
import { applyLimits, applyQueues } from './queues.ts';
import { applyFilters } from './receive-filter.ts';
import { applySteering } from './receive-steer.ts';
import { resetCard } from './reset.ts';
import { runRxTableCommand, runTxTableCommand } from './security-tables.ts';

/**
 * What a card does between register writes and frames: resets, EEPROM reads, table commands, queues that begin or end,
 * the link, the security block's ready bits. It moves no frame and is quick when nothing was written.
 */
export function settle(core: CardCore): void {
  const { registers, state } = core;
  const { i32, u32 } = core.memory;
  const word = (state + layout.MARKS) >> 2;
  if (u32[word] !== 0) {
    const marks = Atomics.exchange(i32, word, 0);
    if ((marks & layout.MARK_CONTROL) !== 0) control(core);
    if ((marks & layout.MARK_EEPROM) !== 0) readEeprom(core);
    const tables = marks & (layout.MARK_TX_TABLE | layout.MARK_RX_TABLE);
    if (tables !== 0) {
      if (core.choices.commandDelay === 0 || commandIsDue(core)) {
        if ((tables & layout.MARK_TX_TABLE) !== 0) runTxTableCommand(core);
        if ((tables & layout.MARK_RX_TABLE) !== 0) runRxTableCommand(core);
      } else Atomics.or(i32, word, tables);
    }
    if ((marks & layout.MARK_FILTERS) !== 0) applyFilters(core);
    if ((marks & layout.MARK_LIMITS) !== 0) applyLimits(core);
    if ((marks & layout.MARK_STEERING) !== 0) applySteering(core);
    if ((marks & layout.MARK_QUEUES) !== 0) applyQueues(core);
    if ((marks & layout.MARK_LINK) !== 0) registers[REG.AUTOC >> 2] &= ~field.AUTOC_AN_RESTART;
  }
  settleLink(core);
  settleSecurity(core);
}

function commandIsDue(core: CardCore): boolean {
  return core.environment.now() >= core.memory.f64[(core.state + layout.COMMAND_DUE) >> 3];
}

function control(core: CardCore): void {
  const { registers } = core;
  const ctrl = registers[REG.CTRL >> 2];
  if ((ctrl & (field.CTRL_RST | field.CTRL_LRST)) !== 0) {
    resetCard(core, (ctrl & field.CTRL_LRST) !== 0);
  }
  // Nothing of this card is ever under way on the bus between two steps, so the master is idle at once.
  if ((registers[REG.CTRL >> 2] & field.CTRL_GIO_DIS) !== 0) {
    registers[REG.STATUS >> 2] &= ~field.STATUS_GIO_MASTER_EN;
  } else registers[REG.STATUS >> 2] |= field.STATUS_GIO_MASTER_EN;
}

function readEeprom(core: CardCore): void {
  const { registers } = core;
  const asked = registers[REG.EERD >> 2];
  if ((asked & field.EERD_START) === 0) return;
  const address = (asked & field.EERD_ADDR) >>> field.EERD_ADDR_SHIFT;
  const data = eepromWord(address) << field.EERD_DATA_SHIFT;
  registers[REG.EERD >> 2] = data | (asked & field.EERD_ADDR) | field.EERD_DONE;
}

function settleLink(core: CardCore): void {
  const { registers, state, wire } = core;
  const { u32 } = core.memory;
  const { up, speedMbps } = wire.link;
  let links = 0;
  if (up) links = field.LINKS_UP | linkSpeed(speedMbps);
  else if ((registers[REG.AUTOC >> 2] & field.AUTOC_FLU) !== 0 || (registers[REG.MACC >> 2] & field.MACC_FLU) !== 0) {
    links = field.LINKS_UP | LINKS_SPEED_10G;
  }
  if (u32[(state + layout.LAST_LINKS) >> 2] === links && registers[REG.LINKS >> 2] === links) return;
  if (u32[(state + layout.LAST_LINKS) >> 2] !== links) registers[REG.EICR >> 2] |= field.EICR_LSC;
  u32[(state + layout.LAST_LINKS) >> 2] = links;
  registers[REG.LINKS >> 2] = links;
}

function linkSpeed(mbps: number): number {
  if (mbps >= 10_000) return LINKS_SPEED_10G;
  return mbps >= 1000 ? LINKS_SPEED_1G : LINKS_SPEED_100M;
}

/** RDY says that a side which was told to stop has nothing left inside. What it says of one that may run is a choice. */
function settleSecurity(core: CardCore): void {
  const { registers, state } = core;
  const { u32 } = core.memory;
  const off = core.choices.fuse === 'fused' ? field.SECTXSTAT_SECTX_OFF_DIS : 0;
  const txStopped = (registers[REG.SECTXCTRL >> 2] & field.SECTXCTRL_TX_DIS) !== 0;
  const rxStopped = (registers[REG.SECRXCTRL >> 2] & field.SECRXCTRL_RX_DIS) !== 0;
  const { idleReady } = core.choices;
  const txEmpty = u32[(state + layout.TX_HELD) >> 2] === 0;
  // A receive side that is stopped looks at no frame, so nothing is inside it.
  const txBroken = registers[REG.SECTXSTAT >> 2] & field.SECTXSTAT_ECC_TXERR;
  const rxBroken = registers[REG.SECRXSTAT >> 2] & field.SECRXSTAT_ECC_RXERR;
  registers[REG.SECTXSTAT >> 2] =
    txBroken | off | ((txStopped || idleReady) && txEmpty ? field.SECTXSTAT_SECTX_RDY : 0);
  registers[REG.SECRXSTAT >> 2] = rxBroken | off | (rxStopped || idleReady ? field.SECRXSTAT_SECRX_RDY : 0);
}
