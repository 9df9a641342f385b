import { formatRegister } from './register-dump.ts';
import type { RegisterPort } from './register-port.ts';

/** One access to a register, as {@link tracedPort} tells it. */
export interface RegisterAccessRecord {
  readonly kind: 'read' | 'write';
  /** Byte offset in BAR0. */
  readonly offset: number;
  /** What was read or written, unsigned. */
  readonly value: number;
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
export function formatAccess({ kind, offset, value }: RegisterAccessRecord): string {
  return `${kind} ${formatRegister(offset, value)}`;
}
