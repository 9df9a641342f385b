import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import * as field from '../register-fields.ts';
import { fieldMask, type RegisterRow, registerOffset } from '../register-row.ts';
import { REGISTER_TABLE } from '../register-table.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { ListWire } from '../testing/list-wire.ts';
import { Card82599 } from './card.ts';
import type { CardOptions } from './options.ts';

function card(options: CardOptions = {}): Card82599 {
  const memory = Memory.create({ bytes: 16 << 20 });
  const [wire, engine, environment] = [new ListWire(memory), createNobleEngine(memory), simulatedEnvironment()];
  const macAddress = Uint8Array.of(2, 0, 0, 0, 0, 1);
  return Card82599.create({ name: '06:00.0', memory, wire, engine, environment, macAddress, options });
}

const rowsOf = (access: string): RegisterRow[] => REGISTER_TABLE.filter((row) => row.access === access);

function maskOf(row: RegisterRow, access: string): number {
  return row.fields.reduce((mask, f) => (f.access === access ? mask | fieldMask(f) : mask), 0);
}

describe('an access, by what the table says', () => {
  it('rw: keeps what is written, but for bits that are read only, zero, or done at once', () => {
    const c = card();
    for (const row of REGISTER_TABLE) {
      if (
        row.access !== 'rw' ||
        (row.storage !== true && row.zero === undefined) ||
        row.fields.some((f) => f.zeroWhile)
      )
        continue;
      const last = registerOffset(row, row.count - 1);
      const before = c.registers[last >> 2];
      c.write(last, 0xffff_ffff);
      const ro = maskOf(row, 'ro');
      const none = (row.zero ?? 0) | maskOf(row, 'sc');
      expect(c.read(last), row.name).toBe(((0xffff_ffff & ~ro & ~none) | (before & ro)) >>> 0);
    }
    // Addresses and lengths of rings, each with bits that they cannot have.
    expect(c.counters()).toEqual({ ringsUnaligned: 4 });
  });

  it('ro, rc: a write changes nothing and is counted; reading clears only rc', () => {
    const c = card();
    const rows = [...rowsOf('ro'), ...rowsOf('rc')];
    for (const row of rows) {
      const offset = registerOffset(row, row.count - 1);
      c.registers[offset >> 2] = 5;
      c.write(offset, 0xffff_ffff);
      expect(c.read(offset), row.name).toBe(5);
      expect(c.read(offset), row.name).toBe(row.access === 'rc' ? 0 : 5);
    }
    expect(c.counter('readOnlyWrites')).toBe(rows.length);
  });

  it('w1c, rc-w1c: a written 1 clears the bit', () => {
    const c = card();
    for (const row of [...rowsOf('w1c'), ...rowsOf('rc-w1c')]) {
      const offset = registerOffset(row, row.count - 1);
      c.registers[offset >> 2] = 0xff;
      c.write(offset, 0x0f);
      expect(c.registers[offset >> 2], row.name).toBe(0xf0);
    }
  });

  it('w1s, wo: masks are set and cleared bit by bit, and reading the one that clears is counted', () => {
    const c = card();
    c.write(REG.EIMS, 0x30);
    c.write(REG.EIMS, 0x0f);
    c.write(REG.EIMC, 0x11);
    expect(c.read(REG.EIMS)).toBe(0x2e);
    expect(c.read(REG.EIMC)).toBe(0);
    expect(c.counter('writeOnlyReads')).toBe(1);
    c.write(REG.EICS, 4);
    expect(c.registers[REG.EICR >> 2] & 0xff).toBe(4);
    expect(() => card({ strict: true }).read(REG.EIMC)).toThrow(/EIMC, wo/);
  });

  it('interrupt causes: reading clears them, and with GPIE.OCD those of queues only', () => {
    const c = card();
    const causes = field.EICR_LSC | 3;
    c.write(REG.EICS, causes);
    expect(c.read(REG.EICR) & causes).toBe(causes);
    expect(c.read(REG.EICR)).toBe(0);
    c.write(REG.GPIE, field.GPIE_OCD);
    c.write(REG.EICS, causes);
    expect(c.read(REG.EICR)).toBe(causes);
    expect(c.read(REG.EICR)).toBe(field.EICR_LSC);
  });

  it('rs: who reads a semaphore as free has it', () => {
    const c = card();
    expect(c.read(REG.SWSM) & field.SWSM_SMBI).toBe(0);
    expect(c.read(REG.SWSM) & field.SWSM_SMBI).toBe(1);
    c.write(REG.SWSM, 0);
    expect(c.read(REG.SWSM) & field.SWSM_SMBI).toBe(0);
  });

  it('read only while: a head may be set while its queue is off', () => {
    const c = card();
    for (const [head, control] of [
      [reg.rdh(70), reg.rxdctl(70)],
      [reg.tdh(3), reg.txdctl(3)],
    ]) {
      c.write(head, 4);
      expect(c.read(head)).toBe(4);
      c.registers[control >> 2] = field.RXDCTL_ENABLE;
      c.write(head, 9);
      expect(c.read(head)).toBe(4);
    }
    expect(c.counter('readOnlyWrites')).toBe(2);
  });

  it('zero while: IPsec cannot be enabled while its engine is off, and goes off with it', () => {
    const c = card();
    for (const row of REGISTER_TABLE) {
      const gate = row.fields.find((f) => f.zeroWhile)?.zeroWhile?.split('.')[0] as keyof typeof REG | undefined;
      if (gate === undefined) continue;
      c.write(row.offset, 1);
      expect(c.read(row.offset), row.name).toBe(0);
      c.write(REG[gate], 0);
      c.write(row.offset, 1);
      expect(c.read(row.offset), row.name).toBe(1);
      c.write(REG[gate], 1);
      expect(c.read(row.offset), row.name).toBe(0);
    }
  });

  it('an alias is the register itself', () => {
    const c = card();
    for (const row of REGISTER_TABLE) {
      const { alias } = row;
      if (alias === undefined || row.name === 'CTRL') continue;
      for (const i of [0, alias.count - 1]) {
        c.write(alias.offset + i * alias.stride, 0x0000_0100 + i);
        expect(c.read(registerOffset(row, alias.first + i)), row.name).toBe(0x0000_0100 + i);
      }
    }
    expect(c.counter('unknownWrites')).toBe(0);
  });
});
