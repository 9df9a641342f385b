import { DCB_REGISTERS } from './register-blocks/dcb.ts';
import { DIAGNOSTIC_REGISTERS } from './register-blocks/diagnostics.ts';
import { FCOE_REGISTERS } from './register-blocks/fcoe.ts';
import { FLOW_CONTROL_REGISTERS } from './register-blocks/flow-control.ts';
import { FLOW_DIRECTOR_REGISTERS } from './register-blocks/flow-director.ts';
import { GENERAL_REGISTERS } from './register-blocks/general.ts';
import { INTERRUPT_REGISTERS } from './register-blocks/interrupts.ts';
import { IPSEC_REGISTERS } from './register-blocks/ipsec.ts';
import { MAC_REGISTERS } from './register-blocks/mac.ts';
import { MANAGEMENT_REGISTERS } from './register-blocks/management.ts';
import { PCIE_REGISTERS } from './register-blocks/pcie.ts';
import { RECEIVE_REGISTERS } from './register-blocks/receive.ts';
import { SECURITY_REGISTERS } from './register-blocks/security.ts';
import { STATISTICS_REGISTERS } from './register-blocks/statistics.ts';
import { TIME_SYNC_REGISTERS } from './register-blocks/time-sync.ts';
import { TRANSMIT_REGISTERS } from './register-blocks/transmit.ts';
import { VIRTUALIZATION_REGISTERS } from './register-blocks/virtualization.ts';
import type { RegisterRow } from './register-row.ts';

/**
 * The registers of the 82599 as data: one row a register or array of registers. The constants, the model's dispatch, the
 * dump and the documentation come from here, and the driver and the silicon share nothing else but this.
 *
 * What the table does not do: say what a register's bits set in motion; that is the silicon's.
 */

/** Registers that belong together. */
export interface RegisterBlock {
  /** What they are for. */
  readonly title: string;
  readonly rows: readonly RegisterRow[];
}

/** All registers that are known, by block. */
export const REGISTER_BLOCKS: readonly RegisterBlock[] = [
  { title: 'General and EEPROM', rows: GENERAL_REGISTERS },
  { title: 'Interrupts', rows: INTERRUPT_REGISTERS },
  { title: 'Receive', rows: RECEIVE_REGISTERS },
  { title: 'Transmit', rows: TRANSMIT_REGISTERS },
  { title: 'MAC and link', rows: MAC_REGISTERS },
  { title: 'Statistics', rows: STATISTICS_REGISTERS },
  { title: 'Security block', rows: SECURITY_REGISTERS },
  { title: 'IPsec', rows: IPSEC_REGISTERS },
  { title: 'Flow control', rows: FLOW_CONTROL_REGISTERS },
  { title: 'Traffic classes (DCB)', rows: DCB_REGISTERS },
  { title: 'Virtual functions and pools', rows: VIRTUALIZATION_REGISTERS },
  { title: 'Flow director', rows: FLOW_DIRECTOR_REGISTERS },
  { title: 'FCoE', rows: FCOE_REGISTERS },
  { title: 'Time synchronisation', rows: TIME_SYNC_REGISTERS },
  { title: 'Wake-up and management', rows: MANAGEMENT_REGISTERS },
  { title: 'PCI Express', rows: PCIE_REGISTERS },
  { title: 'Diagnostics', rows: DIAGNOSTIC_REGISTERS },
];

/** All rows of {@link REGISTER_BLOCKS}. The order says nothing. */
export const REGISTER_TABLE: readonly RegisterRow[] = REGISTER_BLOCKS.flatMap(({ rows }) => rows);
