import { findRegister, formatRegister, registerFields, registerName } from './register-dump.ts';
import type { RegisterPort } from './register-port.ts';

/** One access to a register, as {@link tracedPort} and a card's trace tell it. */
export interface RegisterAccessRecord {
  readonly kind: 'read' | 'write';
  /** Byte offset in BAR0. */
  readonly offset: number;
  /** What was read or written, unsigned. */
  readonly value: number;
  /** The register table does not allow it. Only the card itself knows that. */
  readonly refused?: boolean;
}

/**
 * Puts a recorder before a card's registers: every access goes through and is told. It makes an object an access, so it
 * is for set-up, not for traffic.
 */
export function tracedPort(port: RegisterPort, record: (access: RegisterAccessRecord) => void): RegisterPort {
  return {
    read(offset) {
      const value = port.read(offset);
      record({ kind: 'read', offset, value });
      return value;
    },
    write(offset, value) {
      record({ kind: 'write', offset, value: value >>> 0 });
      port.write(offset, value);
    },
  };
}

/** An access as a line of text: `write IPSRXIDX[08e00]:80000007 {…}`. Keys are not shown. */
export function formatAccess({ kind, offset, value, refused }: RegisterAccessRecord): string {
  return `${kind} ${formatRegister(offset, value)}${refused === true ? ' (refused)' : ''}`;
}

/** An access as plain data for JSON: its register's name, its fields that are not 0, and no keys. */
export function accessData({ kind, offset, value, refused }: RegisterAccessRecord): Record<string, unknown> {
  const found = findRegister(offset);
  const place = { kind, offset, register: found === undefined ? null : registerName(found) };
  const end = refused === true ? { refused } : {};
  if (found === undefined) return { ...place, value, ...end };
  if (found.row.secret === true) return { ...place, secret: true, ...end };
  return { ...place, value, fields: registerFields(found.row, value), ...end };
}
