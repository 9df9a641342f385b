import { chmodSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseDeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Wire } from '../wire.ts';
import { NodeCaptureFiles, pcapFileWireKind } from './pcap-file.ts';

let folder: string;
let memory: Memory;
let files: NodeCaptureFiles;
const lengths = new Uint32Array(64);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pcap-file-'));
  memory = Memory.create({ bytes: 2 * 1024 * 1024 });
  files = new NodeCaptureFiles();
});

afterEach(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);
const capture = (count: number, length = 60) =>
  writePcap(Array.from({ length: count }, (_, i) => ({ data: new Uint8Array(length).fill(i) })));

function open(text: string): readonly Wire[] {
  const context = { memory, environment: simulatedEnvironment() };
  return pcapFileWireKind(files).open(context, parseDeviceArguments(text));
}

describe('pcap wires over files', () => {
  it('copies a file larger than its buffers from one name to another', () => {
    const bytes = capture(2000, 1000);
    writeFileSync(path('in.pcap'), bytes);
    const [wire] = open(`net_pcap0,rx_pcap=${path('in.pcap')},tx_pcap=${path('out.pcap')}`);
    const zone = memory.reserve('slots', 64 * 1024);
    const at = Uint32Array.from({ length: 64 }, (_, i) => zone.position + 2 + i * 1024);
    while (!wire.done) expect(wire.transmit(at, lengths, wire.receive(at, 1020, lengths, 64))).toBeDefined();
    wire.close();
    const frames = (data: Uint8Array) => readCapture(data).map((frame) => Buffer.from(frame.data).toString('base64'));
    expect(frames(readFileSync(path('out.pcap')))).toEqual(frames(bytes));
  });

  it('says by its path what cannot be read', () => {
    mkdirSync(path('folder'));
    writeFileSync(path('text.pcap'), 'this is no capture, but it is long enough for one');
    writeFileSync(path('empty.pcap'), '');
    for (const [name, code, message] of [
      ['none.pcap', 'ERR_CAPTURE_FILE', /is not there/],
      ['folder', 'ERR_CAPTURE_FILE', /is a directory/],
      ['text.pcap', 'ERR_CAPTURE_FORMAT', /.*/],
      ['empty.pcap', 'ERR_CAPTURE_FORMAT', /.*/],
    ] as const) {
      let caught: unknown;
      try {
        open(`p,rx_pcap=${path(name)}`);
      } catch (error) {
        caught = error;
      }
      expect(caught, name).toMatchObject({ code, message: expect.stringMatching(message) });
      expect((caught as Error).message).toContain(path(name));
    }
  });

  it('says by its path what cannot be written', () => {
    mkdirSync(path('folder'));
    expect(() => open(`p,tx_pcap=${path('folder')}`)).toThrow(/folder is a directory/);
    expect(() => open(`p,tx_pcap=${path('no/out.pcap')}`)).toThrow(/no folder/);
  });

  const root = process.getuid?.() === 0;
  it.skipIf(root)(`refuses a file that may not be read${root ? ' (skipped: root may read everything)' : ''}`, () => {
    writeFileSync(path('secret.pcap'), capture(1));
    chmodSync(path('secret.pcap'), 0);
    expect(() => open(`p,rx_pcap=${path('secret.pcap')}`)).toThrow(/may not be read/);
  });

  it('refuses to write a file that is read, by whatever name, and leaves it whole', () => {
    const bytes = capture(3);
    writeFileSync(path('in.pcap'), bytes);
    symlinkSync(path('in.pcap'), path('symbolic.pcap'));
    linkSync(path('in.pcap'), path('hard.pcap'));
    for (const name of ['in.pcap', 'symbolic.pcap', 'hard.pcap', `../${basename(folder)}/in.pcap`]) {
      expect(() => open(`p,rx_pcap=${path('in.pcap')},tx_pcap=${path(name)}`)).toThrow(
        expect.objectContaining({ code: 'ERR_CAPTURE_SAME_FILE' }),
      );
    }
    expect(new Uint8Array(readFileSync(path('in.pcap')))).toEqual(bytes);
  });

  it('refuses to read a file that another port writes, and two writers of one file', () => {
    writeFileSync(path('in.pcap'), capture(1));
    const [writer] = open(`p0,rx_pcap=${path('in.pcap')},tx_pcap=${path('out.pcap')}`);
    expect(() => open(`p1,rx_pcap=${path('out.pcap')}`)).toThrow(
      expect.objectContaining({ code: 'ERR_CAPTURE_SAME_FILE' }),
    );
    expect(() => open(`p1,tx_pcap=${path('out.pcap')}`)).toThrow(
      expect.objectContaining({ code: 'ERR_CAPTURE_SAME_FILE' }),
    );
    writer.close();
    expect(open(`p1,rx_pcap=${path('out.pcap')}`)[0].done).toBe(true);
  });

  it('lets two ports read one file, and any number write to /dev/null', () => {
    writeFileSync(path('in.pcap'), capture(1));
    const wires = ['p0', 'p1'].flatMap((name) => [...open(`${name},rx_pcap=${path('in.pcap')},tx_pcap=/dev/null`)]);
    for (const wire of wires) wire.close();
    expect(wires.length).toBe(2);
  });
});
