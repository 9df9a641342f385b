import { spawn } from 'node:child_process';
import { setTimeout as later } from 'node:timers/promises';
import { parseDeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { platformEnvironment } from '@inline-ipsec/eal/environment';
import * as linux from '@inline-ipsec/eal/linux/system-calls';
import { Memory } from '@inline-ipsec/eal/memory';
import { readCapture } from '@inline-ipsec/net/pcap';
import { tapWireKind } from '@inline-ipsec/wire/tap';
import type { Wire } from '@inline-ipsec/wire/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookFor, PYTHON, runForeign } from './foreign-programs.ts';
import { TAP_INTERFACES } from './network-namespace.ts';
import { hex } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** The TAP wire on a real interface: Python's packet sockets send by it, tcpdump sees what it sends. */

const MIB = 1024 * 1024;
const TCPDUMP = lookFor('tcpdump', 'tcpdump', '--version');
const here = TAP_INTERFACES.here && TCPDUMP.here && linux.noSystemCalls() === undefined;
const note = `${TAP_INTERFACES.note}${TCPDUMP.note}${linux.noSystemCalls() === undefined ? '' : ' (skipped: no koffi)'}`;

const folder = new TemporaryFolder();
const NAME = `t${process.pid}`;
/** An EtherType for experiments, so that what the kernel has to say by itself is told apart. */
const OURS = '88b5';

const SENDER = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
for line in sys.stdin: s.send(bytes.fromhex(line.strip()))
`;

function frame(bytes: number, number = 0): Uint8Array {
  const made = Uint8Array.from({ length: bytes }, (_, i) => i * 3 + bytes + number);
  made.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5]);
  return made;
}

function send(frames: readonly Uint8Array[]): void {
  runForeign(folder.path, PYTHON, ['-c', SENDER, NAME], frames.map(hex).join('\n'));
}

function nativeMemory(): { memory: Memory; release: () => void } {
  const calls = linux.systemCalls();
  const protection = linux.PROT_READ | linux.PROT_WRITE;
  const address = calls.mmap(0, MIB, protection, linux.MAP_PRIVATE | linux.MAP_ANONYMOUS, -1, 0);
  expect(address).toBeGreaterThan(0);
  const memory = Memory.create({ over: { buffer: calls.view(address, MIB), address } });
  return { memory, release: () => calls.munmap(address, MIB) };
}

describe.skipIf(!here).each([
  ['memory that the kernel sees', nativeMemory],
  ['memory that it does not see', () => ({ memory: Memory.create({ bytes: MIB }), release: () => {} })],
  ['memory of one thread', () => ({ memory: Memory.create({ bytes: MIB, shared: false }), release: () => {} })],
])(`a TAP wire in %s${note}`, (_what, make) => {
  let memory: Memory;
  let wire: Wire;
  let at: Uint32Array;
  let release: () => void;
  const lengths = new Uint32Array(64);

  beforeEach(() => {
    ({ memory, release } = make());
    const zone = memory.reserve('slots', 64 * 2048);
    at = Uint32Array.from({ length: 64 }, (_, i) => zone.position + 2 + i * 2048);
    const device = parseDeviceArguments(`net_tap0,iface=${NAME},mac=fixed`);
    [wire] = tapWireKind().open({ memory, environment: platformEnvironment() }, device);
  });

  afterEach(() => {
    wire.close();
    release();
  });

  /** What is there for us, with the kernel's own frames left out. */
  function received(room = 2000): { length: number; bytes: string }[] {
    const found: { length: number; bytes: string }[] = [];
    for (let got = wire.receive(at, room, lengths, 64); got > 0; got = wire.receive(at, room, lengths, 64)) {
      for (let i = 0; i < got; i++) {
        const bytes = hex(memory.view(at[i], Math.min(lengths[i], room)));
        if (bytes.slice(24, 28) === OURS) found.push({ length: lengths[i], bytes });
      }
    }
    return found;
  }

  it('receives what is sent by the interface, whole and in order', () => {
    const frames = [14, 15, 60, 61, 64, 1000, 1513, 1514, ...Array.from({ length: 200 }, () => 100)].map(frame);
    send(frames);
    expect(received()).toEqual(frames.map((bytes) => ({ length: bytes.length, bytes: hex(bytes) })));
    expect(wire.failure).toBeUndefined();
  });

  it('cuts frames that have no room, and tells them from those that just have', () => {
    wire.networkInterface?.setMtu(9000);
    send([64, 2000, 2001, 9014, 100].map((bytes) => frame(bytes)));
    const found = received();
    expect(found.map(({ length }) => Math.min(length, 2001))).toEqual([64, 2000, 2001, 2001, 100]);
    expect(found[3].bytes).toBe(hex(frame(9014).subarray(0, 2000)));
    expect(memory.u8.subarray(at[3] + 2000, at[3] + 2046).every((byte) => byte === 0)).toBe(true);
  });

  it('sends what tcpdump sees the interface receive', async () => {
    const words = ['--immediate-mode', '-U', '-Q', 'in', '-i', NAME, '-w', 'seen.pcap', 'ether', 'proto', `0x${OURS}`];
    const tcpdump = spawn('tcpdump', words, { cwd: folder.path, stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise((resolve) => tcpdump.stderr.once('data', resolve));
    const sizes = [14, 15, 60, 61, 1514, 13, 9000, 62];
    sizes.forEach((bytes, i) => {
      memory.u8.set(frame(Math.max(bytes, 14)).subarray(0, Math.min(bytes, 2040)), at[i]);
      lengths[i] = Math.min(bytes, 2040);
    });
    expect(wire.transmit(at, lengths, sizes.length)).toBe(sizes.length);
    await later(200);
    tcpdump.kill('SIGINT');
    await new Promise((resolve) => tcpdump.once('exit', resolve));
    const whole = sizes.filter((bytes) => bytes >= 14).map((bytes) => hex(frame(bytes).subarray(0, 2040)));
    expect(readCapture(folder.read('seen.pcap')).map(({ data }) => hex(data))).toEqual(whole);
    expect(wire).toMatchObject({ refused: 1, failure: undefined });
  });

  it('wakes who waits for its descriptor', () => {
    received();
    const calls = linux.systemCalls();
    const list = linux.pollList([wire.descriptor ?? -1]);
    send([frame(100)]);
    expect(calls.poll(list, 1, 1000)).toBe(1);
    expect(linux.pollResult(list, 0)).toBe(linux.POLLIN);
    expect(received()).toHaveLength(1);
  });

  it('takes nothing while the interface is down, and all when it is up again', () => {
    expect(wire.link.up).toBe(true);
    runForeign('/', 'ip', ['link', 'set', NAME, 'down']);
    memory.u8.set(frame(60), at[0]);
    lengths[0] = 60;
    expect(wire.transmit(at, lengths, 1)).toBe(0);
    expect(wire.link.up).toBe(false);
    expect(received()).toEqual([]);
    runForeign('/', 'ip', ['link', 'set', NAME, 'up']);
    lengths[0] = 60;
    expect(wire.transmit(at, lengths, 1)).toBe(1);
    send([frame(100)]);
    expect(received()).toHaveLength(1);
    expect(wire.failure).toBeUndefined();
  });

  it('is done when somebody deletes the interface', () => {
    expect(wire.done).toBe(false);
    runForeign('/', 'ip', ['link', 'del', NAME]);
    expect(wire.receive(at, 2000, lengths, 64)).toBe(0);
    expect(wire.done).toBe(true);
    expect(wire.failure?.message).toBe(`TAP interface ${NAME} was deleted by somebody else`);
  });
});
