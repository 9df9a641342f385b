import { describe, expect, it } from 'vitest';
import { dumpRegisters, findRegister, formatRegister } from './register-dump.ts';
import * as fields from './register-fields.ts';
import { fieldMask, registerOffset } from './register-row.ts';
import { REGISTER_TABLE } from './register-table.ts';
import { formatAccess, tracedPort } from './register-trace.ts';
import * as registers from './registers.ts';
import { offsetFunctionName, registerFieldsFile, registersFile } from './testing/register-constants.ts';
import { registerPage } from './testing/register-page.ts';

const { REG } = registers;

describe('the register table', () => {
  it('has no two registers at one offset, and none outside BAR0', () => {
    const seen = new Map<number, string>();
    for (const row of REGISTER_TABLE) {
      const offsets = Array.from({ length: row.count }, (_, i) => registerOffset(row, i));
      const { alias } = row;
      if (alias !== undefined) for (let i = 0; i < alias.count; i++) offsets.push(alias.offset + i * alias.stride);
      for (const offset of offsets) {
        expect(seen.get(offset), `${row.name} at ${offset.toString(16)}`).toBeUndefined();
        expect(offset % 4).toBe(0);
        expect(offset).toBeLessThan(0x80000);
        seen.set(offset, row.name);
      }
    }
    expect(seen.size).toBeGreaterThan(2000);
  });

  it('has fields that lie within 32 bits and apart', () => {
    for (const row of REGISTER_TABLE) {
      let used = 0;
      for (const field of row.fields) {
        expect(field.bit + field.width, `${row.name}.${field.name}`).toBeLessThanOrEqual(32);
        expect(used & fieldMask(field), `${row.name}.${field.name}`).toBe(0);
        used |= fieldMask(field);
      }
    }
  });

  it('is what the offsets in REG and the offset functions say', () => {
    const functions = new Map(Object.entries(registers).filter(([, value]) => typeof value === 'function'));
    const singles = new Map<string, number>(Object.entries(REG));
    for (const row of REGISTER_TABLE) {
      if (row.stride === 0) {
        expect(singles.get(row.name), row.name).toBe(row.offset);
        singles.delete(row.name);
        continue;
      }
      const offset = functions.get(offsetFunctionName(row)) as ((i: number) => number) | undefined;
      for (let i = 0; i < row.count; i++) expect(offset?.(i), `${row.name}(${i})`).toBe(registerOffset(row, i));
      functions.delete(offsetFunctionName(row));
    }
    expect([...singles.keys()]).toEqual([]);
    expect([...functions.keys()]).toEqual([]);
  });

  it('is what the field masks and shifts say', () => {
    const constants = new Map<string, number>(Object.entries(fields));
    for (const row of REGISTER_TABLE) {
      for (const field of row.fields) {
        const name = `${row.name}_${field.name}`;
        expect(constants.get(name), name).toBe(fieldMask(field));
        constants.delete(name);
        if (field.width === 1) continue;
        expect(constants.get(`${name}_SHIFT`), name).toBe(field.bit);
        constants.delete(`${name}_SHIFT`);
      }
    }
    expect([...constants.keys()]).toEqual([]);
  });

  // Run with -u, this writes the files anew.
  it('is written out in registers.ts, register-fields.ts and docs/registers.md', async () => {
    await expect(registersFile()).toMatchFileSnapshot('./registers.ts');
    await expect(registerFieldsFile()).toMatchFileSnapshot('./register-fields.ts');
    await expect(registerPage()).toMatchFileSnapshot('../../../docs/registers.md');
  });

  it('has each name once, a title and a source', () => {
    expect(new Set(REGISTER_TABLE.map(({ name }) => name)).size).toBe(REGISTER_TABLE.length);
    for (const row of REGISTER_TABLE) {
      expect(row.title, row.name).not.toBe('');
      expect(row.source, row.name).not.toBe('');
    }
  });

  it('names fields that it has where one register hangs on another', () => {
    const known = new Set(REGISTER_TABLE.flatMap((row) => row.fields.map(({ name }) => `${row.name}.${name}`)));
    for (const row of REGISTER_TABLE) {
      const gates = [row.readOnlyWhile, ...row.fields.map(({ zeroWhile }) => zeroWhile)];
      for (const gate of gates) if (gate !== undefined) expect(known.has(gate), gate).toBe(true);
    }
  });

  it('refuses an index that a row does not have', () => {
    const row = REGISTER_TABLE.find(({ name }) => name === 'RAL');
    expect(row).toBeDefined();
    if (row === undefined) return;
    expect(registerOffset(row, 127)).toBe(0x0a200 + 8 * 127);
    expect(() => registerOffset(row, 128)).toThrow(RangeError);
  });
});

describe('registers as text', () => {
  it('shows name, offset, value and the fields that are not 0', () => {
    expect(formatRegister(REG.IPSRXIDX, 0x8000_004f)).toBe(
      'IPSRXIDX[08e00]:8000004f {IPS_RX_EN=1 TABLE=3 TB_IDX=9 WRITE=1}',
    );
    expect(formatRegister(registers.rdt(3), 17)).toBe('RDT(3)[010d8]:00000011 {RDT=0x11}');
    expect(formatRegister(0x7fffc, 1)).toBe('?[7fffc]:00000001');
  });

  it('finds a register by its alias', () => {
    expect(findRegister(0x02108)?.row.name).toBe('SRRCTL');
    expect(findRegister(0x02108)?.index).toBe(2);
  });

  it('shows no keys', () => {
    expect(formatRegister(registers.ipsrxkey(0), 0x1234)).toBe('IPSRXKEY(0)[08e1c]:********');
  });

  it('dumps what is not 0, by offset', () => {
    const words = new Uint32Array(0x20000);
    words[REG.LINKS >> 2] = 0x7000_0000;
    words[REG.STATUS >> 2] = 0x0008_0000;
    expect(dumpRegisters(words)).toBe(
      'STATUS[00008]:00080000 {GIO_MASTER_EN=1}\nLINKS[042a4]:70000000 {SPEED=3 UP=1}\n',
    );
    expect(dumpRegisters(words, { prefix: 'SEC', zeros: true }).split('\n')).toHaveLength(7);
  });

  it('can be recorded on the way', () => {
    const lines: string[] = [];
    const port = tracedPort({ read: () => 1, write: () => {} }, (access) => lines.push(formatAccess(access)));
    port.write(REG.IPSTXIDX, -0x80000000);
    expect(port.read(REG.RXCTRL)).toBe(1);
    expect(lines).toEqual(['write IPSTXIDX[08900]:80000000 {WRITE=1}', 'read RXCTRL[03000]:00000001 {RXEN=1}']);
  });
});
